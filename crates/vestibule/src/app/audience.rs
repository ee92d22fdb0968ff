//! The audience of a record: the workflows for which its tokens open, under the authority's MAC.
//!
//! Format: one byte of count, then each name as one byte of length and its bytes, sorted; then the 16 bytes of the MAC
//! over the record's first number, the subject's number and the names. A row of another record never fits.
//!
//! A name is that of a workflow, for which the whole record opens, or `workflow:number:slot`, for which that one slot
//! does: a stable token that another workflow gets to see takes none of its neighbours along.

use vestibule_core::id::{RecordNo, Slot, SubjectNumber};
use vestibule_vault::Keyring;

/// The most members of one record.
pub const MOST: usize = 255;

const LABEL: &str = "audience";
const MAC: usize = 16;

/// The sealed-off audience of a record for these workflows.
pub fn write(keyring: &Keyring, record: RecordNo, subject: SubjectNumber, workflows: &[&str]) -> Vec<u8> {
    let mut names: Vec<&str> = workflows.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut out = vec![u8::try_from(names.len()).unwrap_or(u8::MAX)];
    for name in names.iter().take(usize::from(u8::MAX)) {
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend(name.bytes().take(usize::from(u8::MAX)));
    }
    let mac = keyring.authority_mac(LABEL, &[&record.as_u64().to_be_bytes(), &subject.0, &out]);
    out.extend(mac);
    out
}

/// The workflows of a stored audience; none if its MAC does not fit this record and subject.
pub fn read<'a>(keyring: &Keyring, record: RecordNo, subject: SubjectNumber, stored: &'a [u8]) -> Option<Vec<&'a str>> {
    let (names, mac) = stored.split_at_checked(stored.len().checked_sub(MAC)?)?;
    let mac = mac.try_into().ok()?;
    if !keyring.authority_mac_verify(LABEL, &[&record.as_u64().to_be_bytes(), &subject.0, names], mac) {
        return None;
    }
    let (count, mut rest) = names.split_first()?;
    let mut out = Vec::with_capacity(usize::from(*count));
    for _ in 0..*count {
        let (length, tail) = rest.split_first()?;
        let (name, tail) = tail.split_at_checked(usize::from(*length))?;
        out.push(std::str::from_utf8(name).ok()?);
        rest = tail;
    }
    rest.is_empty().then_some(out)
}

/// Whether a token opens for a workflow, by the members of its record's audience.
pub fn admits<M: AsRef<str>>(members: &[M], workflow: &str, record: RecordNo, slot: Slot) -> bool {
    members.iter().map(AsRef::as_ref).any(|member| match member.split_once(':') {
        None => member == workflow,
        Some((name, _)) => name == workflow && member == one(workflow, record, slot),
    })
}

/// The member by which one slot opens for a workflow. Names of workflows hold no colon.
pub fn one(workflow: &str, record: RecordNo, slot: Slot) -> String {
    format!("{workflow}:{}:{}", record.as_u64(), slot.0)
}
