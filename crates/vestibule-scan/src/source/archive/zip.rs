//! The ZIP format (APPNOTE 6.3): where the entries are, and how one is unpacked.
//!
//! Offsets and sizes are claims of the file: each is checked against the bytes before it is used, and none sizes a buffer. Packings
//! other than stored and deflate, several disks and encryption are told and not read.

use std::borrow::Cow;
use std::io::Read;

use super::{Limits, Trouble};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";

/// Whether the bytes begin as a ZIP archive does, also an empty one.
pub(in crate::source) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL) || (bytes.starts_with(END) && bytes.len() >= 22)
}

/// One entry of an archive.
#[derive(Debug)]
pub(in crate::source) struct Entry<'b> {
    /// As the archive writes it.
    pub(in crate::source) name: Cow<'b, str>,
    is_link: bool,
    is_encrypted: bool,
    packing: u16,
    checksum: Option<u32>,
    /// Bytes as packed, where the archive says it.
    packed: Option<usize>,
    /// Of the entry's own header.
    offset: usize,
}

/// Every entry, in the order of the directory, and whether there was a directory. Without one, entries are found by their own headers.
pub(in crate::source) fn entries(bytes: &[u8]) -> (Box<dyn Iterator<Item = Entry<'_>> + '_>, bool) {
    match directory(bytes) {
        Some((start, shift)) => (Box::new(Directory { bytes, at: start, shift }), true),
        None => (Box::new(memchr::memmem::find_iter(bytes, LOCAL).filter_map(|at| local_entry(bytes, at))), false),
    }
}

impl Entry<'_> {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/') || self.name.ends_with('\\')
    }

    /// The content, at most the entry limit and `left` bytes of it.
    pub(in crate::source) fn unpack(&self, bytes: &[u8], limits: &Limits, left: usize) -> Result<Vec<u8>, Trouble> {
        if self.is_link {
            return Err(Trouble::Link);
        }
        if self.is_encrypted {
            return Err(Trouble::Encrypted);
        }
        let packed = self.data(bytes).ok_or(Trouble::Damaged)?;
        let content = match self.packing {
            0 if packed.len() > limits.entry_bytes => return Err(Trouble::TooLarge),
            0 if packed.len() > left => return Err(Trouble::TooMuch),
            0 => packed.to_vec(),
            8 => inflate(packed, limits, left)?,
            _ => return Err(Trouble::UnknownPacking),
        };
        if self.checksum.is_some_and(|said| said != crc32fast::hash(&content)) {
            return Err(Trouble::Damaged);
        }
        Ok(content)
    }

    fn data<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let header = bytes.get(self.offset..)?;
        header.strip_prefix(LOCAL)?;
        let start = 30 + usize::from(short(header, 26)?) + usize::from(short(header, 28)?);
        let data = header.get(start..)?;
        match self.packed {
            Some(packed) => data.get(..packed),
            None => Some(data),
        }
    }
}

fn inflate(packed: &[u8], limits: &Limits, left: usize) -> Result<Vec<u8>, Trouble> {
    let mut reader = flate2::read::DeflateDecoder::new(packed);
    let mut content = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        let count = reader.read(&mut piece).map_err(|_| Trouble::Damaged)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            content.shrink_to_fit();
            return Ok(content);
        };
        content.extend_from_slice(read);
        if content.len() > left {
            return Err(Trouble::TooMuch);
        }
        if content.len() > limits.entry_bytes {
            return Err(Trouble::TooLarge);
        }
        if content.len() > limits.free_bytes && content.len() / limits.ratio.max(1) > packed.len() {
            return Err(Trouble::Bomb);
        }
    }
}

