//! Tests of what passes, what is sealed and what goes.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::document::Limits;
use crate::token::Block;

const EMAIL: u16 = 2;
const NOTES: u16 = 36;
const HEALTH: u16 = 23;

fn tokenize(category: u16) -> Treatment {
    Treatment::Tokenize { category, stable: false }
}

/// What the platform gets, tokens written as their category and value, and what was sealed.
fn protected(
    rules: &[(&str, Treatment)],
    otherwise: Otherwise,
    derive: &[(&str, Function, &str)],
    json: &str,
) -> (String, Vec<(u16, String)>) {
    let rules: Vec<Rule> =
        rules.iter().map(|(path, treatment)| Rule { path: path.parse().unwrap(), treatment: *treatment }).collect();
    let derive: Vec<Derive> = derive
        .iter()
        .map(|(name, function, path)| Derive { name: (*name).into(), function: *function, path: path.parse().unwrap() })
        .collect();
    let rules = Rules::compile(&rules, otherwise, &derive).unwrap();
    let doc = Document::parse(json.as_bytes(), &Limits::default()).unwrap();
    let plan = rules.plan(&doc);
    let tokens: Vec<TokenText> = (0u8..).take(plan.items().len()).map(|n| TokenText::new(&Block([n; 16]))).collect();
    let mut out = String::from_utf8(plan.write(&tokens, "t.invalid")).unwrap();
    for (at, token) in tokens.iter().enumerate() {
        out = out.replace(token.as_str(), &format!("<{at}>"));
    }
    let sealed =
        plan.items().iter().map(|item| (item.category, String::from_utf8(plan.value(item).into_owned()).unwrap())).collect();
    (out, sealed)
}

