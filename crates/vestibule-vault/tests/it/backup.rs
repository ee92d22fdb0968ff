//! Backups: what goes in comes out, for the right identity only.

use vestibule_core::secret::Secret;
use vestibule_vault::backup::{BackupError, decrypt, encrypt, generate, recipient_check};

#[test]
fn a_backup_comes_back_whole_for_its_identity_only() {
    let (pair, stranger) = (generate(), generate());
    recipient_check(&pair.recipient).unwrap();
    for len in [0, 1, 64 << 10, 300_000] {
        let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let mut sealed = Vec::new();
        assert_eq!(encrypt(&pair.recipient, content.as_slice(), &mut sealed).unwrap(), len);
        let mut opened = Vec::new();
        assert_eq!(decrypt(&pair.identity, sealed.as_slice(), &mut opened).unwrap(), len);
        assert_eq!(opened, content);
        let wrong = decrypt(&stranger.identity, sealed.as_slice(), Vec::new());
        assert!(matches!(wrong, Err(BackupError::WrongIdentity)));
        for at in (0..sealed.len()).step_by(sealed.len() / 23) {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(decrypt(&pair.identity, bad.as_slice(), Vec::new()).is_err(), "byte {at}");
        }
        let cut = decrypt(&pair.identity, &sealed[..sealed.len() - 1], Vec::new());
        assert!(matches!(cut, Err(BackupError::Damaged)));
    }
}

#[test]
fn what_is_no_recipient_or_identity_is_named() {
    let pair = generate();
    for text in ["", "age1", "ssh-ed25519 AAAA", pair.identity.expose().as_str()] {
        assert!(matches!(recipient_check(text), Err(BackupError::Recipient)));
    }
    let error = decrypt(&Secret::new(pair.recipient), &b""[..], Vec::new());
    assert!(matches!(error, Err(BackupError::Identity)));
}
