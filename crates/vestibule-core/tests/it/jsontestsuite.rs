//! nst/JSONTestSuite: what must be accepted, what must be refused, and what we decided where the standard leaves it open.

use std::fs;
use std::path::PathBuf;

use vestibule_core::document::{Document, Limits};

/// Valid JSON that we refuse on purpose: two documents with duplicate names and two with NUL.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("y_object_duplicated_key.json", "json.duplicate_name"),
    ("y_object_duplicated_key_and_value.json", "json.duplicate_name"),
    ("y_object_escaped_null_in_key.json", "json.nul"),
    ("y_string_null_escape.json", "json.nul"),
];

/// Where the standard leaves the choice: `ok` or the code of the refusal.
const OPEN: &str = "
i_number_double_huge_neg_exp.json ok
i_number_huge_exp.json ok
i_number_neg_int_huge_exp.json ok
i_number_pos_double_huge_exp.json ok
i_number_real_neg_overflow.json ok
i_number_real_pos_overflow.json ok
i_number_real_underflow.json ok
i_number_too_big_neg_int.json ok
i_number_too_big_pos_int.json ok
i_number_very_big_negative_int.json ok
i_object_key_lone_2nd_surrogate.json json.surrogate
i_string_1st_surrogate_but_2nd_missing.json json.surrogate
i_string_1st_valid_surrogate_2nd_invalid.json json.surrogate
i_string_UTF-16LE_with_BOM.json json.utf8
i_string_UTF-8_invalid_sequence.json json.utf8
i_string_UTF8_surrogate_U+D800.json json.utf8
i_string_incomplete_surrogate_and_escape_valid.json json.surrogate
i_string_incomplete_surrogate_pair.json json.surrogate
i_string_incomplete_surrogates_escape_valid.json json.surrogate
i_string_invalid_lonely_surrogate.json json.surrogate
i_string_invalid_surrogate.json json.surrogate
i_string_invalid_utf-8.json json.utf8
i_string_inverted_surrogates_U+1D11E.json json.surrogate
i_string_iso_latin_1.json json.utf8
i_string_lone_second_surrogate.json json.surrogate
i_string_lone_utf8_continuation_byte.json json.utf8
i_string_not_in_unicode_range.json json.utf8
i_string_overlong_sequence_2_bytes.json json.utf8
i_string_overlong_sequence_6_bytes.json json.utf8
i_string_overlong_sequence_6_bytes_null.json json.utf8
i_string_truncated-utf-8.json json.utf8
i_string_utf16BE_no_BOM.json json.utf8
i_string_utf16LE_no_BOM.json json.utf8
i_structure_500_nested_arrays.json json.depth
i_structure_UTF-8_BOM_empty_object.json json.byte_order_mark
";

#[test]
fn every_document_of_the_suite() {
    let folder = std::env::var_os("VESTIBULE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from)
        .join("jsontestsuite/test_parsing");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("jsontestsuite: not run: no vectors");
        return;
    };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    let (mut ran, mut open) = (0, String::from("\n"));
    for path in &files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(path).unwrap();
        let outcome = Document::parse(&bytes, &Limits::default()).map_or_else(|error| error.code, |_| "ok");
        let exception = EXCEPTIONS.iter().find(|(file, _)| *file == name);
        match (name.get(..2), exception) {
            (_, Some((_, code))) => assert_eq!(outcome, *code, "{name}"),
            (Some("y_"), None) => assert_eq!(outcome, "ok", "{name}"),
            (Some("n_"), None) => assert_ne!(outcome, "ok", "{name}"),
            (Some("i_"), None) => open.push_str(&format!("{name} {outcome}\n")),
            _ => panic!("{name}: a file of no known kind"),
        }
        ran += 1;
    }
    assert_eq!(open, OPEN);
    assert_eq!(ran, files.len());
    assert!(EXCEPTIONS.iter().all(|(file, _)| folder.join(file).exists()));
    println!("jsontestsuite: {ran} cases");
}
