//! Our own keys, `vst_live_…` and `vst_test_…`, recognised by their checksum without asking anybody.
//!
//! The form is that of `vestibule-vault`'s API keys: id 10, secret 32, CRC-32 (ISO-HDLC) of everything before in 6 characters of base62.

/// How every key of ours begins.
pub(super) const PREFIX: &str = "vst_";

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BEFORE_CHECK: usize = 9 + 10 + 1 + 32;
const CHECK: usize = 6;

/// The length of the key that begins at the start of `text`.
pub(super) fn length(text: &str) -> Option<usize> {
    let of_ours = text.starts_with("vst_live_") || text.starts_with("vst_test_");
    let whole = of_ours.then(|| text.get(..BEFORE_CHECK + CHECK)).flatten()?;
    let (covered, check) = whole.split_at_checked(BEFORE_CHECK)?;
    (check.as_bytes() == checksum(covered.as_bytes())).then_some(whole.len())
}

fn checksum(text: &[u8]) -> [u8; CHECK] {
    let mut left = crc32fast::hash(text);
    let mut out = [b'0'; CHECK];
    for character in out.iter_mut().rev() {
        *character = ALPHABET.get((left % 62) as usize).copied().unwrap_or(b'0');
        left /= 62;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_with_its_checksum() {
        let covered = "vst_live_0aB3dE6gH9_kL2nO5qR8tU1wX4zA7cD0fG3iJ6lM9pS";
        let check = checksum(covered.as_bytes());
        let key = format!("{covered}{}", String::from_utf8_lossy(&check));
        assert_eq!(length(&key), Some(58));
        assert_eq!(length(&key.replace("kL2n", "kL3n")), None);
        assert_eq!(length("vst_live_short"), None);
    }
}
