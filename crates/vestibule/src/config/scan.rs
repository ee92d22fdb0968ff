//! Reads `[scan.account.NAME]`: accounts at automation platforms that `vestibule scan --account` fetches from.
//!
//! Whether a token works is found out when it is used, not here.

use vestibule_core::network::Origin;

use super::diagnostic::Diagnostic;
use super::model::{AccountAt, ScanAccount};
use super::read::{Context, Fields, Text};
use super::{named, schema, secret, url};

pub(super) fn accounts(context: &mut Context, root: &Fields<'_>) -> Vec<ScanAccount> {
    let Some(scan) = root.node(context, "scan").and_then(|node| Fields::open(context, node, &schema::SCAN)) else {
        return Vec::new();
    };
    let mut accounts = Vec::new();
    for (name, node) in named(context, &scan, "account") {
        let Some(table) = Fields::open_named(context, node, &schema::SCAN_ACCOUNT, Some(name.value)) else {
            continue;
        };
        accounts.extend(account(context, &table, name.value));
    }
    accounts
}

#[derive(Clone, Copy)]
enum Platform {
    Make,
    N8n,
}

fn account(context: &mut Context, table: &Fields<'_>, name: &str) -> Option<ScanAccount> {
    let platform = table.need_text(context, "platform");
    let platform =
        platform.and_then(|text| context.word(&text, "`platform`", &[("make", Platform::Make), ("n8n", Platform::N8n)]));
    let token = table.need_text(context, "token").and_then(|text| secret::reference(context, &text));
    let pin = table.text(context, "address").map(|text| url::pin(context, &text));
    let ca = table.text(context, "ca").map(|text| text.value.into());
    // a pin that cannot be read is reported; the host is not reported on top of it
    let is_pin_bad = matches!(pin, Some(None));
    let pin = pin.flatten();
    let parse = |context: &mut Context, text: &Text<'_>| if is_pin_bad { None } else { url::destination(context, text, pin) };
    let at = match platform? {
        Platform::Make => {
            foreign(context, table, "url", "an account at Make has a `zone` and a `team`");
            let zone = table.need_text(context, "zone").and_then(|text| zone(context, &text, &parse));
            let team = match table.node(context, "team") {
                Some(node) => context.integer(node, "`team`", 1..=i64::MAX),
                None => table.missing(context, "team"),
            };
            AccountAt::Make { zone: zone?, team: team?.unsigned_abs() }
        }
        Platform::N8n => {
            foreign(context, table, "zone", "an n8n instance has a `url`");
            foreign(context, table, "team", "an n8n instance has a `url`");
            AccountAt::N8n { url: table.need_text(context, "url").and_then(|text| parse(context, &text))? }
        }
    };
    Some(ScanAccount { name: name.to_owned(), at, token: token?, address: pin, ca })
}

/// The host of a zone, which people know without a scheme.
fn zone(context: &mut Context, text: &Text<'_>, parse: &dyn Fn(&mut Context, &Text<'_>) -> Option<Origin>) -> Option<Origin> {
    let host = text.value.strip_prefix("https://").unwrap_or(text.value).trim_end_matches('/');
    if !url::is_host_name(host) || !host.contains('.') {
        context.push(
            Diagnostic::error("config.bad_value", text.span.clone(), "`zone` is no zone of Make")
                .help("write the host of the address that Make has in your browser, for example \"eu1.make.com\""),
        );
        return None;
    }
    let url = format!("https://{host}");
    parse(context, &Text { value: &url, span: text.span.clone() })
}

/// Reports a key that says nothing for this platform.
fn foreign(context: &mut Context, table: &Fields<'_>, key: &'static str, help: &str) {
    if table.node(context, key).is_some() {
        let message = format!("`{key}` says nothing for this platform");
        context.push(Diagnostic::error("config.bad_value", table.key_span(key), message).help(help.to_owned()));
    }
}
