//! Reads `[out.NAME]`: one destination with its credential. Its grants are read by `grant`.

use vestibule_core::clock::Span;
use vestibule_scan::remedy::rewire::is_credential_header;

use super::diagnostic::Diagnostic;
use super::model::{Credential, Destination, Outbound};
use super::read::{Context, Fields};
use super::{grant, inbound, named, schema, secret, url};

pub(super) fn destinations(context: &mut Context, root: &Fields<'_>) -> Vec<Outbound> {
    let mut destinations = Vec::new();
    for (name, node) in named(context, root, "out") {
        let Some(table) = Fields::open_named(context, node, &schema::OUT, Some(name.value)) else {
            continue;
        };
        destinations.extend(destination(context, &table, name.value));
    }
    destinations
}

fn destination(context: &mut Context, table: &Fields<'_>, name: &str) -> Option<Outbound> {
    let system = table.text(context, "system").map(|text| context.reference(&text, "config.unknown_system", "system"));
    let live = match table.node(context, "to") {
        Some(_) => server(context, table, ["to", "address", "ca", "credential"]),
        None => table.missing(context, "to"),
    };
    let test = match table.node(context, "test_to") {
        Some(_) => Some(server(context, table, ["test_to", "test_address", "test_ca", "test_credential"])),
        None => {
            for key in ["test_address", "test_ca", "test_credential"] {
                if table.node(context, key).is_some() {
                    let message = format!("`{key}` says nothing without `test_to`");
                    context.push(
                        Diagnostic::error("config.missing_key", table.key_span(key), message).help("add `test_to`, or remove it"),
                    );
                }
            }
            None
        }
    };
    let headers = headers(context, table);
    for (server, key) in [(live.as_ref(), "credential"), (test.iter().flatten().next(), "test_credential")] {
        if let Some(Credential::Header { name, .. }) = server.and_then(|server| server.credential.as_ref())
            && headers.iter().any(|(known, _)| known == name)
        {
            let message = "`headers` names the header of the credential";
            context.push(Diagnostic::error("config.bad_header", table.key_span(key), message).help("remove it from `headers`"));
        }
    }
    if let (Some(live), Some(Some(test))) = (&live, &test)
        && is_same(live, test)
    {
        let message = "test calls would reach the live system";
        context.push(
            Diagnostic::error("config.test_is_live", table.key_span("test_to"), message)
                .label("the address of `to`, with the credential of `to`")
                .help("name a sandbox, or give the credential of a test account in `test_credential`; without `test_to`, test calls are refused"),
        );
    }
    let seconds = |seconds: Option<i64>, default| Span::seconds(seconds.unwrap_or(default));
    let connect_timeout = seconds(table.integer(context, "connect_timeout_seconds", 1..=60), 5);
    let timeout = seconds(table.integer(context, "timeout_seconds", 1..=300), 60);
    let max_answer = table.size(context, "max_answer", 1024..=256 << 20).unwrap_or(10 << 20);
    let grants = grant::grants(context, table, &headers);
    Some(Outbound {
        name: name.to_owned(),
        system,
        live: live?,
        test: match test {
            Some(test) => Some(test?),
            None => None,
        },
        connect_timeout,
        timeout,
        max_answer,
        headers,
        grants,
    })
}

/// Reads the constants of a destination.
fn headers(context: &mut Context, table: &Fields<'_>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, node) in table.pairs(context, "headers") {
        let Some(lower) = url::sent_header(context, &name) else { continue };
        let Some(text) = context.text(node, "a header") else { continue };
        if is_credential_header(&lower) {
            let message = "this header carries a credential";
            context.push(
                Diagnostic::error("config.bad_header", name.span, message)
                    .help("write `credential = { header = { name = \"…\", value = \"env:…\" } }`"),
            );
        } else if headers.iter().any(|(known, _)| *known == lower) {
            let message = "this header stands here twice";
            context.push(Diagnostic::error("config.duplicate_key", name.span, message));
        } else if !is_header_value(text.value) {
            let message = "this is no value for a header";
            context.push(
                Diagnostic::error("config.bad_header", text.span, message)
                    .help("use 1 to 1024 visible ASCII characters, with spaces only between them"),
            );
        } else {
            headers.push((lower, text.value.to_owned()));
        }
    }
    headers
}

fn is_header_value(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && text.trim() == text && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Whether two servers are one to whoever calls: one address, and nothing that would tell a test account from the live one.
fn is_same(live: &Destination, test: &Destination) -> bool {
    let same_credential = match (&live.credential, &test.credential) {
        (None, None) => true,
        (Some(Credential::Basic(live)), Some(Credential::Basic(test)))
        | (Some(Credential::Bearer(live)), Some(Credential::Bearer(test))) => live.source == test.source,
        (Some(Credential::Header { name: live, value }), Some(Credential::Header { name: test, value: other })) => {
            live == test && value.source == other.source
        }
        _ => false,
    };
    live.to == test.to && live.address == test.address && same_credential
}

fn server(context: &mut Context, table: &Fields<'_>, keys: [&'static str; 4]) -> Option<Destination> {
    let [to, address, ca, credential] = keys;
    let pin = table.text(context, address).map(|text| url::pin(context, &text));
    let origin = table.text(context, to).and_then(|text| match &pin {
        // a pin that cannot be read is reported; the host is not reported on top of it
        Some(None) => None,
        pin => url::destination(context, &text, pin.flatten()),
    });
    let ca = table.text(context, ca).map(|text| text.value.into());
    let credential = table.node(context, credential).map(|node| {
        let table = Fields::open(context, node, &schema::CREDENTIAL)?;
        self::credential(context, &table)
    });
    Some(Destination {
        to: origin?,
        address: pin.flatten(),
        ca,
        credential: match credential {
            Some(credential) => Some(credential?),
            None => None,
        },
    })
}

fn credential(context: &mut Context, table: &Fields<'_>) -> Option<Credential> {
    let basic = table.text(context, "basic").map(|text| secret::reference(context, &text).map(Credential::Basic));
    let bearer = table.text(context, "bearer").map(|text| secret::reference(context, &text).map(Credential::Bearer));
    let header = table
        .node(context, "header")
        .map(|node| inbound::header(context, node).map(|(name, value)| Credential::Header { name, value }));
    let mut given: Vec<_> = [basic, bearer, header].into_iter().flatten().collect();
    if given.len() > 1 {
        let message = "a call carries one credential, and here are several";
        context.push(
            Diagnostic::error("config.too_many", table.span.clone(), message).help("keep one of `basic`, `bearer` and `header`"),
        );
    }
    match given.pop() {
        Some(credential) => credential,
        None => {
            let known = ["basic", "bearer", "header"].iter().any(|key| table.key_span(key) != table.span);
            if !known {
                context.push(
                    Diagnostic::error("config.missing_key", table.span.clone(), "the credential is empty")
                        .help("add one of `basic`, `bearer` and `header`, or remove `credential`"),
                );
            }
            None
        }
    }
}
