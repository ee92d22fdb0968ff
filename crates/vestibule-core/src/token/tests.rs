//! Tokens: every carrier, every damage, every look-alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
//! Token text: round trips, every carrier, every damage, near-tokens, and random texts.

use proptest::prelude::*;

use super::*;

const DOMAIN: &str = "t.example.com";

fn block() -> Block {
    Block([0x3a, 0x91, 0x07, 0xfe, 0x55, 0xc0, 0x1d, 0x82, 0x6b, 0x14, 0xe9, 0x30, 0xaf, 0x78, 0x42, 0xd6])
}

fn token() -> String {
    TokenText::new(&block()).as_str().to_owned()
}

fn only(text: &str) -> Found {
    let found = find(text, DOMAIN);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found[0]
}

#[test]
fn known_texts() {
    assert_eq!(TokenText::new(&Block([0; 16])).as_str(), "vt1000000000000000000000000001xtj");
    assert_eq!(TokenText::new(&Block([0xff; 16])).as_str().get(3..29), Some("zzzzzzzzzzzzzzzzzzzzzzzzzw"));
    assert_eq!(token().len(), TOKEN_LEN);
    assert_eq!(token(), "vt17a8gfzjnr0er4trmx4rayy22trvwhv");
    assert_eq!(parse(&token()), Ok(block()));
    assert_eq!(parse(&token().to_uppercase()), Ok(block()));
    assert_eq!(parse(""), Err(TokenFault::Damaged));
    assert_eq!(parse(&token().replacen('v', "\u{ff56}", 1)), Err(TokenFault::Near));
}

#[test]
fn spare_bits_must_be_zero() {
    let mut text = TokenText::new(&Block([0xff; 16])).0;
    for spare in [b'x', b'y', b'z'] {
        text[28] = spare;
        let (head, check) = text.split_at_mut(29);
        write_check(head, check);
        assert_eq!(parse(std::str::from_utf8(&text).unwrap()), Err(TokenFault::Damaged));
    }
}

#[test]
fn every_carrier_is_whole() {
    let token = token();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let decimal: String = token.bytes().map(|byte| format!("&#{byte};")).collect();
    let hexadecimal: String = token.bytes().map(|byte| format!("&#x{byte:x};")).collect();
    let both = percent.replace('%', "&#37;");
    let title = token.replacen('v', "V", 1);
    for plain in [
        token.clone(),
        token.to_uppercase(),
        title,
        format!(" {token}\r\n"),
        format!("\u{a0}{token}\t"),
        percent,
        decimal,
        hexadecimal,
        both,
        format!("%20{token}&nbsp;"),
    ] {
        assert_eq!(whole(&plain, DOMAIN), Whole::Token { block: block(), email: false }, "{plain}");
        assert_eq!(only(&plain).block, Ok(block()), "{plain}");
        assert!(contains_token_shape(&plain));
    }
    let email = Whole::Token { block: block(), email: true };
    for at in ["@", "%40", "&#64;", "&#x40;", "&commat;", "&#37;40"] {
        for scheme in ["", "mailto:", "MAILTO:", "mailto%3A", "mailto&colon;", " mailto:"] {
            for domain in ["t.example.com", "T.Example.COM"] {
                let text = format!("{scheme}{token}{at}{domain}");
                assert_eq!(whole(&text, DOMAIN), email, "{text}");
                let found = only(&text);
                assert!(found.email, "{text}");
                assert_eq!(found.end, text.len());
                assert_eq!(&text[found.start..found.start + 33], token);
            }
        }
    }
}

#[test]
fn other_texts_are_not_whole() {
    let token = token();
    for text in [
        format!("Dear {token}"),
        format!("{token},{token}"),
        format!("mailto:mailto:{token}"),
        format!("{token}@example.com"),
        format!("{token}@t.example.com.evil.example"),
        format!("{token}@t.example.community"),
        format!("{token}x"),
        format!("mailto:{token}@t.example.com?subject=hi"),
        format!("{token}%2540t.example.com"),
    ] {
        assert_eq!(whole(&text, DOMAIN), Whole::None, "{text}");
        assert!(find(&text, DOMAIN).iter().all(|found| found.block == Ok(block())), "{text}");
        assert!(!find(&text, DOMAIN).is_empty());
    }
    for text in ["", "vt1", "Dana", "vt100 terminals are 19 inches wide", "https://example.com/a?b=c%20d&e=f"] {
        assert_eq!(whole(text, DOMAIN), Whole::None);
        assert_eq!(find(text, DOMAIN), []);
    }
}

#[test]
fn address_of_a_token_ends_where_its_domain_ends() {
    let token = token();
    for (tail, email) in [
        ("@t.example.com.", true),
        ("@t.example.com>", true),
        ("@t.example.com, x", true),
        ("@t.example.comx", false),
        ("@t.example.com-x", false),
        ("@t.example.com.x", false),
        ("@x.t.example.com", false),
        ("@", false),
    ] {
        let text = format!("<{token}{tail}");
        assert_eq!(only(&text).email, email, "{text}");
        assert_eq!(only(&text).end, 1 + 33 + if email { 14 } else { 0 }, "{text}");
    }
    assert!(!find(&format!("{token}@"), "").iter().any(|found| found.email));
}

