//! Edits against the same edits done on a tree, and the parser against another one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Map, Value};
use vestibule_core::document::{Document, Edits, Kind, Limits, NodeId};

use crate::generate;

#[derive(Default)]
struct Plan {
    values: BTreeMap<NodeId, Value>,
    names: BTreeMap<NodeId, String>,
    removed: BTreeSet<NodeId>,
    inserted: BTreeMap<NodeId, Vec<(String, Value)>>,
}

impl Plan {
    fn edits(&self) -> Edits {
        let mut edits = Edits::new();
        self.values.iter().for_each(|(id, value)| edits.replace(*id, value.to_string().into_bytes()));
        self.names.iter().for_each(|(id, name)| edits.rename(*id, name));
        self.removed.iter().for_each(|id| edits.remove(*id));
        for (id, members) in &self.inserted {
            edits.insert_members(
                *id,
                members.iter().map(|(name, value)| (name.clone(), value.to_string().into_bytes())).collect(),
            );
        }
        edits
    }

    fn tree(&self, doc: &Document<'_>, id: NodeId) -> Value {
        if let Some(value) = self.values.get(&id) {
            return value.clone();
        }
        let kept = doc.children(id).filter(|child| !self.removed.contains(child));
        match doc.node(id).kind() {
            Kind::Array => kept.map(|child| self.tree(doc, child)).collect(),
            Kind::Object => {
                let name = |child| self.names.get(&child).cloned().unwrap_or_else(|| doc.name(child).unwrap().into_owned());
                let mut members: Map<String, Value> = kept.map(|child| (name(child), self.tree(doc, child))).collect();
                members.extend(self.inserted.get(&id).into_iter().flatten().cloned());
                Value::Object(members)
            }
            _ => serde_json::from_slice(doc.text(id)).unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn edits_do_what_a_tree_would(value in generate::value(), seed in 0_usize..20, dice in prop::collection::vec(0_u8..12, 0..60)) {
        let text = generate::text(&value, seed);
        let doc = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let mut plan = Plan::default();
        for ((id, _), dice) in doc.nodes().zip(dice) {
            match dice {
                0 if id != NodeId::ROOT => drop(plan.removed.insert(id)),
                1 | 2 => drop(plan.values.insert(id, Value::from(vec!["new\u{e9}\"", "x"]))),
                3 if doc.name(id).is_some() => drop(plan.names.insert(id, format!("renamed\n{}", id.index()))),
                4 if doc.node(id).kind() == Kind::Object => {
                    let members = vec![("a".to_owned(), Value::from(7)), ("fresh".to_owned(), Value::Null)];
                    plan.inserted.insert(id, members);
                }
                _ => {}
            }
        }
        let out = plan.edits().apply(&doc);
        prop_assert!(Document::parse(&out, &Limits::default()).is_ok(), "{}", String::from_utf8_lossy(&out));
        prop_assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), plan.tree(&doc, NodeId::ROOT));
    }

    #[test]
    fn valid_documents_are_read_as_another_parser_reads_them(value in generate::value(), seed in 0_usize..20) {
        let text = generate::text(&value, seed);
        let doc = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(Plan::default().tree(&doc, NodeId::ROOT), value);
        prop_assert_eq!(Edits::new().apply(&doc), text.into_bytes());
    }

    #[test]
    fn what_we_accept_another_parser_accepts(text in "[\\[\\]{}\",:0-9a-e.\\\\u \n+-]{0,24}|(\"(\\\\\\\\|\\\\u[0-9dD][89cCfF]00|a){0,4}\")", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for bytes in [text.as_bytes(), bytes.as_slice()] {
            if Document::parse(bytes, &Limits::default()).is_ok() {
                prop_assert!(serde_json::from_slice::<Box<serde_json::value::RawValue>>(bytes).is_ok(), "{:?}", bytes);
            }
        }
    }
}
