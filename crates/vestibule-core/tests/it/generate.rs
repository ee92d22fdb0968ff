//! Generated documents: few names and shallow trees, so that rules and edits meet something.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any JSON value with names from a small set.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c\\\\\"\n\u{e4}\u{1f600}]{0,3}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..5).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// One of few names, some of which need quoting or escaping.
pub(crate) fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "k", "a b", "x\"\\\n", "\u{e4}", ""]).prop_map(str::to_owned)
}

/// The text of a value with white space that depends on `seed`.
pub(crate) fn text(value: &Value, seed: usize) -> String {
    let space = [" ", "", "\n\t", "", "\r"][seed % 5];
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| format!("{space}{}{space}", text(item, seed / 2 + 1))).collect();
            format!("[{space}{}]", items.join(","))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{space}{}{space}:{}", Value::from(name.as_str()), text(value, seed / 2 + 3))
            };
            format!("{{{}{space}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}
