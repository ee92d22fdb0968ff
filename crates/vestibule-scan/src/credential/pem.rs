//! Private keys in PEM (RFC 7468), with real line breaks or written `\n`.

use super::value::boundary;

const BEGIN: &str = "-----BEGIN ";
/// A key of 256 bits has about 120 characters; what is shorter was cut or is a stand-in.
const LEAST: usize = 60;
/// The end is looked for within so many bytes; the largest keys in use have a third of it.
const MOST: usize = 16 * 1024;

/// The length of the private key that begins at the start of `text`, and what it is.
pub(super) fn length(text: &str) -> Option<(usize, &'static str)> {
    let rest = text.get(..boundary(text, MOST))?.strip_prefix(BEGIN)?;
    let (title, body) = rest.split_at_checked(rest.find("-----")?)?;
    let body = body.strip_prefix("-----")?;
    if title.len() > 40 || !title.ends_with("PRIVATE KEY") && !title.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let end = body.find("-----END").unwrap_or(body.len());
    let body = body.get(..end)?;
    let drawn = body.replace("\\n", "\n").lines().filter(|line| !line.contains(':')).map(str::trim).map(str::len).sum::<usize>();
    let stands_in =
        body.contains("...") || body.contains('<') || body.contains("YOUR") || body.contains("{{") || body.contains('…');
    let total = text.len() - (rest.len() - title.len() - 5) + end;
    (drawn >= LEAST && !stands_in).then_some((total, "private key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_stand_ins() {
        let line = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8f2kT7";
        let key = format!("-----BEGIN PRIVATE KEY-----\\n{line}\\n{line}\\n-----END PRIVATE KEY-----");
        assert!(length(&key).is_some());
        assert_eq!(length("-----BEGIN PRIVATE KEY-----\nYOUR_KEY\n-----END PRIVATE KEY-----"), None);
        assert_eq!(length(&key.replace("PRIVATE", "PUBLIC")), None);
    }
}
