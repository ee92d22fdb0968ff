//! Spreadsheets (Office Open XML, ISO/IEC 29500): every cell that holds something, with its sheet, column name and place.
//!
//! Formulas are read as text and never computed; styles, charts, macros and pictures are not read. Dates stay the numbers they are
//! stored as.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::archive::{Limits, zip};

/// A cell of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The sheet's name.
    pub sheet: String,
    /// The cell as spreadsheets call it: `B7`.
    pub address: String,
    /// Row from 1.
    pub row: u32,
    /// Column from 1.
    pub column: u32,
    /// What stands in it.
    pub value: String,
    /// It is text, rather than a number or a truth value.
    pub is_text: bool,
}

/// Whether these bytes are a spreadsheet.
pub fn is_workbook(bytes: &[u8]) -> bool {
    zip::is_zip(bytes)
        && memchr::memmem::find(bytes, WORKBOOK.as_bytes()).is_some()
        && zip::entries(bytes).0.take(200).any(|entry| entry.name == WORKBOOK)
}

const WORKBOOK: &str = "xl/workbook.xml";

/// Hands on every cell that holds something, comments too; what could not be read comes back in words.
pub fn cells(bytes: &[u8], limits: &Limits, take: &mut dyn FnMut(Cell)) -> Vec<&'static str> {
    let mut book = Book { bytes, limits, left: limits.total_bytes, notes: Vec::new() };
    let names = book.part(WORKBOOK).map(|xml| sheets(&xml)).unwrap_or_default();
    let targets = book.part("xl/_rels/workbook.xml.rels").map(|xml| relations(&xml)).unwrap_or_default();
    let shared = book.part("xl/sharedStrings.xml").map(|xml| shared_texts(&xml)).unwrap_or_default();
    let parts: Vec<String> = zip::entries(bytes).0.take(MOST_PARTS).map(|entry| entry.name.into_owned()).collect();
    for part in &parts {
        let sheet = || {
            let target = targets.iter().find(|(_, target)| !target.is_empty() && part.ends_with(target.trim_start_matches('/')));
            let name = target.and_then(|(id, _)| names.iter().find(|(_, of)| of == id)).map(|(name, _)| name.clone());
            name.unwrap_or_else(|| part.rsplit('/').next().unwrap_or_default().trim_end_matches(".xml").to_owned())
        };
        let is_sheet = part.starts_with("xl/worksheets/") && part.ends_with(".xml");
        let has_comments = part.starts_with("xl/") && part.contains("omment") && part.ends_with(".xml");
        let Some(xml) = Some(part).filter(|_| is_sheet || has_comments).and_then(|part| book.part(part)) else {
            continue;
        };
        if is_sheet { read_sheet(&xml, &sheet(), &shared, take) } else { read_comments(&xml, &sheet(), take) }
    }
    book.notes
}

/// Parts of a workbook that are looked at.
const MOST_PARTS: usize = 10_000;

struct Book<'b> {
    bytes: &'b [u8],
    limits: &'b Limits,
    left: usize,
    notes: Vec<&'static str>,
}

impl Book<'_> {
    fn part(&mut self, name: &str) -> Option<String> {
        let entry = zip::entries(self.bytes).0.take(MOST_PARTS).find(|entry| entry.name == name)?;
        match entry.unpack(self.bytes, self.limits, self.left) {
            Ok(content) => {
                self.left = self.left.saturating_sub(content.len());
                Some(String::from_utf8(content).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
            }
            Err(trouble) => {
                self.notes.push(trouble.message());
                None
            }
        }
    }
}

/// Names of sheets with the ids of their relations.
fn sheets(xml: &str) -> Vec<(String, String)> {
    starts(xml, b"sheet").map(|start| (attribute(&start, "name"), attribute(&start, "id"))).collect()
}

/// Ids of relations with their targets.
fn relations(xml: &str) -> Vec<(String, String)> {
    starts(xml, b"Relationship").map(|start| (attribute(&start, "Id"), attribute(&start, "Target"))).collect()
}

fn starts<'x>(xml: &'x str, name: &'static [u8]) -> impl Iterator<Item = BytesStart<'x>> {
    let mut reader = Reader::from_str(xml);
    std::iter::from_fn(move || {
        loop {
            match reader.read_event() {
                Ok(Event::Start(start) | Event::Empty(start)) if start.local_name().as_ref() == name => return Some(start),
                Ok(Event::Eof) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    })
}

/// The attribute with this name, whatever its namespace prefix.
fn attribute(start: &BytesStart<'_>, name: &str) -> String {
    let found =
        start.attributes().with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name.as_bytes());
    found.and_then(|attribute| attribute.unescape_value().ok().map(|value| value.into_owned())).unwrap_or_default()
}

/// The texts that cells refer to by number; runs of one text are joined, phonetic hints left out.
fn shared_texts(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut texts = Vec::new();
    let (mut text, mut in_text, mut in_hint) = (String::new(), false, false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => match start.local_name().as_ref() {
                b"si" => text.clear(),
                b"t" => in_text = true,
                b"rPh" => in_hint = true,
                _ => {}
            },
            Ok(Event::Empty(start)) if start.local_name().as_ref() == b"si" => texts.push(String::new()),
            Ok(Event::End(end)) => match end.local_name().as_ref() {
                b"si" => texts.push(std::mem::take(&mut text)),
                b"t" => in_text = false,
                b"rPh" => in_hint = false,
                _ => {}
            },
            Ok(Event::Eof) | Err(_) => return texts,
            Ok(event) if in_text && !in_hint => push_text(&mut text, &event),
            Ok(_) => {}
        }
    }
}