#[test]
fn carriers_are_told() {
    let token = token();
    assert_eq!(only(&token).carrier, Carrier::Plain);
    assert_eq!(only(&format!("{token}%40{DOMAIN}")).carrier, Carrier::Percent);
    assert_eq!(only(&format!("{token}&#64;{DOMAIN}")).carrier, Carrier::Html);
    assert_eq!(only(&format!("&#x76;{}%40{DOMAIN}", &token[1..])).carrier, Carrier::HtmlPercent);
    assert_eq!(only(&format!("100%{token}")).carrier, Carrier::Plain);
}

#[test]
fn one_character_damages_are_damaged() {
    let token = token();
    let mut cases = 0;
    let mut check = |text: String| {
        // still a token: another case, or one more letter before it
        if text.to_ascii_lowercase().contains(&token) {
            return;
        }
        cases += 1;
        assert_eq!(parse(&text), Err(TokenFault::Damaged), "{text}");
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            assert_eq!(whole(&text, DOMAIN), Whole::Fault(TokenFault::Damaged), "{text}");
        } else {
            assert!(!matches!(whole(&text, DOMAIN), Whole::Token { .. }), "{text}");
        }
        for (before, after) in [("", ""), ("Dear ", ", hello"), ("\"", "\"")] {
            let found = only(&format!("{before}{text}{after}"));
            assert_eq!(found.block, Err(TokenFault::Damaged), "{before}{text}{after}");
        }
    };
    for at in 0..TOKEN_LEN {
        for c in "0123456789abcdefghijklmnopqrstuvwxyzABVT-_ .:/#=\n".chars() {
            let (before, after) = token.split_at(at);
            if !c.is_whitespace() || !matches!(at, 0 | 32) {
                check(format!("{before}{c}{}", &after[1..]));
            }
            if at > 0 && !c.is_whitespace() {
                check(format!("{before}{c}{after}"));
            }
        }
        check(format!("{}{}", &token[..at], &token[at + 1..]));
    }
    println!("token damages: {cases} cases");
    assert!(cases > 3000);
}

#[test]
fn cut_tokens_are_damaged() {
    let token = token();
    for length in 20..33 {
        assert_eq!(only(&token[..length]).block, Err(TokenFault::Damaged), "{length}");
        assert_eq!(only(&token[..length].to_uppercase()).block, Err(TokenFault::Damaged), "{length}");
    }
    assert_eq!(only(&token[3..]).block, Err(TokenFault::Damaged));
    assert_eq!(whole(&format!("{}@{DOMAIN}", &token[..30]), DOMAIN), Whole::Fault(TokenFault::Damaged));
    let grouped: Vec<&str> = [&token[..5], &token[5..10], &token[10..20], &token[20..]].to_vec();
    assert_eq!(only(&grouped.join("-")).block, Err(TokenFault::Damaged));
    assert_eq!(only(&grouped.join("\r\n ")).block, Err(TokenFault::Damaged));
}

#[test]
fn near_tokens_are_never_nothing() {
    let token = token();
    let swap = |from: char, to: &str| token.replacen(from, to, 1);
    let insert = |at: usize, odd: &str| format!("{}{odd}{}", &token[..at], &token[at..]);
    let wide: String = token.chars().map(|c| char::from_u32(c as u32 + 0xFEE0).unwrap()).collect();
    let bold: String = token
        .chars()
        .map(|c| char::from_u32(if c.is_ascii_digit() { 0x1D7CE + c as u32 - 48 } else { 0x1D41A + c as u32 - 97 }).unwrap())
        .collect();
    let circled: String =
        token.chars().map(|c| if c.is_ascii_digit() { c } else { char::from_u32(0x24D0 + c as u32 - 97).unwrap() }).collect();
    let twice: String = token.bytes().map(|byte| format!("%25{byte:02x}")).collect();
    let thrice: String = token.bytes().map(|byte| format!("%2525{byte:02x}")).collect();
    let entity_twice: String = token.bytes().map(|byte| format!("&amp;#{byte};")).collect();
    let unicode: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let short: String = token.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    let mut odd = vec![wide, bold, circled, twice, thrice, entity_twice, unicode, short];
    for invisible in [
        "\u{200b}",
        "\u{200c}",
        "\u{200d}",
        "\u{2060}",
        "\u{feff}",
        "\u{ad}",
        "\u{200e}",
        "\u{202e}",
        "\u{2066}",
        "\u{34f}",
        "\u{fe0f}",
        "\u{e0041}",
        "\u{301}",
        "\u{20dd}",
        "\u{180e}",
        "\u{1}",
        "%E2%80%8B",
        "&#8203;",
        "&shy;",
        "&zwnj;",
    ] {
        odd.extend([insert(1, invisible), insert(3, invisible), insert(17, invisible), insert(32, invisible)]);
    }
    for hyphen in ["\u{2010}", "\u{2011}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{a0}", "\u{2009}", "\u{3000}"] {
        odd.extend([insert(3, hyphen), insert(12, hyphen)]);
    }
    for v in ["\u{ff56}", "\u{475}", "\u{3bd}", "\u{1d20}", "\u{2174}", "\u{1d5b}", "\u{24e5}", "\u{1d42f}", "\u{1d6ce}"] {
        odd.push(swap('v', v));
    }
    for t in ["\u{ff54}", "\u{442}", "\u{3c4}", "\u{1d1b}", "\u{1d57}", "\u{2c6}t"] {
        odd.push(swap('t', t));
    }
    for one in ["\u{ff11}", "\u{b9}", "\u{2460}", "\u{661}", "\u{967}", "\u{2081}", "\u{1d7cf}", "\u{406}"] {
        odd.push(swap('1', one));
    }
    odd.push(format!("{token}\u{ff20}{DOMAIN}"));
    odd.push(format!("{token}@t.ex\u{200b}ample.com"));
    odd.push(format!("{token}@t.ex\u{430}mple.com"));
    println!("near tokens: {} shapes", odd.len());
    assert!(odd.len() >= 40);
    for text in &odd {
        let found = find(text, DOMAIN);
        assert_eq!(found.len(), 1, "{text:?} {found:?}");
        assert!(!matches!(whole(text, DOMAIN), Whole::Token { .. }), "{text:?}");
        assert_eq!(found[0].block, Err(TokenFault::Near), "{text:?}");
    }
}

