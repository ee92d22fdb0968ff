//! How wide the text is that people read, and its words brought to that width.

use std::os::fd::AsFd;

/// Columns where there is no terminal.
const PIPED: usize = 100;
/// Fewer make no page, whatever is asked for.
const NARROWEST: usize = 40;

/// The columns of a page: what `COLUMNS` asks for, or what the terminal has.
pub fn width(out: impl AsFd) -> usize {
    let asked = std::env::var("COLUMNS").ok();
    let terminal = rustix::termios::tcgetwinsize(out).ok().map(|size| usize::from(size.ws_col));
    columns(asked.as_deref(), terminal)
}

fn columns(asked: Option<&str>, terminal: Option<usize>) -> usize {
    let asked = asked.and_then(|asked| asked.trim().parse().ok());
    asked.or(terminal).filter(|columns| *columns > 0).unwrap_or(PIPED).max(NARROWEST)
}

/// Words in lines of at most `width` columns, each behind an indent. A word that is longer, such as an address, stays whole.
pub fn fill(text: &str, indent: usize, width: usize) -> String {
    let (mut out, mut used) = (String::new(), 0);
    for word in text.split_whitespace() {
        let long = word.chars().count();
        if used > 0 && used + 1 + long <= width {
            out.push(' ');
            used += 1 + long;
        } else {
            let start = if used > 0 { "\n" } else { "" };
            out.push_str(&format!("{start}{:indent$}", ""));
            used = indent + long;
        }
        out.push_str(word);
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_comes_before_what_the_terminal_has() {
        assert_eq!(columns(Some("72"), Some(120)), 72);
        assert_eq!(columns(None, Some(120)), 120);
        for asked in [None, Some(""), Some("wide"), Some("0")] {
            assert_eq!(columns(asked, None), PIPED, "{asked:?}");
        }
        assert_eq!(columns(Some("3"), None), NARROWEST);
    }

    #[test]
    fn words_are_filled_and_none_is_broken() {
        assert_eq!(fill("one two three", 2, 9), "  one two\n  three\n");
        assert_eq!(fill("see https://gate.example.com/out now", 2, 10), "  see\n  https://gate.example.com/out\n  now\n");
        assert_eq!(fill("", 2, 10), "\n");
    }
}
