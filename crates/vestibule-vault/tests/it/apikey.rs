//! API keys: form, checksum, what is refused.

use super::{draw, store};
use vestibule_core::id::Mode;
use vestibule_vault::apikey::{DRAW, parse_api_key};

#[test]
fn a_key_has_its_form_and_only_the_whole_key_passes() {
    let ring = store().keyring().unwrap();
    let other = store().keyring().unwrap();
    for mode in [Mode::Live, Mode::Test] {
        let minted = ring.mint_api_key(mode, &mut draw(DRAW)).unwrap();
        let text = minted.text.expose();
        assert_eq!(text.len(), 58);
        assert!(text.starts_with(&format!("vst_{mode}_{}_", minted.id)));
        let parsed = parse_api_key(text).unwrap();
        assert_eq!((parsed.mode, parsed.id.as_str()), (mode, minted.id.as_str()));
        assert!(ring.check_api_key(&parsed, Some(&minted.hash)));
        assert!(!ring.check_api_key(&parsed, None));
        assert!(!ring.check_api_key(&parsed, Some(&[0; 32])));
        assert!(!other.check_api_key(&parsed, Some(&minted.hash)));
        let stranger = ring.mint_api_key(mode, &mut draw(DRAW)).unwrap();
        assert!(!ring.check_api_key(&parsed, Some(&stranger.hash)));
    }
}

#[test]
fn every_changed_character_and_every_cut_is_found_without_a_look_up() {
    let ring = store().keyring().unwrap();
    let minted = ring.mint_api_key(Mode::Live, &mut draw(DRAW)).unwrap();
    let text = minted.text.expose();
    let mut changes = 0;
    for at in 0..text.len() {
        for with in ['0', 'A', 'z', '_', ' '] {
            let changed: String = text.chars().enumerate().map(|(i, c)| if i == at { with } else { c }).collect();
            if changed != *text {
                assert!(parse_api_key(&changed).is_none(), "{at} {with}");
                changes += 1;
            }
        }
        assert!(parse_api_key(&text[..at]).is_none());
    }
    assert!(parse_api_key(&format!("{text}0")).is_none());
    assert!(parse_api_key("").is_none());
    println!("API key: {changes} changed characters, all found by the checksum");
}

#[test]
fn characters_are_evenly_spread() {
    let ring = store().keyring().unwrap();
    let mut counts = [0u32; 128];
    for _ in 0..2000 {
        let minted = ring.mint_api_key(Mode::Live, &mut draw(DRAW)).unwrap();
        for byte in minted.text.expose()[20..52].bytes() {
            counts[usize::from(byte)] += 1;
        }
    }
    // 64,000 characters over 62: 1,032 each, standard deviation 32; six of them are allowed.
    for byte in (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z') {
        assert!((840..=1225).contains(&counts[usize::from(byte)]), "{}", char::from(byte));
    }
}
