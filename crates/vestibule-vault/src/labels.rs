//! Every label that keeps one use of a key apart from another. They are part of the stored format: a changed letter
//! makes stored data unreadable, so the test below compares the list with a frozen copy.
//!
//! Labels for other people's formats (Cobblestone-256, age) stand in their modules.

/// First element of every context: the version of the encoding.
pub const CONTEXT_VERSION: &[u8] = &[1];

/// Key and commitment of a sealed record.
pub const RECORD: &[u8] = b"record";
/// Associated data of one slot of a record.
pub const SLOT: &[u8] = b"slot";
/// A data-encryption key wrapped under an epoch key.
pub const DEK: &[u8] = b"dek";
/// The sealed pseudonym of a subject.
pub const PSEUDONYM: &[u8] = b"pseudonym";
/// A body waiting for delivery.
pub const BODY_QUEUED: &[u8] = b"body/queued";
/// A body held for the owner's decision.
pub const BODY_HELD: &[u8] = b"body/held";
/// A body set aside because a rule refused it.
pub const BODY_QUARANTINED: &[u8] = b"body/quarantined";
/// A body whose delivery was given up.
pub const BODY_DEAD: &[u8] = b"body/dead";
/// The stored answer of an idempotent call.
pub const BODY_ANSWER: &[u8] = b"body/answer";
/// The saved audit of a platform account.
pub const BODY_SCAN: &[u8] = b"body/scan";
/// Input key of an encrypted file.
pub const FILE: &[u8] = b"file";
/// The key store under its root key.
pub const KEY_STORE: &[u8] = b"key store";
/// The short id of a root key.
pub const ROOT_ID: &[u8] = b"root id";
/// The checksum in the text form of a root key.
pub const ROOT_CHECKSUM: &[u8] = b"root checksum";
/// The inner index key of one category.
pub const INDEX_CATEGORY: &[u8] = b"index/category";
/// Inner tags of the subject index.
pub const INDEX_SUBJECT: &[u8] = b"index/subject";
/// Inner tags of the stable-token index.
pub const INDEX_STABLE: &[u8] = b"index/stable";
/// The key that wraps inner tags for one epoch.
pub const INDEX_OUTER: &[u8] = b"index/outer";
/// The key that MACs index rows of one epoch.
pub const INDEX_MAC: &[u8] = b"index/mac";
/// Replay keys.
pub const REPLAY: &[u8] = b"replay";
/// Fingerprints of bodies.
pub const BODY_FINGERPRINT: &[u8] = b"fingerprint/body";
/// MACs of leaves of the audit log.
pub const LEAF: &[u8] = b"leaf";
/// MACs of heads of the audit log.
pub const HEAD: &[u8] = b"head";
/// MACs of authority rows.
pub const AUTHORITY: &[u8] = b"authority";
/// Stored hashes of API keys.
pub const API_KEY: &[u8] = b"api key";
/// Signing secrets of deliveries.
pub const DELIVERY: &[u8] = b"delivery";
/// Marks of secret values in scanned files.
pub const SCAN_MARK: &[u8] = b"scan/mark";
/// The salt of the marks in saved audits.
pub const SCAN_SALT: &[u8] = b"scan/salt";

/// All labels, in the order above.
pub const ALL: &[&[u8]] = &[
    RECORD,
    SLOT,
    DEK,
    PSEUDONYM,
    BODY_QUEUED,
    BODY_HELD,
    BODY_QUARANTINED,
    BODY_DEAD,
    BODY_ANSWER,
    BODY_SCAN,
    FILE,
    KEY_STORE,
    ROOT_ID,
    ROOT_CHECKSUM,
    INDEX_CATEGORY,
    INDEX_SUBJECT,
    INDEX_STABLE,
    INDEX_OUTER,
    INDEX_MAC,
    REPLAY,
    BODY_FINGERPRINT,
    LEAF,
    HEAD,
    AUTHORITY,
    API_KEY,
    DELIVERY,
    SCAN_MARK,
    SCAN_SALT,
];

#[cfg(test)]
mod tests {
    use super::*;

    const FROZEN: &str = "record slot dek pseudonym body/queued body/held body/quarantined body/dead body/answer body/scan file \
        key+store root+id root+checksum index/category index/subject index/stable index/outer index/mac replay \
        fingerprint/body leaf head authority api+key delivery scan/mark scan/salt";

    #[test]
    fn labels_are_frozen() {
        let frozen: Vec<Vec<u8>> = FROZEN.split_whitespace().map(|label| label.replace('+', " ").into_bytes()).collect();
        assert_eq!(ALL, frozen);
        assert_eq!(CONTEXT_VERSION, [1]);
    }

    #[test]
    fn no_two_uses_share_a_label_and_none_is_left_out() {
        let unique: std::collections::BTreeSet<_> = ALL.iter().collect();
        assert_eq!(unique.len(), ALL.len());
        let declared =
            include_str!("labels.rs").lines().filter(|line| line.starts_with("pub const") && line.contains("= b\"")).count();
        assert_eq!(declared, ALL.len());
    }
}