fn push_text(text: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(part) => text.push_str(&part.decode().unwrap_or_default()),
        Event::CData(part) => text.push_str(&part.decode().unwrap_or_default()),
        Event::GeneralRef(name) => match name.resolve_char_ref() {
            Ok(Some(character)) => text.push(character),
            _ => {
                let name = name.decode().unwrap_or_default();
                text.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default());
            }
        },
        _ => {}
    }
}

fn read_sheet(xml: &str, sheet: &str, shared: &[String], take: &mut dyn FnMut(Cell)) {
    let mut reader = Reader::from_str(xml);
    let (mut address, mut kind) = (String::new(), String::new());
    let (mut value, mut formula) = (String::new(), String::new());
    let (mut row, mut column) = (0, 0);
    let mut inside: Option<Part> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => match start.local_name().as_ref() {
                b"row" => {
                    row = attribute(&start, "r").parse().unwrap_or(row + 1);
                    column = 0;
                }
                b"c" => {
                    address = attribute(&start, "r");
                    kind = attribute(&start, "t");
                    (row, column) = place(&address).unwrap_or((row.max(1), column + 1));
                    value.clear();
                    formula.clear();
                }
                b"v" | b"t" => inside = Some(Part::Value),
                b"f" => inside = Some(Part::Formula),
                _ => {}
            },
            Ok(Event::End(end)) => match end.local_name().as_ref() {
                b"v" | b"t" | b"f" => inside = None,
                b"c" => {
                    let mut hand_on = |value: &str, is_text: bool| {
                        if !value.trim().is_empty() {
                            let address = if address.is_empty() { name_of(row, column) } else { address.clone() };
                            take(Cell { sheet: sheet.to_owned(), address, row, column, value: value.to_owned(), is_text });
                        }
                    };
                    match kind.as_str() {
                        "s" => hand_on(
                            value.trim().parse().ok().and_then(|index: usize| shared.get(index)).map_or("", String::as_str),
                            true,
                        ),
                        "" | "n" | "b" => hand_on(&value, false),
                        _ => hand_on(&value, true),
                    }
                    hand_on(&formula, true);
                }
                _ => {}
            },
            Ok(Event::Eof) | Err(_) => return,
            Ok(event) => match inside {
                Some(Part::Value) => push_text(&mut value, &event),
                Some(Part::Formula) => push_text(&mut formula, &event),
                None => {}
            },
        }
    }
}

enum Part {
    Value,
    Formula,
}

fn read_comments(xml: &str, sheet: &str, take: &mut dyn FnMut(Cell)) {
    let mut reader = Reader::from_str(xml);
    let (mut address, mut value, mut in_text) = (String::new(), String::new(), false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => match start.local_name().as_ref() {
                b"comment" | b"threadedComment" => {
                    address = attribute(&start, "ref");
                    value.clear();
                }
                b"t" | b"text" => in_text = true,
                _ => {}
            },
            Ok(Event::End(end)) => match end.local_name().as_ref() {
                b"t" | b"text" => in_text = false,
                b"comment" | b"threadedComment" if !value.trim().is_empty() => {
                    let (row, column) = place(&address).unwrap_or((1, 1));
                    let value = std::mem::take(&mut value);
                    take(Cell { sheet: sheet.to_owned(), address: address.clone(), row, column, value, is_text: true });
                }
                _ => {}
            },
            Ok(Event::Eof) | Err(_) => return,
            Ok(event) if in_text => push_text(&mut value, &event),
            Ok(_) => {}
        }
    }
}

/// Row and column, from 1, of an address such as `AB12`.
fn place(address: &str) -> Option<(u32, u32)> {
    let letters = address.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, digits) = address.split_at_checked(letters).filter(|(letters, _)| (1..=3).contains(&letters.len()))?;
    let column = letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    Some((digits.parse().ok().filter(|row| *row > 0)?, column))
}

fn name_of(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &row.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_places_are_the_same_thing() {
        for (address, row, column) in [("A1", 1, 1), ("Z9", 9, 26), ("AA10", 10, 27), ("XFD1048576", 1_048_576, 16_384)] {
            assert_eq!(place(address), Some((row, column)));
            assert_eq!(name_of(row, column), address);
        }
        for address in ["", "A", "1", "A0", "ABCD1", "a1"] {
            assert_eq!(place(address), None);
        }
    }

    #[test]
    fn texts_of_runs_are_joined_and_entities_resolved() {
        let xml =
            "<sst><si><r><t>pass</t></r><r><t>word &amp; &#65;</t></r><rPh><t>no</t></rPh></si><si/><si><t>two</t></si></sst>";
        assert_eq!(shared_texts(xml), ["password & A", "", "two"]);
    }
}