#[test]
fn a_token_that_letters_follow_is_found() {
    let token = token();
    for text in
        [format!("{token}abc"), format!("abc{token}"), format!("vt1{token}"), format!("{token}{token}"), format!("99{token}99")]
    {
        let found = find(&text, DOMAIN);
        assert!(found.iter().any(|found| found.block == Ok(block())), "{text}");
    }
    assert_eq!(find(&format!("{token}{token}"), DOMAIN).len(), 2);
}

#[test]
fn escapes_that_are_no_text_hide_no_token() {
    let percent: String = token().bytes().map(|byte| format!("%{byte:02X}")).collect();
    for text in [format!("{percent}%ff"), format!("%ff{percent}"), format!("%c3{percent}%e2%82"), format!("%ff%{percent}%")] {
        assert_eq!(only(&text).block, Ok(block()), "{text}");
        assert_eq!(only(&text).carrier, Carrier::Percent, "{text}");
    }
}

#[test]
fn long_texts_are_searched_in_pieces() {
    let token = token();
    for at in (14_200..16_600).step_by(61).chain([0, 40_000]) {
        let mut text = "\u{e4} lorem ipsum ".repeat(3_000);
        let at = boundary_near(&text, at);
        text.insert_str(at, &token);
        let found = only(&text);
        assert_eq!((found.start, found.end, found.block), (at, at + 33, Ok(block())));
    }
}

fn boundary_near(text: &str, at: usize) -> usize {
    (at..).find(|at| text.is_char_boundary(*at)).unwrap()
}

#[test]
fn files_in_base64_hold_no_token_shape() {
    let mut state = 7_u64;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: String = (0..400_000).map(|_| char::from(alphabet[(next(&mut state) % 64) as usize])).collect();
    assert_eq!(find(&text, DOMAIN), []);
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

proptest! {
    #[test]
    fn round_trip(bytes: [u8; 16]) {
        let text = TokenText::new(&Block(bytes));
        prop_assert_eq!(parse(text.as_str()), Ok(Block(bytes)));
        prop_assert_eq!(whole(text.as_str(), DOMAIN), Whole::Token { block: Block(bytes), email: false });
    }

    #[test]
    fn a_planted_token_is_found(bytes: [u8; 16], before in any::<String>(), after in any::<String>(), upper: bool, email: bool) {
        let mut planted = TokenText::new(&Block(bytes)).as_str().to_owned();
        if upper {
            planted = planted.to_uppercase();
        }
        if email {
            planted = format!("{planted}@{DOMAIN}");
        }
        // what touches the token is not to be part of its writing
        let text = format!("{before} {planted} {after}");
        let found = find(&text, DOMAIN);
        prop_assert_eq!(found.len(), 1);
        let expected = Found { start: before.len() + 1, end: before.len() + 1 + planted.len(), block: Ok(Block(bytes)), email, carrier: Carrier::Plain };
        prop_assert_eq!(found[0], expected);
    }

    #[test]
    fn a_planted_token_is_found_inside_words(bytes: [u8; 16], before in "[a-zA-Z0-9 .,@&;=/-]{0,60}", after in "[a-zA-Z0-9 .,&;=/-]{0,60}") {
        let planted = TokenText::new(&Block(bytes));
        let found = find(&format!("{before}{planted}{after}"), DOMAIN);
        prop_assert!(found.iter().any(|found| found.block == Ok(Block(bytes)) && found.start == before.len()), "{:?}", found);
    }

    #[test]
    fn text_without_a_token_holds_none(text in any::<String>(), words in "[a-zA-Z0-9 .,@%&;#x\\\\-]{0,300}") {
        prop_assert_eq!(find(&text, DOMAIN), []);
        prop_assert_eq!(find(&words, DOMAIN), []);
    }
}
