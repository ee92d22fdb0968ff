//! Compiled rules against an oracle that asks each rule about each node, one by one.

use proptest::prelude::*;
use vestibule_core::document::{Assignment, Document, FieldPath, Kind, Limits, Matcher, NodeId, Step};

use crate::generate;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => generate::name().prop_map(Step::Member),
        2 => (0_u32..3).prop_map(Step::Index),
        2 => Just(Step::Any),
        1 => (generate::name(), "[a-c0]{0,1}|true").prop_map(|(key, value)| Step::Select { key, value }),
    ]
}

fn path() -> impl Strategy<Value = FieldPath> {
    prop::collection::vec(step(), 0..5).prop_map(FieldPath::from_steps)
}

/// Whether one step leads to `id`.
fn leads_to(doc: &Document<'_>, id: NodeId, step: &Step) -> bool {
    match step {
        Step::Member(name) => doc.name(id).is_some_and(|own| own == name.as_str()),
        Step::Index(index) => doc.name(id).is_none() && doc.node(id).position() == *index,
        Step::Any => doc.name(id).is_none(),
        Step::Select { key, .. } => {
            doc.name(id).is_none() && doc.member(id, key).is_some_and(|member| selects(doc, member, step))
        }
    }
}

fn selects(doc: &Document<'_>, member: NodeId, step: &Step) -> bool {
    let Step::Select { key, value } = step else {
        return false;
    };
    let text = match doc.node(member).kind() {
        Kind::String => doc.string(member).into_owned(),
        Kind::Number | Kind::True | Kind::False => doc.raw(member).to_owned(),
        _ => return false,
    };
    doc.name(member).as_deref() == Some(key) && text == *value
}

fn names(doc: &Document<'_>, id: NodeId, steps: &[Step]) -> bool {
    match steps.split_last() {
        None => id == NodeId::ROOT,
        Some((last, before)) => id != NodeId::ROOT && leads_to(doc, id, last) && names(doc, doc.node(id).parent(), before),
    }
}

fn rank(path: &FieldPath) -> Vec<u8> {
    let rank = |step: &Step| match step {
        Step::Member(_) | Step::Index(_) => 0,
        Step::Select { .. } => 1,
        Step::Any => 2,
    };
    path.steps().iter().map(rank).collect()
}

fn own_rule(doc: &Document<'_>, id: NodeId, rules: &[FieldPath]) -> Option<u16> {
    let fitting = rules.iter().enumerate().filter(|(_, rule)| names(doc, id, rule.steps()));
    fitting.min_by_key(|(_, rule)| rank(rule)).map(|(at, _)| u16::try_from(at).unwrap())
}

fn oracle(doc: &Document<'_>, id: NodeId, rules: &[FieldPath]) -> Assignment {
    if let Some(rule) = own_rule(doc, id, rules) {
        return Assignment::Rule(rule);
    }
    let parent = doc.node(id).parent();
    let is_key = rules.iter().any(|rule| {
        let mut steps = rule.steps().iter().enumerate();
        steps.any(|(at, step)| selects(doc, id, step) && names(doc, parent, &rule.steps()[..=at]))
    });
    if is_key {
        return Assignment::SelectorKey;
    }
    let mut around = id;
    while around != NodeId::ROOT {
        around = doc.node(around).parent();
        if let Some(rule) = own_rule(doc, around, rules) {
            return Assignment::Rule(rule);
        }
    }
    let leads_on = rules.iter().any(|rule| {
        (0..rule.steps().len()).any(|at| {
            let next_fits = matches!(
                (doc.node(id).kind(), &rule.steps()[at]),
                (Kind::Object, Step::Member(_)) | (Kind::Array, Step::Index(_) | Step::Any | Step::Select { .. })
            );
            next_fits && names(doc, id, &rule.steps()[..at])
        })
    });
    if leads_on { Assignment::Through } else { Assignment::Unnamed }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn rules_fall_as_the_oracle_says(value in generate::value(), rules in prop::collection::vec(path(), 0..8), seed in 0_usize..20) {
        let Ok(matcher) = Matcher::compile(&rules) else { return Ok(()) };
        let text = generate::text(&value, seed);
        let doc = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let assigned = matcher.assign(&doc);
        prop_assert_eq!(assigned.len(), doc.len());
        for (id, _) in doc.nodes() {
            prop_assert_eq!(assigned[id.index()], oracle(&doc, id, &rules), "{} in {}", doc.path_with(id, |_| true), text);
        }
    }

    #[test]
    fn paths_are_written_as_they_are_read(path in path()) {
        prop_assert_eq!(FieldPath::parse(&path.to_string()), Ok(path));
    }
}
