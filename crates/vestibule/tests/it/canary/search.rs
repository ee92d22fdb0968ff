//! Searching bytes for marks in every encoding in which they could hide.

use super::inflate::gzip_streams;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;

/// The encodings by name, in the order of [`encoded`].
pub const ENCODINGS: [&str; 12] = [
    "raw",
    "upper case",
    "UTF-16 LE",
    "UTF-16 BE",
    "base64, first offset",
    "base64, second offset",
    "base64, third offset",
    "hex",
    "hex, upper case",
    "URL",
    "JSON",
    "gzip",
];

/// A mark in one encoding, as it would stand in the middle of other bytes.
pub fn encoded(mark: &str, encoding: &str) -> Vec<u8> {
    let hex = vestibule_core::id::hex(mark.as_bytes());
    match encoding {
        "raw" => mark.as_bytes().to_vec(),
        "upper case" => mark.to_uppercase().into_bytes(),
        "UTF-16 LE" => mark.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16 BE" => mark.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "base64, first offset" => STANDARD_NO_PAD.encode(format!("{mark}...")).into_bytes(),
        "base64, second offset" => STANDARD_NO_PAD.encode(format!("x{mark}..")).into_bytes(),
        "base64, third offset" => STANDARD_NO_PAD.encode(format!("xy{mark}.")).into_bytes(),
        "hex" => hex.into_bytes(),
        "hex, upper case" => hex.to_uppercase().into_bytes(),
        "URL" => mark.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
        "JSON" => mark.encode_utf16().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()).collect(),
        "gzip" => super::inflate::gzip_of(format!("before {mark} after").as_bytes()),
        other => panic!("no encoding `{other}`"),
    }
}

/// What is searched for: each needle in every encoding, compiled once.
pub struct Search {
    /// In bytes whose letters are all lower case.
    folded: Vec<(String, memmem::Finder<'static>)>,
    /// In the bytes as they are.
    exact: Vec<(String, memmem::Finder<'static>)>,
}

impl Search {
    /// A search for these lower-case needles, and for their upper-case forms.
    pub fn new(needles: &[String]) -> Search {
        let mut search = Search { folded: Vec::new(), exact: Vec::new() };
        for needle in needles {
            for encoding in ["raw", "hex", "URL", "JSON", "UTF-16 LE", "UTF-16 BE"] {
                let bytes = encoded(&needle.to_lowercase(), encoding).to_ascii_lowercase();
                search.folded.push((format!("{needle} as {encoding}"), memmem::Finder::new(&bytes).into_owned()));
            }
            for form in [needle.clone(), needle.to_lowercase(), needle.to_uppercase()] {
                for offset in 0..3 {
                    let core = base64_core(&form, offset);
                    search.exact.push((format!("{needle} as base64, offset {offset}"), memmem::Finder::new(&core).into_owned()));
                }
            }
        }
        search
    }

    /// What was found, in words for the one who has to mend it.
    pub fn in_bytes(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = self.plain(bytes);
        for stream in gzip_streams(bytes) {
            found.extend(self.plain(&stream).into_iter().map(|what| format!("{what}, in gzip")));
        }
        found
    }

    fn plain(&self, bytes: &[u8]) -> Vec<String> {
        let folded = bytes.to_ascii_lowercase();
        let show = |haystack: &[u8], (name, finder): &(String, memmem::Finder<'static>)| {
            let at = finder.find(haystack)?;
            let around = &haystack[at.saturating_sub(40)..haystack.len().min(at + 60)];
            Some(format!("{name}: …{}…", String::from_utf8_lossy(around)))
        };
        let loose = self.folded.iter().filter_map(|one| show(&folded, one));
        loose.chain(self.exact.iter().filter_map(|one| show(bytes, one))).collect()
    }
}

/// The characters of a base64 text that depend on the needle alone.
fn base64_core(needle: &str, offset: usize) -> Vec<u8> {
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(needle.bytes()).collect();
    let text = STANDARD_NO_PAD.encode(&padded);
    text.as_bytes()[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_vec()
}

#[test]
fn real_gzip_is_unpacked_too() {
    // written by another program, with a code of its own
    let stream = concat!(
        "H4sIAAAAAAACA1VUUXLEIAi9ikcIoqjHyTR2JtPstt3Nbjs9fV2BBL9ikPd48EjqZV43KO7vO/3+PPHjCy4+o3ubr8u6zHstbqnb+qy3uoB39Z",
        "WdwnlNwT3n7VGDm6/3n3qLcWTiW4CTJRp08gJriWcQBwpiimh0JHf93GtE977WbaEiJA34iifgOKBIS3o/6cGbaoWzCAeJvdFY3H2f98c9UGdG",
        "Yc6CgamHKWkaygFJKoGRrXoLMTsoezTjzlGQJZ3I1lhHBHkmEmRzgg9ZUHgEjqF0idmfygZ/IjPqdYisMSkhGW2euUAdmUafUL0E7cu4jkIc4x",
        "CzBGF89UVsnOQpQ8+ycVolCTOy+5IdjZ1tAXjgZEZazr5iNiaNTbUW7CuowXmMJ5EmgyFRHA67jlqAw/bzAuuwA9nvrnM1IwYBpTcZhJl0o0F9",
        "P1aWgM2ajo+hI0rglZVNJlPRm/EEaSGb0ZiJoirOrIdkpZv1XEUmQQZezJ8keO3uH3bXml9/BAAA",
    );
    let bytes = base64::engine::general_purpose::STANDARD.decode(stream).unwrap();
    let search = Search::new(&["zq7xwv3k".to_owned()]);
    assert!(search.plain(&bytes).is_empty());
    assert!(!search.in_bytes(&[b"before".as_slice(), &bytes, b"after"].concat()).is_empty());
    // bytes that only look like a stream harm nobody
    assert!(search.in_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff").is_empty());
}
