//! ZIP archives and spreadsheets: read to the bottom, tricks told, bombs stopped.

use std::io::Write as _;

use proptest::prelude::*;
use vestibule_scan::source::archive::{self, Limits, Note, Trouble};

use super::{graph, read};

/// One entry of an archive to be made.
pub struct Entry<'e> {
    pub name: &'e str,
    pub content: &'e [u8],
    pub packed: bool,
    pub flags: u16,
    pub mode: u32,
}

pub fn entry<'e>(name: &'e str, content: &'e [u8]) -> Entry<'e> {
    Entry { name, content, packed: true, flags: 0, mode: 0o100_644 }
}

/// An archive as common programs write it.
pub fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = out.len() as u32;
        let data = if entry.packed { deflate(entry.content) } else { entry.content.to_vec() };
        let mut common = Vec::new();
        common.extend_from_slice(&20_u16.to_le_bytes());
        common.extend_from_slice(&entry.flags.to_le_bytes());
        common.extend_from_slice(&if entry.packed { 8_u16 } else { 0 }.to_le_bytes());
        common.extend_from_slice(&[0; 4]);
        common.extend_from_slice(&crc32fast::hash(entry.content).to_le_bytes());
        common.extend_from_slice(&(data.len() as u32).to_le_bytes());
        common.extend_from_slice(&(entry.content.len() as u32).to_le_bytes());
        common.extend_from_slice(&(entry.name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0; 2]);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(entry.name.as_bytes());
        out.extend_from_slice(&data);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(entry.mode << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(entry.name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

fn expand(bytes: &[u8], limits: &Limits) -> (Vec<(String, Vec<u8>)>, Vec<Note>) {
    let mut files = Vec::new();
    let notes = archive::expand("a.zip", bytes, limits, &mut |path, content| files.push((path.to_owned(), content)));
    (files, notes)
}

fn paths(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(path, _)| path.as_str()).collect()
}

fn told(notes: &[Note]) -> Vec<(&str, Trouble)> {
    notes.iter().map(|note| (note.path.as_str(), note.what)).collect()
}

#[test]
fn a_whole_data_export_is_read() {
    let zaps = include_bytes!("../../fixtures/zapier/catch-hook-to-sheet.json");
    let data = include_bytes!("../../fixtures/zapier/zap-data.json");
    let history = b"zap,url\n401,https://files.example.com/h?sig=Zx81\n402,https://files.example.com/i?sig=Zx82\n";
    let mut stored = entry("zap_data.json", data);
    stored.packed = false;
    let folder = entry("export/", b"");
    let export = zip(&[folder, entry("export/Zapfile.json", zaps), stored, entry("task_history_download_urls.csv", history)]);
    let words = graph("export.zip", &export);
    let inner = graph("export.zip!export/Zapfile.json", zaps) + &graph("x", data);
    assert!(words.starts_with(&inner), "{words}");
    assert!(words.contains("Pinned \"url\" = \"https://files.example.com/h?sig=Zx81\""), "{words}");
    assert!(!words.contains("finding"), "{words}");
}

#[test]
fn archives_in_archives_are_read_to_a_depth() {
    let mut bytes = zip(&[entry("deep.json", b"{\"a\":1}")]);
    for level in ["c.zip", "b.zip"] {
        bytes = zip(&[entry(level, &bytes)]);
    }
    let (files, notes) = expand(&bytes, &Limits::default());
    assert_eq!((paths(&files), told(&notes)), (vec!["a.zip!b.zip!c.zip!deep.json"], vec![]));
    let (files, notes) = expand(&zip(&[entry("z.zip", &bytes)]), &Limits::default());
    assert_eq!((paths(&files), told(&notes)), (vec![], vec![("a.zip!z.zip!b.zip!c.zip", Trouble::TooDeep)]));
}

#[test]
fn names_that_lead_outside_are_told_and_made_harmless() {
    let names = [
        "../../etc/passwd",
        "/abs.json",
        "C:\\x\\y.json",
        "a\\..\\b.json",
        "x\u{202E}gpj.json",
        "..",
        "!a!b",
        "fine/../no.json",
        "ok/a.json",
        "line\nbreak",
    ];
    let entries: Vec<Entry<'_>> = names.iter().map(|name| entry(name, b"{}")).collect();
    let (files, notes) = expand(&zip(&entries), &Limits::default());
    let expected = [
        "a.zip!etc/passwd",
        "a.zip!abs.json",
        "a.zip!C:/x/y.json",
        "a.zip!a/b.json",
        "a.zip!x\u{FFFD}gpj.json",
        "a.zip!unnamed",
        "a.zip!\u{FFFD}a\u{FFFD}b",
        "a.zip!fine/no.json",
        "a.zip!ok/a.json",
        "a.zip!line\u{FFFD}break",
    ];
    assert_eq!(paths(&files), expected);
    let harmless = ["a.zip!\u{FFFD}a\u{FFFD}b", "a.zip!ok/a.json"];
    let outside: Vec<_> =
        expected.iter().filter(|path| !harmless.contains(path)).map(|path| (*path, Trouble::OutsideName)).collect();
    assert_eq!(told(&notes), outside);
}

#[test]
fn entries_of_one_name_are_all_read_and_told() {
    let (files, notes) = expand(&zip(&[entry("a", b"1"), entry("a", b"2"), entry("./a", b"3")]), &Limits::default());
    assert_eq!(files.iter().map(|(_, content)| content.as_slice()).collect::<Vec<_>>(), [b"1", b"2", b"3"]);
    assert_eq!(told(&notes), [("a.zip!a", Trouble::SameName)]);
}

#[test]
fn links_passwords_and_unknown_packings_are_told() {
    let mut link = entry("link.json", b"/etc/passwd");
    link.mode = 0o120_777;
    let mut locked = entry("locked.json", b"{}");
    locked.flags = 1;
    let mut bytes = zip(&[link, locked, entry("odd.json", b"{}")]);
    // the third entry says it is packed with bzip2
    let third = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    bytes[third + 10] = 12;
    let (files, notes) = expand(&bytes, &Limits::default());
    assert!(files.is_empty());
    let expected = [
        ("a.zip!link.json", Trouble::Link),
        ("a.zip!locked.json", Trouble::Encrypted),
        ("a.zip!odd.json", Trouble::UnknownPacking),
    ];
    assert_eq!(told(&notes), expected);
    let read = read("a.zip", &bytes);
    assert_eq!(read.findings.len(), 3);
    assert!(read.findings.iter().all(|finding| finding.check == "unreadable-file"));
    assert!(read.coverage[0].error.is_some());
}

#[test]
fn a_broken_directory_is_told_and_what_is_there_is_read() {
    let whole = zip(&[entry("a.json", b"{\"a\":1}"), entry("b.json", b"{\"b\":2}")]);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    let (files, notes) = expand(&whole[..directory], &Limits::default());
    assert_eq!(paths(&files), ["a.zip!a.json", "a.zip!b.json"]);
    assert_eq!(told(&notes), [("a.zip", Trouble::NoDirectory)]);
    let mut damaged = whole.clone();
    damaged[38] ^= 0xFF;
    let (files, notes) = expand(&damaged, &Limits::default());
    assert_eq!(paths(&files), ["a.zip!b.json"]);
    assert_eq!(told(&notes), [("a.zip!a.json", Trouble::Damaged)]);
    assert_eq!(expand(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", &Limits::default()).1, []);
}

#[test]
fn something_before_the_archive_does_not_hide_it() {
    // the archive's offsets count from its own start
    let archive = zip(&[entry("a.json", b"{}")]);
    let shifted = [b"PK\x03\x04 not the first entry".as_slice(), &archive].concat();
    assert_eq!(paths(&expand(&shifted, &Limits::default()).0), ["a.zip!a.json"]);
}

#[test]
fn bombs_are_stopped_by_ratio_and_by_size() {
    let zeros = vec![0; 40 << 20];
    let (files, notes) = expand(&zip(&[entry("bomb", &zeros), entry("a.json", b"{}")]), &Limits::default());
    assert_eq!(paths(&files), ["a.zip!a.json"]);
    assert_eq!(told(&notes), [("a.zip!bomb", Trouble::Bomb)]);
    let limits = Limits { entry_bytes: 1000, total_bytes: 2500, ..Limits::default() };
    let large = [7; 1001];
    let entries = [
        entry("too large", &large),
        entry("1", &large[..900]),
        entry("2", &large[..900]),
        entry("3", &large[..900]),
        entry("4", b""),
    ];
    let (files, notes) = expand(&zip(&entries), &Limits { free_bytes: 0, ratio: usize::MAX, ..limits });
    assert_eq!(paths(&files), ["a.zip!1", "a.zip!2"]);
    assert_eq!(told(&notes), [("a.zip!too large", Trouble::TooLarge), ("a.zip!3", Trouble::TooMuch)]);
    let many: Vec<Entry<'_>> = (0..20).map(|_| entry("x", b"")).collect();
    let (files, notes) = expand(&zip(&many), &Limits { entries: 5, ..Limits::default() });
    assert_eq!(files.len(), 5);
    assert_eq!(notes.last().unwrap().what, Trouble::TooMany);
}

/// A workbook of two sheets with shared texts, a formula and a comment.
pub fn workbook() -> Vec<u8> {
    let book = br#"<workbook xmlns:r="r"><sheets><sheet name="People" sheetId="1" r:id="rId1"/><sheet name="A/B" sheetId="2" r:id="rId2"/></sheets></workbook>"#;
    let relations = br#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>"#;
    let shared =
        br#"<sst><si><t>E-mail</t></si><si><t>API key</t></si><si><r><t>ana.maier</t></r><r><t>@example.org</t></r></si></sst>"#;
    let first = br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="inlineStr"><is><t>q7Zt2mWc&amp;9LrX</t></is></c><c r="C2"><v>41000</v></c></row></sheetData></worksheet>"#;
    let second = br#"<worksheet><sheetData><row r="3"><c r="B3" t="str"><f>WEBSERVICE("https://x.example.com?key=m4Wd8Rv1")</f><v>ok</v></c><c><v>1</v></c></row></sheetData></worksheet>"#;
    let comments = br#"<comments><commentList><comment ref="B2"><text><t>ask Ana</t></text></comment></commentList></comments>"#;
    zip(&[
        entry("[Content_Types].xml", b"<Types/>"),
        entry("xl/workbook.xml", book),
        entry("xl/_rels/workbook.xml.rels", relations),
        entry("xl/sharedStrings.xml", shared),
        entry("xl/worksheets/sheet1.xml", first),
        entry("xl/worksheets/sheet2.xml", second),
        entry("xl/comments1.xml", comments),
    ])
}

#[test]
fn a_workbook_is_read_cell_by_cell() {
    let read = read("people.xlsx", &workbook());
    let cells: Vec<String> = read.scenarios[0]
        .spots()
        .map(|spot| format!("{} {:?} {}={} {}:{}", spot.pointer, spot.role, spot.name, spot.value, spot.line, spot.column))
        .collect();
    let expected = [
        "/People/A1 Label =E-mail 1:1",
        "/People/B1 Label =API key 1:2",
        "/People/A2 Pinned E-mail=ana.maier@example.org 2:1",
        "/People/B2 Pinned API key=q7Zt2mWc&9LrX 2:2",
        "/People/C2 Pinned =41000 2:3",
        "/A~1B/B3 Pinned =ok 3:2",
        "/A~1B/B3 Pinned =WEBSERVICE(\"https://x.example.com?key=m4Wd8Rv1\") 3:2",
        "/A~1B/C3 Pinned =1 3:3",
        "/comments1/B2 Pinned =ask Ana 2:2",
    ];
    assert_eq!(cells, expected);
    let outer = graph("a.zip", &zip(&[entry("people.xlsx", &workbook())]));
    assert!(outer.contains("file:workbook"), "{outer}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn damaged_archives_never_panic(is_book in any::<bool>(), cut in 0..2000_usize, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20)) {
        let mut bytes = if is_book { workbook() } else { zip(&[entry("a.json", b"{\"a\":1}"), entry("b.zip", &workbook())]) };
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(if cut < 500 { cut } else { 0 }));
        let _ = read("a.zip", &bytes);
    }
}
