//! Each kind of file is read as what it is, in every encoding.

use vestibule_scan::model::Role;

use super::{compare_graphs, fixtures_in, graph, read};

#[test]
fn every_fixture_gives_its_graph() {
    assert!(fixtures_in("files").len() >= 18);
    compare_graphs("files");
}

#[test]
fn places_of_values_are_where_they_stand() {
    let (_, bytes) = fixtures_in("files").into_iter().find(|(name, _)| name == "config.json").unwrap();
    let read = read("config.json", &bytes);
    let spot = read.scenarios[0].spots().find(|spot| spot.name == "X-Api-Key" && spot.value.starts_with("q7")).unwrap();
    assert_eq!((spot.pointer.as_str(), spot.line, spot.column), ("/headers/0/value", 3, 46));
    let (_, bytes) = fixtures_in("files").into_iter().find(|(name, _)| name == "lines.jsonl").unwrap();
    let read = super::read("lines.jsonl", &bytes);
    let spot = read.scenarios[1].spots().find(|spot| spot.name == "token").unwrap();
    assert_eq!((spot.pointer.as_str(), spot.line, spot.column), ("/token", 3, 23));
    let broken = read.findings.iter().find(|finding| finding.check == "unreadable-file").unwrap();
    assert_eq!((broken.line, broken.column), (4, 9));
}

#[test]
fn every_encoding_gives_the_same_graph() {
    for (name, bytes) in fixtures_in("zapier").into_iter().chain(fixtures_in("files")) {
        let plain = graph(&name, &bytes);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let wide = |mark: &[u8], unit: fn(u16) -> [u8; 2]| [mark.to_vec(), text.encode_utf16().flat_map(unit).collect()].concat();
        assert_eq!(graph(&name, &[b"\xEF\xBB\xBF".as_slice(), &bytes].concat()), plain, "{name} with a mark");
        assert_eq!(graph(&name, &wide(b"\xFF\xFE", u16::to_le_bytes)), plain, "{name} low byte first");
        assert_eq!(graph(&name, &wide(b"\xFE\xFF", u16::to_be_bytes)), plain, "{name} high byte first");
        assert_eq!(graph(&name, &wide(b"", u16::to_le_bytes)), plain, "{name} without a mark");
    }
}

#[test]
fn what_is_no_utf_8_is_read_and_said() {
    let read = read("latin.json", b"{\"name\":\"Ma\xEFer\",\"token\":\"m4Wd8Rv1\"}");
    assert_eq!(read.scenarios[0].spots().map(|spot| spot.value.as_str()).collect::<Vec<_>>(), ["Ma\u{FFFD}er", "m4Wd8Rv1"]);
    assert!(read.scenarios[0].unread[0].contains("replacement characters"));
}

#[test]
fn what_is_no_text_is_skipped_with_a_word() {
    for (bytes, word) in [
        (b"%PDF-1.7\n\0\x01".as_slice(), "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0d", "picture"),
        (b"\x1F\x8B\x08\0\0\0", "gzip"),
        (b"\x7FELF\x02\x01\x01\0\0\0", "binary"),
        (b"", "empty"),
        (b"{\"a\": 1, \"b\": \"x\0y\"}", "zero bytes"),
    ] {
        let read = read("thing", bytes);
        assert!(read.scenarios.is_empty(), "{word}");
        assert!(read.coverage[0].error.as_ref().unwrap().contains(word), "{word}: {:?}", read.coverage);
    }
}

#[test]
fn the_same_content_is_the_same_whatever_the_file_is_called() {
    let (_, bytes) = fixtures_in("zapier").into_iter().find(|(name, _)| name == "paths.json").unwrap();
    let expected = graph("x", &bytes);
    for name in ["paths.json", "paths.txt", "stdin", "a.csv", ".env", "mail.eml"] {
        assert_eq!(graph(name, &bytes), expected, "{name}");
    }
}

#[test]
fn a_large_table_comes_in_parts_and_loses_nothing() {
    let mut text = String::from("id,mail\n");
    for row in 0..40_000 {
        text.push_str(&format!("{row},p{row}@example.org\n"));
    }
    let read = read("people.csv", text.as_bytes());
    assert!(read.parts >= 3);
    assert_eq!(read.coverage.len(), 1);
    let cells: Vec<_> = read.scenarios.iter().flat_map(|scenario| scenario.spots()).collect();
    assert_eq!(cells.len(), 80_002);
    let last = cells.last().unwrap();
    assert_eq!(
        (last.role, last.name.as_str(), last.value.as_str(), last.line, last.column),
        (Role::Pinned, "mail", "p39999@example.org", 40_001, 7)
    );
}
