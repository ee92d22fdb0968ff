//! Decoding of punycode labels (RFC 3492, section 6.2), to refuse `xn--` labels that stand for nothing.
//!
//! It does not map, normalise or encode: names in the configuration are written in their ASCII form.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// Whether `encoded` (a label after its `xn--`, lower case) decodes to letters of which at least one is not ASCII.
pub(super) fn is_valid(encoded: &str) -> bool {
    decode(encoded).is_some_and(|letters| letters.iter().any(|letter| !letter.is_ascii()))
}

fn decode(encoded: &str) -> Option<Vec<char>> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = extended.bytes().peekable();
    while digits.peek().is_some() {
        let before = i;
        let mut weight = 1_u32;
        let mut k = BASE;
        loop {
            let digit = value_of(digits.next()?)?;
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let length = u32::try_from(output.len()).ok()?.checked_add(1)?;
        bias = adapt(i - before, length, before == 0);
        n = n.checked_add(i / length)?;
        i %= length;
        // control characters, spaces and soft hyphens have no place in a name
        let letter = char::from_u32(n).filter(|c| c.is_alphanumeric() || is_mark(*c))?;
        output.insert(usize::try_from(i).ok()?, letter);
        i += 1;
    }
    Some(output)
}

/// Combining marks and joiners stand in names of many scripts; only invisible ones are refused.
fn is_mark(letter: char) -> bool {
    !letter.is_control()
        && !letter.is_whitespace()
        && !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..)
}

fn value_of(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

fn adapt(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE * delta) / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decodes_known_labels() {
        for (encoded, expected) in
            [("mnchen-3ya", "münchen"), ("bcher-kva", "bücher"), ("wgv71a119e", "日本語"), ("80ak6aa92e", "аррӏе")]
        {
            let decoded: String = decode(encoded).expect("valid").into_iter().collect();
            assert_eq!(decoded, expected);
            assert!(is_valid(encoded));
        }
    }

    #[test]
    fn refuses_labels_that_stand_for_nothing() {
        for encoded in ["", "abc-", "a", "99999999", "example-mka", "ab-g1t"] {
            assert!(!is_valid(encoded), "{encoded}: {:?}", decode(encoded));
        }
    }

    proptest! {
        #[test]
        fn never_panics(encoded in "[a-z0-9-]{0,60}") {
            let _ = is_valid(&encoded);
        }
    }
}