fn derived(function: Function, value: &str) -> String {
    let json = format!(r#"{{"a":{value}}}"#);
    let (out, _) = protected(&[("a", Treatment::Drop)], Otherwise::Drop, &[("d", function, "a")], &json);
    out.strip_prefix(r#"{"d":"#).and_then(|rest| rest.strip_suffix('}')).unwrap().to_owned()
}

#[test]
fn a_domain_is_the_domain_of_an_address_and_nothing_else() {
    for (value, domain) in [
        ("\"Dana@Example.ORG \"", "\"example.org\""),
        ("\"dana@ex\u{e4}mple.de\"", "\"ex\u{e4}mple.de\""),
        ("\"write dana@example.org or Lindenallee 7\"", "null"),
        ("\"dana@example.org\\nborn 1990\"", "null"),
        ("\"me@Dana_Smith,_born_1990.example\"", "null"),
        ("\"me@49301234567\"", "null"),
        ("\"me@10.0.0.1\"", "null"),
        ("\"Dana@Smith\"", "null"),
        ("\"a@b@example.org\"", "null"),
        ("\"\"", "null"),
        ("7", "null"),
    ] {
        assert_eq!(derived(Function::Domain, value), domain, "{value}");
    }
}

#[test]
fn a_year_is_the_year_of_a_date_and_nothing_else() {
    for (value, year) in [
        ("\"1990\"", "1990"),
        ("\"1990-05-01\"", "1990"),
        ("\"1990/5/1\"", "1990"),
        ("\"1990-05-01T00:00:00Z\"", "1990"),
        ("\"+123\"", "null"),
        ("\"65000\"", "null"),
        ("\"1990 8877 6655\"", "null"),
        ("\"1990-4455-6677\"", "null"),
        ("\"0301-901820\"", "null"),
        ("\"\u{664}\u{665}\u{666}\u{667}\"", "null"),
        ("1990", "null"),
    ] {
        assert_eq!(derived(Function::Year, value), year, "{value}");
    }
}

#[test]
fn a_nearer_rule_is_not_swallowed_by_one_that_seals_the_container() {
    let rules = [
        ("a", tokenize(NOTES)),
        ("a.status", tokenize(HEALTH)),
        ("a.secret", Treatment::Drop),
        ("a.list[*].email", tokenize(EMAIL)),
        ("a.id", Treatment::Keep),
    ];
    let json = r#"{"a":{"status":"ill","secret":"x","id":7,"text":"t","list":[{"email":"e","value":{"b":1}}],"Dana Smith":[2]}}"#;
    let (out, sealed) = protected(&rules, Otherwise::Drop, &[], json);
    assert_eq!(out, r#"{"a":{"status":"<0>","id":7,"text":"<1>","list":[{"email":"<2>@t.invalid","value":"<3>"}],"<4>":"<5>"}}"#);
    let text = |text: &str| text.to_owned();
    assert_eq!(
        sealed,
        [
            (HEALTH, text("ill")),
            (NOTES, text("t")),
            (EMAIL, text("e")),
            (NOTES, text(r#"{"b":1}"#)),
            (NOTES, text("Dana Smith")),
            (NOTES, text("[2]"))
        ]
    );
    // without a nearer rule at work, the container is one value
    let (out, sealed) = protected(&rules, Otherwise::Drop, &[], r#"{"a":{"text":"t"}}"#);
    assert_eq!((out.as_str(), sealed), (r#"{"a":"<0>"}"#, vec![(NOTES, text(r#"{"text":"t"}"#))]));
}

#[test]
fn nothing_unnamed_passes_whatever_its_shape() {
    let rules = [
        ("a.b", Treatment::Keep),
        ("l[*].v", Treatment::Keep),
        ("q[ref=salary].value", Treatment::Keep),
        ("p[0]", Treatment::Keep),
    ];
    for json in [
        r#"{"a":"x","l":"x","q":"x","p":"x"}"#,
        r#"{"a":["x"],"l":{"v":"x"},"q":{"ref":"salary","value":"x"},"p":{"0":"x"}}"#,
        r#"{"a":[{"b":"x"}],"l":["x",["v"]],"q":[["salary"],{"ref":"Salary","value":"x"},{"ref":["salary"],"value":"x"}]}"#,
        r#"{"a":{"B":"x"," b":"x"},"q":[{"ref":"other","value":"x"},{"value":"x"}]}"#,
        r#"["x"]"#,
        r#""x""#,
    ] {
        let (out, sealed) = protected(&rules, Otherwise::Drop, &[], json);
        assert!(!out.contains('x') && !out.contains("other") && sealed.is_empty(), "{json}: {out}");
        let (out, _) = protected(&rules, Otherwise::Tokenize, &[], json);
        assert!(!out.contains('x') && !out.contains("other"), "{json}: {out}");
    }
    assert_eq!(protected(&rules, Otherwise::Drop, &[], "null").0, "null");
    assert_eq!(protected(&rules, Otherwise::Drop, &[], "\"x\"").0, "null");
}

#[test]
fn a_name_inside_a_kept_container_is_no_field_unless_it_is_one() {
    let rules = [("job", Treatment::Keep), ("job.zzqx", Treatment::Keep)];
    let json = r#"{"job":{"id":7,"zzqx":1,"Dana Smith":{"id":"x"},"list":[{"dana@example.org":"x","title":"y"}]}}"#;
    let (out, sealed) = protected(&rules, Otherwise::Drop, &[], json);
    assert_eq!((out.as_str(), sealed.len()), (r#"{"job":{"id":7,"zzqx":1,"list":[{"title":"y"}]}}"#, 0));
    let (out, sealed) = protected(&rules, Otherwise::Tokenize, &[], json);
    assert_eq!(out, r#"{"job":{"id":7,"zzqx":1,"<0>":"<1>","list":[{"<2>":"<3>","title":"y"}]}}"#);
    assert_eq!(sealed.len(), 4);
}

#[test]
fn each_kept_value_is_asked_about_once() {
    let rule = Rule { path: "list[*]".parse().unwrap(), treatment: Treatment::Keep };
    let rules = Rules::compile(&[rule], Otherwise::Drop, &[]).unwrap();
    let json = format!(r#"{{"list":[{}7]}}"#, r#""a","#.repeat(1_000));
    let doc = Document::parse(json.as_bytes(), &Limits::default()).unwrap();
    let mut plan = rules.plan(&doc);
    let mut asked = 0;
    plan.keep_if(|node, _| {
        asked += 1;
        doc.node(node).kind() == Kind::Number
    });
    assert_eq!((asked, plan.kept().len()), (1_001, 1));
    assert_eq!(plan.write(&[], ""), br#"{"list":[7]}"#);
}

#[test]
fn an_entry_is_one_of_the_outermost_list() {
    let rules = Rules::compile(&[], Otherwise::Tokenize, &[]).unwrap();
    let json = r#"{"a":1,"list":[{"a":[2,3]},[4,[5]],6],"Dana Smith":{"a":7},"id":{"a":{"b":8}}}"#;
    let doc = Document::parse(json.as_bytes(), &Limits::default()).unwrap();
    let plan = rules.plan(&doc);
    let entries = plan.entries();
    assert_eq!(entries.len(), doc.len());
    let of = |value: &str| {
        let (node, _) = doc.nodes().find(|(id, node)| !node.kind().is_container() && doc.raw(*id) == value).unwrap();
        entries[node.index()].map(|entry| doc.raw(entry))
    };
    for (value, entry) in [
        ("1", None),
        ("2", Some(r#"{"a":[2,3]}"#)),
        ("3", Some(r#"{"a":[2,3]}"#)),
        ("4", Some("[4,[5]]")),
        ("5", Some("[4,[5]]")),
        ("6", Some("6")),
        ("7", Some(r#"{"a":7}"#)),
        ("8", None),
    ] {
        assert_eq!(of(value), entry, "{value}");
    }
}
