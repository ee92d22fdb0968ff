//! Saved e-mail (RFC 5322, MIME) and mailboxes (mbox): headers, text parts and attachments.
//!
//! Attachments are handed on as files of their own. Signatures are not checked and encrypted parts stay encrypted.

use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders, PartType};

/// A piece of a message.
pub enum Piece<'p> {
    /// A header with its value, decoded.
    Header {
        /// The header's name.
        name: &'p str,
        /// Its value.
        value: &'p str,
        /// Byte offset in the file.
        offset: usize,
    },
    /// A text part, decoded; HTML as it is written.
    Text {
        /// The text.
        text: &'p str,
        /// Byte offset of the part in the file.
        offset: usize,
    },
    /// An attachment, or a message inside the message.
    Attachment {
        /// Its name, or `attachment`.
        name: &'p str,
        /// Its bytes, decoded.
        content: &'p [u8],
    },
}

/// Whether this text begins as a saved e-mail or a mailbox does.
pub fn looks_like(text: &str) -> bool {
    const KNOWN: [&str; 10] = [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "delivered-to",
        "content-type",
    ];
    let head = super::text::head(text, 16 << 10);
    let mut known = 0;
    let mut other = 0;
    for (index, line) in head.lines().enumerate() {
        if line.is_empty() || (index == 0 && line.starts_with("From ")) || line.starts_with([' ', '\t']) {
            if line.is_empty() {
                break;
            }
            continue;
        }
        let Some((name, _)) = line.split_once(':').filter(|(name, _)| is_header_name(name)) else {
            return false;
        };
        if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            known += 1;
        } else {
            other += 1;
        }
    }
    known >= 3 && (known >= other || head.contains("\nReceived:") || head.starts_with("Received:"))
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Messages of a file: their bytes and where each begins. A file that is no mailbox is one message.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let is_mailbox = bytes.starts_with(b"From ");
    let mut at = Some(0).filter(|_| !bytes.is_empty());
    std::iter::from_fn(move || {
        let start = at?;
        let rest = bytes.get(start..)?;
        let next = if is_mailbox { separator(rest).map(|end| start + end) } else { None };
        at = next;
        let message = bytes.get(start..next.unwrap_or(bytes.len()))?;
        let skipped = if is_mailbox { memchr::memchr(b'\n', message).map_or(message.len(), |end| end + 1) } else { 0 };
        Some((start + skipped, message.get(skipped..)?))
    })
}

/// Where the next `From sender date` line begins; a sentence that starts with the word has no time of day.
fn separator(text: &[u8]) -> Option<usize> {
    let is_separator = |at: &usize| {
        let line = text.get(*at..).unwrap_or_default();
        let line = memchr::memchr(b'\n', line).and_then(|end| line.get(..end)).unwrap_or(line);
        line.len() < 200 && memchr::memchr(b':', line).is_some()
    };
    memchr::memmem::find_iter(text, b"\n\nFrom ").map(|end| end + 2).find(is_separator)
}

/// Hands on the pieces of one message; `shift` is where it begins in the file. False if it is no message.
pub fn pieces(message: &[u8], shift: usize, take: &mut dyn FnMut(Piece<'_>)) -> bool {
    let Some(parsed) = MessageParser::default().parse(message) else {
        return false;
    };
    for header in parsed.headers() {
        let value = words(&header.value, &parsed, header.name.as_str());
        if !value.is_empty() {
            take(Piece::Header { name: header.name.as_str(), value: &value, offset: shift + header.offset_start as usize });
        }
    }
    for part in &parsed.parts {
        let offset = shift + part.offset_body as usize;
        let name = part.attachment_name().unwrap_or("attachment");
        match &part.body {
            PartType::Text(text) | PartType::Html(text) if part.attachment_name().is_none() => take(Piece::Text { text, offset }),
            PartType::Text(text) | PartType::Html(text) => take(Piece::Attachment { name, content: text.as_bytes() }),
            PartType::Binary(content) | PartType::InlineBinary(content) => take(Piece::Attachment { name, content }),
            PartType::Message(inner) => take(Piece::Attachment { name, content: inner.raw_message() }),
            PartType::Multipart(_) => {}
        }
    }
    true
}

/// A header's value as people read it.
fn words(value: &HeaderValue<'_>, message: &Message<'_>, name: &str) -> String {
    match value {
        HeaderValue::Text(text) => text.trim().to_owned(),
        HeaderValue::TextList(texts) => texts.join(", "),
        HeaderValue::Address(addresses) => {
            let one = |address: &mail_parser::Addr<'_>| {
                let name = address.name.as_deref().unwrap_or_default();
                let mail = address.address.as_deref().unwrap_or_default();
                if name.is_empty() { mail.to_owned() } else { format!("{name} <{mail}>") }
            };
            addresses.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        HeaderValue::Empty => String::new(),
        _ => message.header_raw(name).unwrap_or_default().trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_told_from_other_text_with_colons() {
        assert!(looks_like("From: a@example.org\nTo: b@example.org\nSubject: x\n\nbody"));
        assert!(looks_like("From ana Mon Jan 1\nReturn-Path: <a>\nReceived: x\n y\nDate: z\n\nbody"));
        assert!(!looks_like(
            "name: x\nfrom: here\nto: there\nsubject: y\nhost: a\nport: b\nuser: c\nkind: d\nq: e\nr: f\nw: a\ne: a\nt: a\nu: a\n\n"
        ));
        assert!(!looks_like("Dear all,\nFrom: me\nTo: you\nSubject: x\n"));
        assert!(!looks_like(""));
    }

    #[test]
    fn a_mailbox_is_cut_at_its_separators() {
        let text = b"From a\nSubject: 1\n\nFrom here on\n\nFrom b@example.org Mon Jan  1 10:00:00 2024\nSubject: 2\n\nx\n";
        let cut: Vec<(usize, &[u8])> = messages(text).collect();
        let expected = [(7, b"Subject: 1\n\nFrom here on\n\n".as_slice()), (77, b"Subject: 2\n\nx\n".as_slice())];
        assert_eq!(cut, expected);
        assert_eq!(messages(b"Subject: x\n\ny").count(), 1);
        assert_eq!(messages(b"").count(), 0);
    }
}
