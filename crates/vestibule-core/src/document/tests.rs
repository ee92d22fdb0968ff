//! Documents, paths, edits and forms against hand-made cases and oracles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
//! Documents: what is refused and where, the tape, paths, matching and edits.

use super::*;

fn refused(text: &str) -> (&'static str, usize) {
    let error = Document::parse(text.as_bytes(), &Limits::default()).expect_err(text);
    (error.code, error.offset)
}

fn doc(text: &str) -> Document<'_> {
    Document::parse(text.as_bytes(), &Limits::default()).unwrap()
}

fn paths(texts: &[&str]) -> Vec<FieldPath> {
    texts.iter().map(|text| FieldPath::parse(text).unwrap()).collect()
}

#[test]
fn faults_have_a_code_and_a_place() {
    for (text, code, offset) in [
        ("", "json.empty", 0),
        (" \n", "json.empty", 2),
        ("\u{feff}{}", "json.byte_order_mark", 0),
        ("{", "json.unfinished", 1),
        ("[1,]", "json.syntax", 3),
        ("{\"a\":1,}", "json.syntax", 7),
        ("{\"a\" 1}", "json.syntax", 5),
        ("[1 2]", "json.syntax", 3),
        ("[1}", "json.syntax", 2),
        ("{} x", "json.trailing", 3),
        ("tru", "json.literal", 0),
        ("[01]", "json.number", 1),
        ("[1.]", "json.number", 1),
        ("[-]", "json.number", 1),
        ("[1e]", "json.number", 1),
        ("\"a", "json.unfinished", 2),
        ("\"a\nb\"", "json.control", 2),
        ("\"123456789\u{1f}\"", "json.control", 10),
        ("\"\\x\"", "json.escape", 1),
        ("\"\\u12g4\"", "json.escape", 1),
        ("\"\\u0000\"", "json.nul", 1),
        ("\"a\0\"", "json.nul", 2),
        ("\"\\ud800\"", "json.surrogate", 1),
        ("\"\\ud800\\u0041\"", "json.surrogate", 1),
        ("\"\\udc00\"", "json.surrogate", 1),
        ("{\"a\":1,\"b\":2,\"a\":3}", "json.duplicate_name", 13),
        ("{\"a\":1,\"\\u0061\":3}", "json.duplicate_name", 7),
        ("{\"\":1,\"\":3}", "json.duplicate_name", 6),
    ] {
        assert_eq!(refused(text), (code, offset), "{text:?}");
        assert!(CODES.contains(&code));
    }
    assert_eq!(Document::parse(b"\"\xff\"", &Limits::default()).unwrap_err().code, "json.utf8");
    let error = Document::parse("{\n \"\u{e4}\": x}".as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!((error.line, error.column), (2, 7));
    assert_eq!(error.to_string(), "the document is not valid JSON at line 2, column 7");
}

#[test]
fn limits_hold() {
    let limits = Limits { depth: 2, nodes: 4 };
    let code = |text: &str| Document::parse(text.as_bytes(), &limits).map(|doc| doc.len()).map_err(|error| error.code);
    assert_eq!(code("[[1]]"), Ok(3));
    assert_eq!(code("[[[1]]]"), Err("json.depth"));
    assert_eq!(code("[1,2,3]"), Ok(4));
    assert_eq!(code("[1,2,3,4]"), Err("json.nodes"));
    assert_eq!(refused(&"[".repeat(10_000)).0, "json.depth");
}

#[test]
fn duplicates_in_large_objects_are_found() {
    let members = |count: usize| (0..count).map(|at| format!("\"n{at}\":{at}")).collect::<Vec<_>>();
    for count in [3, 64, 65, 66, 200, 100_000] {
        let mut all = members(count);
        assert_eq!(doc(&format!("{{{}}}", all.join(","))).len(), count + 1);
        for twin in [0, count / 2, count - 1] {
            all.push(format!("\"n{twin}\":0"));
            assert_eq!(refused(&format!("{{{}}}", all.join(","))).0, "json.duplicate_name", "{count} {twin}");
            all.pop();
        }
    }
}

#[test]
fn the_tape_tells_all() {
    let doc = doc(" {\"a\": [1, {\"b\\n\": \"x\\ty\\ud83d\\ude00\"}], \"c\": null, \"d\": {}, \"e\": \"\", \"f\": 1.50} ");
    let ids: Vec<NodeId> = doc.children(doc.root()).collect();
    assert_eq!(ids.iter().map(|id| doc.name(*id).unwrap()).collect::<Vec<_>>(), ["a", "c", "d", "e", "f"]);
    assert_eq!(ids.iter().map(|id| doc.is_empty(*id)).collect::<Vec<_>>(), [false, true, true, true, false]);
    assert_eq!(doc.text(ids[4]), b"1.50");
    let inner = doc.member(doc.children(ids[0]).nth(1).unwrap(), "b\n").unwrap();
    assert_eq!(doc.string(inner), "x\ty\u{1f600}");
    assert!(doc.node(inner).value_escaped() && doc.node(inner).name_escaped());
    assert_eq!(doc.text(doc.root()), doc.bytes().trim_ascii());
    assert_eq!(doc.nodes().len(), doc.len());
    assert_eq!(doc.node(NodeId::new(99)).kind(), Kind::Null);
    assert!(!format!("{doc:?}").contains('x'));
    for text in ["1", "\"a\"", "true", "[]", " null "] {
        assert_eq!(
            super::Document::parse(text.as_bytes(), &Limits::default()).unwrap().text(NodeId::ROOT),
            text.trim().as_bytes()
        );
    }
}

#[test]
fn places_show_no_data() {
    let doc = doc(r#"{"candidate":{"Dana Smith":[{"email":1}]},"a~b":2}"#);
    let email = NodeId::new(4);
    assert_eq!(doc.path(email), "candidate.?[0].email");
    assert_eq!(doc.pointer(email), "/candidate/?/0/email");
    assert_eq!(doc.path_with(email, |_| true), "candidate[\"Dana Smith\"][0].email");
    assert_eq!(doc.pointer(NodeId::new(5)), "/?");
    assert_eq!((doc.path(NodeId::ROOT).as_str(), doc.pointer(NodeId::ROOT).as_str()), ("$", ""));
}

#[test]
fn paths_are_read_and_written() {
    for text in [
        "$",
        "a",
        "a.b",
        "a[*].c",
        "[*]",
        "[*].a",
        "[0]",
        "a[10]",
        "answers[ref=salary].value",
        "a[\"odd name\"].b",
        "[\"$\"]",
        "$x",
        "a.$",
        "a[k=\"x]\"]",
        "a[\"k k\"=v w]",
        "hs_object-id.x/y",
        "\u{e4}.\u{6587}",
        "a[\"\"]",
        "[\"a.b\"]",
        "[k=v].a",
        "a[k=\"\"]",
        "a[k=0]",
        "a[*][*]",
    ] {
        let path = FieldPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(path.to_string(), text);
    }
    assert_eq!(FieldPath::parse("a[\"b\"]").unwrap().to_string(), "a.b");
    for (text, code, column) in [
        ("", "path.name", 1),
        (".a", "path.name", 1),
        ("a.", "path.name", 3),
        ("a..b", "path.name", 3),
        ("$.a", "path.root", 1),
        ("a b", "path.separator", 2),
        ("a.*", "path.name", 3),
        ("a[", "path.bracket", 3),
        ("a[]", "path.bracket", 3),
        ("a[01]", "path.bracket", 3),
        ("a[-1]", "path.bracket", 3),
        ("a[b]", "path.bracket", 3),
        ("a[99999999999]", "path.bracket", 3),
        ("a[*", "path.bracket", 4),
        ("a[=v]", "path.selector", 3),
        ("a[k=]", "path.selector", 5),
        ("a[k= v]", "path.selector", 5),
        ("a[\"x]", "path.quotes", 3),
        ("a]", "path.separator", 2),
    ] {
        let error = FieldPath::parse(text).expect_err(text);
        assert_eq!((error.code, error.column), (code, column), "{text}");
    }
}

#[test]
fn the_most_exact_rule_wins() {
    use Assignment::{Rule, SelectorKey, Through, Unnamed};
    let rules = [
        "answers[*].value",
        "answers[ref=salary].value",
        "answers[0].value",
        "candidate",
        "candidate.email",
        "tags[*]",
        "deep.er.still",
    ];
    let matcher = Matcher::compile(&paths(&rules)).unwrap();
    let doc = doc(
        r#"{"answers":[{"ref":"salary","value":1},{"ref":"salary","value":2},{"ref":"x","value":3}],"candidate":{"email":"e","name":"n"},"tags":"t","deep":{"er":7},"other":{"value":1}}"#,
    );
    let expected = [
        Through,
        Through,
        Through,
        SelectorKey,
        Rule(2),
        Through,
        SelectorKey,
        Rule(1),
        Through,
        Unnamed,
        Rule(0),
        Rule(3),
        Rule(4),
        Rule(3),
        Unnamed,
        Through,
        Unnamed,
        Unnamed,
        Unnamed,
    ];
    assert_eq!(matcher.assign(&doc), expected);
    assert!(matcher.is_named("ref") && matcher.is_named("candidate") && !matcher.is_named("other"));
}

#[test]
fn roots_and_top_level_arrays() {
    use Assignment::{Rule, Through, Unnamed};
    let assign = |rules: &[&str], text: &str| Matcher::compile(&paths(rules)).unwrap().assign(&doc(text));
    assert_eq!(assign(&["$"], "5"), [Rule(0)]);
    assert_eq!(assign(&[], "5"), [Unnamed]);
    assert_eq!(assign(&["[*]"], "[1,2]"), [Through, Rule(0), Rule(0)]);
    assert_eq!(assign(&["$", "[1]"], "[1,2]"), [Rule(0), Rule(0), Rule(1)]);
    assert_eq!(assign(&["a"], "[1]"), [Unnamed, Unnamed]);
}

#[test]
fn ties_do_not_compile() {
    let tie = |rules: &[&str]| Matcher::compile(&paths(rules)).err();
    assert_eq!(tie(&["a", "b", "[\"a\"]"]), Some(MatcherError::Tie { first: 0, second: 2 }));
    assert_eq!(tie(&["a[x=1].v", "a[y=1].v"]), Some(MatcherError::Tie { first: 0, second: 1 }));
    assert_eq!(tie(&["a[x=1].v", "a[x=2].v", "a[y=1].w", "a[*].v", "a[0].v"]), None);
    assert_eq!(tie(&["a"; 2].repeat(6_000)), Some(MatcherError::TooMany));
}

#[test]
fn forms_keep_their_bytes() {
    let text = "a=1&&b=x+y%21&a=%C3%A4&flag&c=&=e";
    let mut form = Form::parse(text.as_bytes()).unwrap();
    let pairs: Vec<_> = form.pairs().collect();
    assert_eq!(pairs, [("a", "1"), ("b", "x y!"), ("a", "\u{e4}"), ("flag", ""), ("c", ""), ("", "e")]);
    assert_eq!(form.serialise(), text.as_bytes());
    assert_eq!((form.get("a", 1), form.get("a", 2)), (Some("\u{e4}"), None));
    assert!(form.replace(2, "a&b=\u{e9} c") && form.replace(3, "on") && !form.replace(6, ""));
    assert_eq!(form.serialise(), b"a=1&&b=x+y%21&a=a%26b%3D%C3%A9+c&flag=on&c=&=e");
    assert_eq!(Form::parse(b"").unwrap().serialise(), b"");
    let assigned = Matcher::compile(&paths(&["a[1]", "b[*]", "c"])).unwrap().assign_form(&form);
    use Assignment::{Rule, Unnamed};
    assert_eq!(assigned, [Unnamed, Rule(1), Rule(0), Unnamed, Rule(2), Unnamed]);
    for (bytes, code) in [
        (&b"a=%"[..], "form.escape"),
        (b"a=%4", "form.escape"),
        (b"a=%zz", "form.escape"),
        (b"a=b c", "form.character"),
        (b"a=\r\n", "form.character"),
        (b"a=%ff", "form.utf8"),
        (b"a=%00", "form.nul"),
        (b"%00", "form.nul"),
    ] {
        assert_eq!(Form::parse(bytes).unwrap_err().code(), code);
    }
    assert_eq!(Form::parse("a&".repeat(10_001).as_bytes()).unwrap_err(), FormError::TooMany);
}

#[test]
fn edits_leave_the_rest_alone() {
    let text = "{ \"a\" : 1.0 ,\n \"b\":[ 1, 2 ,3 ], \"c\":{\"d\":true} }";
    let doc = doc(text);
    let apply = |edit: &dyn Fn(&mut Edits)| {
        let mut edits = Edits::new();
        edit(&mut edits);
        String::from_utf8(edits.apply(&doc)).unwrap()
    };
    let [a, b, one, two, three, c, d] = [1, 2, 3, 4, 5, 6, 7].map(NodeId::new);
    assert_eq!(apply(&|_| {}), text);
    assert_eq!(apply(&|e| e.replace(a, b"\"x\"".to_vec())), text.replace("1.0", "\"x\""));
    assert_eq!(apply(&|e| e.rename(c, "q\"\n")), text.replace("\"c\"", "\"q\\\"\\n\""));
    assert_eq!(apply(&|e| e.remove(a)), "{ \"b\":[ 1, 2 ,3 ], \"c\":{\"d\":true} }");
    assert_eq!(apply(&|e| e.remove(two)), text.replace("1, 2 ,3", "1 ,3"));
    assert_eq!(apply(&|e| [one, two, three].into_iter().for_each(|id| e.remove(id))), text.replace("1, 2 ,3", ""));
    assert_eq!(apply(&|e| [one, two].into_iter().for_each(|id| e.remove(id))), text.replace("1, 2 ,3", "3"));
    assert_eq!(apply(&|e| [two, three].into_iter().for_each(|id| e.remove(id))), text.replace("1, 2 ,3", "1"));
    let nested = |e: &mut Edits| {
        e.remove(c);
        e.replace(d, b"5".to_vec());
        e.remove(b);
        e.rename(d, "z");
        e.insert_members(c, vec![("n".to_owned(), b"1".to_vec())]);
    };
    assert_eq!(apply(&nested), "{ \"a\" : 1.0 }");
    let insert = |e: &mut Edits| {
        e.insert_members(
            c,
            vec![("d".to_owned(), b"0".to_vec()), ("n".to_owned(), b"1".to_vec()), ("d".to_owned(), b"2".to_vec())],
        );
        e.insert_members(b, vec![("n".to_owned(), b"1".to_vec())]);
    };
    assert_eq!(apply(&insert), text.replace("{\"d\":true}", "{\"n\":1,\"d\":2}"));
    assert_eq!(
        apply(&|e| e.insert_members(NodeId::ROOT, vec![("n".to_owned(), b"1".to_vec())])),
        text.replace("true} ", "true},\"n\":1 ")
    );
    assert_eq!(apply(&|e| e.remove(NodeId::ROOT)), "null");
    assert_eq!(escape_string("\u{2028}\u{1}\u{8}\"\\/\u{e4}"), "\"\u{2028}\\u0001\\b\\\"\\\\/\u{e4}\"".as_bytes());
    assert!(is_valid_number(b"-0.5e+10") && !is_valid_number(b"1 ") && !is_valid_number(b"+1") && !is_valid_number(b""));
}
