//! The plan as a `vestibule.toml` that a person reads, decides on and keeps.

use std::fmt::Write as _;

use vestibule_core::document::escape_string;

use super::super::{ELSEWHERE, PRIVATE, variable};
use super::{Grant, In, Needed, Out, Places, Plan, Segment, vendor_of};
use crate::model::EntryBy;

/// The whole file.
pub(super) fn file(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    head(&mut text, plan);
    systems(&mut text, plan);
    for workflow in &plan.workflows {
        line(&mut text, &format!("# {} ({})", workflow.title, workflow.file));
        line(&mut text, &format!("[workflow.{}]", workflow.name));
        line(&mut text, &format!("platform = \"{}\"", workflow.platform));
        match &workflow.owner {
            Some(owner) => line(&mut text, &format!("owner    = {}", quoted(owner))),
            None => line(&mut text, "owner    = \"owner@example.com\"   # decide: who answers for it"),
        }
        line(&mut text, "purpose  = \"to.be.named\"   # decide: what it is for, such as employment.recruitment");
        text.push('\n');
    }
    plan.ins.iter().for_each(|route| inbound(&mut text, route));
    plan.outs.iter().for_each(|out| outbound(&mut text, out));
    if !plan.outside.is_empty() {
        line(&mut text, "# Outside the gate: these steps handle personal data, and the gateway does not see them.");
        plan.outside.iter().for_each(|what| line(&mut text, &format!("# - {what}")));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn head(text: &mut String, plan: &Plan<'_>) {
    let gateway = plan.settings.gateway.trim_end_matches('/');
    let host = gateway.split_once("://").map_or(gateway, |(_, rest)| rest).split([':', '/']).next().unwrap_or_default();
    let is_name = host.contains('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
        && !host.ends_with(|c: char| c.is_ascii_digit());
    let host = if is_name { host } else { "gate.example.com" };
    line(
        text,
        "# Proposed by `vestibule scan --fix-plan` from the scenarios it read. Lines with “decide” need you; `vestibule check` tells",
    );
    line(text, "# whether the file is well-formed, and `vestibule serve` does nothing that does not stand in it.");
    text.push('\n');
    line(text, "[server]");
    line(text, &format!("public_url   = \"https://{host}\""));
    line(text, "listen       = \"127.0.0.1:8443\"   # decide: the address that sources and workflows reach, with `tls`");
    line(text, &format!("token_domain = \"t.{host}\"   # decide: a subdomain of yours without mail"));
    text.push_str("\n[store]\nurl = \"sqlite:/var/lib/vestibule/vestibule.db\"\n\n");
    text.push_str("[keys]\nroot  = \"credential:vestibule-root\"\nstore = \"/var/lib/vestibule-keys/keys\"\n\n");
}

fn systems(text: &mut String, plan: &Plan<'_>) {
    for out in plan.outs.iter().filter(|out| !out.is_private) {
        line(text, &format!("[system.{}]", out.name));
        if let Some(vendor) = vendor_of(&out.origin) {
            line(text, &format!("vendor = {}", quoted(vendor)));
        }
        line(text, "# decide: region, transfer and keeps, for the data map");
        text.push('\n');
    }
}

fn inbound(text: &mut String, route: &In) {
    line(text, &format!("# From {}", route.from));
    line(text, &format!("[in.{}]", route.name));
    line(text, &format!("path   = \"/in/{}\"   # what the source posts to from now on", route.name));
    let variable = variable(&route.name);
    line(
        text,
        &format!(
            "secret = \"env:{variable}_SIGNING_SECRET\"   # decide: how the source proves itself; see `scheme` where it does not sign by Standard Webhooks"
        ),
    );
    if route.by == EntryBy::AppWebhook {
        line(
            text,
            "# decide: the platform has registered this webhook at the vendor; register the gateway there instead, and start the scenario by a webhook of the platform",
        );
    }
    if route.method.as_deref().is_some_and(|method| method != "POST") {
        line(text, "# decide: the entry takes other methods than POST; the gateway takes POST");
    }
    let alias = |wanted: &str| route.fields.iter().find(|(_, category)| **category == Some(wanted)).map(|(path, _)| path);
    let subject: Vec<String> = [("id", alias("user_id")), ("email", alias("email"))]
        .into_iter()
        .filter_map(|(key, path)| Some(format!("{key} = {}", quoted(path?))))
        .collect();
    if subject.is_empty() {
        line(text, "# decide: `subject`, how the person of an event is known; until then each event has a person of its own");
    } else {
        line(
            text,
            &format!("subject = {{ {} }}   # decide: whether these belong to the person the event is about", subject.join(", ")),
        );
    }
    if route.fields.is_empty() {
        line(text, "# decide: `fields`; the scenario names none, so nothing passes yet");
    } else {
        // what a name does not tell stays out until somebody has said what it is: nothing passes by default
        let (told, untold): (Vec<_>, Vec<_>) = route.fields.iter().partition(|(_, category)| category.is_some());
        line(text, "# what the scenario uses; anything else is dropped");
        if !untold.is_empty() {
            let untold: Vec<String> = untold.iter().map(|(path, _)| quoted(path)).collect();
            line(
                text,
                "# decide: the scenario also uses these; add each under its category, or as “keep” where it is no personal data:",
            );
            line(text, &format!("#   {}", untold.join(", ")));
        }
        let fields: Vec<String> =
            told.iter().filter_map(|(path, category)| Some(format!("{} = \"{}\"", quoted(path), (**category)?))).collect();
        line(text, &format!("fields = {{ {} }}", fields.join(", ")));
    }
    line(
        text,
        &format!(
            "deliver = {{ workflow = \"{}\", url = \"env:{variable}_HOOK\" }}   # the platform's address of the entry",
            route.workflow
        ),
    );
    text.push('\n');
}

fn outbound(text: &mut String, out: &Out) {
    let mut section = String::new();
    line(&mut section, &format!("[out.{}]", out.name));
    line(&mut section, &format!("to         = {}", quoted(&out.origin)));
    if !out.is_private {
        line(&mut section, &format!("system     = \"{}\"", out.name));
    }
    let variable = variable(&out.name);
    match &out.proof {
        Needed::Bearer => line(&mut section, &format!("credential = {{ bearer = \"env:{variable}_KEY\" }}")),
        Needed::Basic => line(&mut section, &format!("credential = {{ basic = \"env:{variable}_KEY\" }}   # user:password")),
        Needed::Header(name) => line(
            &mut section,
            &format!("credential = {{ header = {{ name = {}, value = \"env:{variable}_KEY\" }} }}", quoted(name)),
        ),
        Needed::Stored(kind) => {
            let kind = if kind.is_empty() { String::new() } else { format!(" (`{kind}`)") };
            line(
                &mut section,
                &format!(
                    "credential = {{ bearer = \"env:{variable}_KEY\" }}   # decide: the platform keeps the credential{kind}; bearer, basic or header as the vendor asks"
                ),
            );
        }
        Needed::Elsewhere => line(&mut section, ELSEWHERE),
        Needed::Unknown => line(&mut section, "# decide: `credential`, if the vendor asks for one; the scenario shows none"),
    }
    let test = match &out.proof {
        Needed::Basic => format!("{{ basic = \"env:{variable}_TEST_KEY\" }}"),
        Needed::Header(name) => format!("{{ header = {{ name = {}, value = \"env:{variable}_TEST_KEY\" }} }}", quoted(name)),
        _ => format!("{{ bearer = \"env:{variable}_TEST_KEY\" }}"),
    };
    line(&mut section, "# decide: the vendor's sandbox, where calls with a test key go; without it there are none");
    line(&mut section, "# test_to         = \"https://sandbox.example.com\"");
    line(&mut section, &format!("# test_credential = {test}"));
    out.grants.iter().for_each(|grant| self::grant(&mut section, out, grant));
    if out.is_private {
        line(text, PRIVATE);
        section.lines().for_each(|written| line(text, format!("# {written}").trim_end()));
    } else {
        text.push_str(&section);
    }
    text.push('\n');
}

fn grant(text: &mut String, out: &Out, grant: &Grant) {
    text.push('\n');
    grant.from.iter().for_each(|from| line(text, &format!("# {from}")));
    line(text, &format!("[[out.{}.grant]]", out.name));
    line(text, &format!("workflow = \"{}\"", grant.workflow));
    let decide = if grant.method_is_known { "" } else { "   # decide: the method is only known when it runs" };
    line(text, &format!("call     = {}{decide}", call(grant)));
    let keys = keys(grant);
    for (key, places) in &keys {
        line(text, &format!("{key} = {{ {} }}", listed(places)));
    }
    if keys.is_empty() {
        line(text, "# nothing is restored in this call: no personal data was seen in it");
    } else {
        line(text, "# decide: whether this destination needs each of them, and `where` it may be sent to");
    }
    grant.notes.iter().for_each(|note| line(text, &format!("# decide: {note}")));
    line(text, "# decide: `answer`, what of the answer the scenario needs; without it everything is dropped");
}

/// The same in short, for a remedy.
pub(super) fn remedy(out: &str, grant: &Grant) -> String {
    let mut text = String::new();
    line(&mut text, &format!("[[out.{out}.grant]]"));
    line(&mut text, &format!("workflow = \"{}\"", grant.workflow));
    line(&mut text, &format!("call = {}", call(grant)));
    keys(grant).iter().for_each(|(key, places)| line(&mut text, &format!("{key} = {{ {} }}", listed(places))));
    grant.notes.iter().for_each(|note| line(&mut text, &format!("# decide: {note}")));
    text
}

fn call(grant: &Grant) -> String {
    let segments = grant.path.iter().map(|segment| match segment {
        Segment::Literal(literal) => literal.clone(),
        Segment::Any => "*".to_owned(),
        Segment::Reveal(name, _) => format!("{{{name}}}"),
    });
    quoted(&format!("{} /{}", grant.method, segments.collect::<Vec<_>>().join("/")))
}

/// The keys of a grant that name places, without those that would name none.
fn keys(grant: &Grant) -> Vec<(&'static str, Places)> {
    let path = grant.path.iter().filter_map(|segment| match segment {
        Segment::Reveal(name, category) => Some((name.clone(), [*category].into())),
        _ => None,
    });
    let keys = [
        ("reveal", grant.reveal.clone()),
        ("in_text", grant.in_text.clone()),
        ("reveal_query", grant.query.clone()),
        ("reveal_path", path.collect()),
        ("reveal_header", grant.header.clone()),
    ];
    keys.into_iter().filter(|(_, places)| !places.is_empty()).collect()
}

fn listed(places: &Places) -> String {
    let entries = places.iter().map(|(place, categories)| {
        let categories: Vec<String> = categories.iter().map(|category| format!("\"{category}\"")).collect();
        match categories.as_slice() {
            [only] => format!("{} = {only}", quoted(place)),
            several => format!("{} = [{}]", quoted(place), several.join(", ")),
        }
    });
    entries.collect::<Vec<_>>().join(", ")
}

/// A text in quotes. What JSON escapes, TOML reads in the same way; it refuses one sign more.
fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&escape_string(text)).replace('\u{7F}', "\\u007F")
}

/// One line, without anything that could end it early.
fn line(text: &mut String, line: &str) {
    let clean = line.chars().filter(|c| !c.is_control());
    text.extend(clean);
    // writing to a String cannot fail
    let _ = writeln!(text);
}