/// Where the directory starts, and how far the archive's offsets are off because something stands before it.
fn directory(bytes: &[u8]) -> Option<(usize, usize)> {
    let tail_start = bytes.len().saturating_sub(22 + usize::from(u16::MAX));
    let end = tail_start + memchr::memmem::rfind(bytes.get(tail_start..)?, END)?;
    let record = bytes.get(end..)?;
    let (mut size, mut offset, mut before) = (number(record, 12)?, number(record, 16)?, end);
    let is_large = offset == u64::from(u32::MAX) || size == u64::from(u32::MAX) || short(record, 10)? == u16::MAX;
    if let Some(large) = directory_64(bytes, end).filter(|_| is_large) {
        (size, offset, before) = large;
    }
    let (size, offset) = (usize::try_from(size).ok()?, usize::try_from(offset).ok()?);
    if size == 0 {
        return (before == end && end == 0 || offset <= before).then_some((before, 0));
    }
    // the directory ends where its end record begins, whatever stands before the archive
    let start = before.checked_sub(size)?;
    let shift = start.checked_sub(offset)?;
    bytes.get(start..)?.starts_with(CENTRAL).then_some((start, shift))
}

fn directory_64(bytes: &[u8], end: usize) -> Option<(u64, u64, usize)> {
    let locator = bytes.get(end.checked_sub(20)?..end)?;
    locator.strip_prefix(LOCATOR_64)?;
    let at = usize::try_from(long(locator, 8)?).ok()?;
    let record = bytes.get(at..)?;
    record.strip_prefix(END_64)?;
    Some((long(record, 40)?, long(record, 48)?, at))
}

struct Directory<'b> {
    bytes: &'b [u8],
    at: usize,
    shift: usize,
}

impl<'b> Iterator for Directory<'b> {
    type Item = Entry<'b>;

    fn next(&mut self) -> Option<Entry<'b>> {
        let header = self.bytes.get(self.at..)?;
        header.strip_prefix(CENTRAL)?;
        let lengths = [short(header, 28)?, short(header, 30)?, short(header, 32)?].map(usize::from);
        let [name_length, extra_length, comment_length] = lengths;
        let name = header.get(46..46 + name_length)?;
        let extra = header.get(46 + name_length..46 + name_length + extra_length)?;
        self.at += 46 + name_length + extra_length + comment_length;
        let flags = short(header, 8)?;
        let (packed, offset) = wide(extra, number(header, 20)?, number(header, 24)?, number(header, 42)?);
        let is_unix = header.get(5) == Some(&3);
        Some(Entry {
            name: String::from_utf8_lossy(name),
            is_link: is_unix && number(header, 38)? >> 28 == 0o12,
            is_encrypted: flags & 1 == 1,
            packing: short(header, 10)?,
            checksum: Some(number(header, 16)? as u32),
            packed: Some(usize::try_from(packed).unwrap_or(usize::MAX)),
            offset: usize::try_from(offset).unwrap_or(usize::MAX).saturating_add(self.shift),
        })
    }
}

/// Packed size and offset, from the extra field for large archives where the plain ones say so.
fn wide(extra: &[u8], packed: u64, unpacked: u64, offset: u64) -> (u64, u64) {
    let large = u64::from(u32::MAX);
    let mut rest = extra;
    while let (Some(kind), Some(length)) = (short(rest, 0), short(rest, 2)) {
        let Some(field) = rest.get(4..4 + usize::from(length)) else {
            break;
        };
        if kind == 1 {
            let mut numbers = field.chunks_exact(8).filter_map(|number| long(number, 0));
            let mut real = |plain: u64| if plain == large { numbers.next().unwrap_or(plain) } else { plain };
            let _ = real(unpacked);
            return (real(packed), real(offset));
        }
        rest = rest.get(4 + usize::from(length)..).unwrap_or_default();
    }
    (packed, offset)
}

/// An entry by its own header, for archives without a directory.
fn local_entry(bytes: &[u8], at: usize) -> Option<Entry<'_>> {
    let header = bytes.get(at..)?;
    let name = header.get(30..30 + usize::from(short(header, 26)?))?;
    let flags = short(header, 6)?;
    let is_streamed = flags & 8 == 8;
    Some(Entry {
        name: String::from_utf8_lossy(name),
        is_link: false,
        is_encrypted: flags & 1 == 1,
        packing: short(header, 8)?,
        checksum: (!is_streamed).then_some(number(header, 14)? as u32),
        packed: if is_streamed { None } else { Some(number(header, 18)? as usize) },
        offset: at,
    })
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
