//! Reads `[in.NAME]`: one route for data coming in.
//!
//! Compiling a route for requests is done elsewhere; what is checked here is that it can be compiled and says no less
//! than the data it carries demands.

use std::ops::Range;

use vestibule_core::clock::Span;
use vestibule_core::id::Mode;

use super::diagnostic::Diagnostic;
use super::model::{Deliver, Inbound, Otherwise, SecretRef};
use super::read::{Context, Fields, Node};
use super::{base, fields, is_name, named, schema, scheme, secret, url};

/// Most networks of one route: the list is walked for each request.
const MOST_ADDRESSES: usize = 256;

pub(super) fn routes(context: &mut Context, root: &Fields<'_>, max_body: u64) -> Vec<Inbound> {
    let mut routes: Vec<(Inbound, Range<usize>)> = Vec::new();
    for (name, node) in named(context, root, "in") {
        let Some(table) = Fields::open_named(context, node, &schema::IN, Some(name.value)) else {
            continue;
        };
        let Some(route) = route(context, &table, name.value, max_body) else {
            continue;
        };
        base::live_needs_domain(context, &route, name.span);
        let place = table.key_span("path");
        if let Some((_, other)) = routes.iter().find(|(known, _)| known.path == route.path) {
            context.push(
                Diagnostic::error("config.route_tie", place.clone(), "another route has this path")
                    .related(other.clone(), "the other route"),
            );
        }
        routes.push((route, place));
    }
    routes.into_iter().map(|(route, _)| route).collect()
}

fn route(context: &mut Context, table: &Fields<'_>, name: &str, max_body: u64) -> Option<Inbound> {
    let path = table.need_text(context, "path").and_then(|text| url::route(context, &text));
    let from = table.text(context, "from").map(|text| context.reference(&text, "config.unknown_system", "system"));
    let realm = table.text(context, "realm").map(|text| {
        if !is_name(text.value) {
            context.push(Diagnostic::error("config.bad_name", text.span.clone(), "this is no usable name of a realm"));
        }
        text.value.to_owned()
    });
    let mode = table.word(context, "mode", &[("live", Mode::Live), ("test", Mode::Test)]);
    let verify = scheme::verify(context, table);
    let addresses = table.texts(context, "addresses").unwrap_or_default();
    if addresses.len() > MOST_ADDRESSES {
        let message = format!("more than {MOST_ADDRESSES} networks");
        context.push(Diagnostic::error("config.too_many", table.key_span("addresses"), message));
    }
    let addresses = addresses.iter().filter_map(|text| url::cidr(context, text)).collect();
    let rules = fields::rules(context, table);
    let subject = fields::subject(context, table, &rules);
    let when = fields::conditions(context, table);
    let derive = fields::derived(context, table, &rules);
    let otherwise = otherwise(context, table);
    let max_body = table.size(context, "max_body", 1024..=256 << 20).unwrap_or(max_body);
    let deliver = table.node(context, "deliver").map(|node| deliver(context, node));
    Some(Inbound {
        name: name.to_owned(),
        path: path?,
        from,
        realm: realm.unwrap_or_else(|| "default".to_owned()),
        // a wrong word was told; what holds for live routes is not told on top of it
        mode: mode.unwrap_or(if table.node(context, "mode").is_some() { Mode::Test } else { Mode::Live }),
        verify: verify?,
        addresses,
        when,
        subject,
        fields: rules,
        derive,
        otherwise,
        max_body,
        deliver: match deliver {
            Some(deliver) => Some(deliver?),
            None => None,
        },
    })
}

fn otherwise(context: &mut Context, table: &Fields<'_>) -> Otherwise {
    let words = [("drop", Otherwise::Drop), ("tokenize", Otherwise::Tokenize), ("hold", Otherwise::Hold { days: 0 })];
    let choice = table.word(context, "otherwise", &words).unwrap_or(Otherwise::Drop);
    let days = table.integer(context, "hold_days", 1..=30);
    match (choice, table.node(context, "hold_days")) {
        (Otherwise::Hold { .. }, None) => {
            context.push(
                Diagnostic::error("config.hold_days", table.key_span("otherwise"), "held data would wait for ever")
                    .help("add `hold_days = 7`"),
            );
            choice
        }
        (Otherwise::Hold { .. }, Some(_)) => {
            Otherwise::Hold { days: days.and_then(|days| u32::try_from(days).ok()).unwrap_or(1) }
        }
        (choice, Some(_)) => {
            let message = "nothing is held on this route";
            context.push(
                Diagnostic::error("config.hold_days", table.key_span("hold_days"), message)
                    .help("set `otherwise = \"hold\"`, or remove `hold_days`"),
            );
            choice
        }
        (choice, None) => choice,
    }
}

fn deliver(context: &mut Context, node: Node<'_>) -> Option<Deliver> {
    let table = Fields::open(context, node, &schema::DELIVER)?;
    let workflow = table.need_text(context, "workflow");
    let workflow = workflow.map(|text| context.reference(&text, "config.unknown_workflow", "workflow"));
    let url = table.need_text(context, "url").and_then(|text| secret::reference(context, &text));
    let header = table.node(context, "header").map(|node| header(context, node));
    let signing = table.text(context, "signing").map(|text| secret::reference(context, &text));
    let address = table.text(context, "address").map(|text| url::pin(context, &text));
    let ca = table.text(context, "ca").map(|text| text.value.into());
    let timeout = table.integer(context, "timeout_seconds", 1..=120).unwrap_or(30);
    Some(Deliver {
        workflow: workflow?,
        url: url?,
        header: match header {
            Some(header) => Some(header?),
            None => None,
        },
        signing: match signing {
            Some(signing) => Some(signing?),
            None => None,
        },
        address: match address {
            Some(address) => Some(address?),
            None => None,
        },
        ca,
        timeout: Span::seconds(timeout),
    })
}

/// Reads a header with a secret value.
pub(super) fn header(context: &mut Context, node: Node<'_>) -> Option<(String, SecretRef)> {
    let table = Fields::open(context, node, &schema::HEADER)?;
    let name = table.need_text(context, "name").and_then(|text| {
        if text.value.to_ascii_lowercase().starts_with("webhook-") {
            let message = "this header belongs to the signature of deliveries";
            context.push(Diagnostic::error("config.bad_header", text.span, message));
            return None;
        }
        url::header(context, &text)
    });
    let value = table.need_text(context, "value").and_then(|text| secret::reference(context, &text));
    Some((name?, value?))
}
