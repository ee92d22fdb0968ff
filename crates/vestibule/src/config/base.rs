//! Reads what is not a route: `[server]`, `[store]`, `[keys]`, `[limits]`, systems and workflows.
//!
//! Whether files exist and addresses can be bound is found out at start, not here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use vestibule_core::id::Mode;

use super::diagnostic::Diagnostic;
use super::model::{Inbound, Keys, Limits, Platform, SecretRef, SecretSource, Server, Store, System, TlsFiles, Workflow};
use super::read::{Context, Fields, Text};
use super::{named, schema, secret, url};

/// Days of an epoch: new subjects are sealed under a new epoch key after this time.
const EPOCH_DAYS: u32 = 7;

/// The domain of e-mail tokens until somebody sets one (RFC 2606: it never resolves).
pub(super) const NO_TOKEN_DOMAIN: &str = "token.invalid";

pub(super) fn server(context: &mut Context, root: &Fields<'_>) -> Option<Server> {
    let Some(node) = root.node(context, "server") else {
        return root.missing(context, "server");
    };
    let fields = Fields::open(context, node, &schema::SERVER)?;
    let public_url = fields.need_text(context, "public_url").and_then(|text| url::public(context, &text));
    let listen = fields.need_text(context, "listen").and_then(|text| url::socket(context, &text));
    let tls = fields.node(context, "tls").map(|node| {
        let tls = Fields::open(context, node, &schema::TLS)?;
        let cert = tls.need_text(context, "cert");
        let key = tls.need_text(context, "key");
        Some(TlsFiles { cert: PathBuf::from(cert?.value), key: PathBuf::from(key?.value) })
    });
    if tls.is_none() && listen.is_some_and(|address: SocketAddr| !address.ip().is_loopback()) {
        context.push(
            Diagnostic::error(
                "config.plain_listener",
                fields.key_span("listen"),
                "others can reach this address, and there is no `tls`",
            )
            .label("not a loopback address"),
        );
    }
    context.token_domain = match fields.node(context, "token_domain") {
        None => Some(NO_TOKEN_DOMAIN.to_owned()),
        Some(_) => fields.text(context, "token_domain").and_then(|text| domain(context, &text)),
    };
    let token_domain = context.token_domain.clone();
    let threads = fields.integer(context, "threads", 1..=256);
    Some(Server {
        public_url: public_url?,
        listen: listen?,
        tls: match tls {
            Some(files) => Some(files?),
            None => None,
        },
        token_domain: token_domain.unwrap_or_default(),
        threads: threads.and_then(|threads| u16::try_from(threads).ok()),
    })
}

/// A live route needs a token domain of one's own.
pub(super) fn live_needs_domain(context: &mut Context, route: &Inbound, place: std::ops::Range<usize>) {
    let reserved = ["token.invalid", "invalid", "example", "test", "localhost"];
    let is_reserved = |domain: &str| reserved.iter().any(|end| domain == *end || domain.ends_with(&format!(".{end}")));
    if route.mode == Mode::Live && context.token_domain.as_deref().is_some_and(is_reserved) {
        context.push(
            Diagnostic::error("config.token_domain", place, "this route is live, and e-mail tokens have no domain of yours")
                .help("set `token_domain` in [server] to a subdomain of yours without mail, or `mode = \"test\"` in this route"),
        );
    }
}

pub(super) fn store(context: &mut Context, root: &Fields<'_>) -> Option<Store> {
    let Some(node) = root.node(context, "store") else {
        return root.missing(context, "store");
    };
    let fields = Fields::open(context, node, &schema::STORE)?;
    let text = fields.need_text(context, "url")?;
    let path = database(text.value);
    if path.is_none() {
        let message = "this is no place for the database";
        let help = "write `sqlite:` and the path of a file, for example \"sqlite:/var/lib/vestibule/vestibule.db\"";
        context.push(Diagnostic::error("config.bad_url", text.span.clone(), message).help(help));
    }
    Some(Store { path: path? })
}

/// The file that the address of a database names.
pub(super) fn database(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite:").filter(|path| !path.is_empty() && !path.starts_with("//")).map(PathBuf::from)
}

pub(super) fn keys(context: &mut Context, root: &Fields<'_>, database: Option<&Store>) -> Option<Keys> {
    let Some(node) = root.node(context, "keys") else {
        return root.missing(context, "keys");
    };
    let fields = Fields::open(context, node, &schema::KEYS)?;
    let root_text = fields.need_text(context, "root");
    let root_key = root_text.and_then(|text| secret::reference(context, &text));
    let store = fields.need_text(context, "store");
    let erasure_days = fields.integer(context, "erasure_days", 11..=90).unwrap_or(30);
    let restore_window_days = fields.integer(context, "restore_window_days", 2..=81).unwrap_or(14);
    apart(context, database, root_key.as_ref(), store.as_ref());
    let days = |days: i64| u32::try_from(days).unwrap_or(u32::MAX);
    let keys = Keys {
        root: root_key?,
        store: PathBuf::from(store?.value),
        erasure_days: days(erasure_days),
        restore_window_days: days(restore_window_days),
    };
    if EPOCH_DAYS + keys.restore_window_days + 2 > keys.erasure_days {
        let longest = keys.erasure_days.saturating_sub(EPOCH_DAYS + 2);
        context.push(
            Diagnostic::error("config.erasure_window", fields.key_span("restore_window_days"), "backups would outlive the promise to erase")
                .help(format!("set `restore_window_days` to at most {longest}, or lengthen `erasure_days`"))
                .note(format!("an epoch key lives {EPOCH_DAYS} days, then the backups sealed under it for `restore_window_days`; two days are for making sure")),
        );
    }
    Some(keys)
}

/// Whoever copies the folder of the database must not get the keys with it.
fn apart(context: &mut Context, database: Option<&Store>, root: Option<&SecretRef>, store: Option<&Text<'_>>) {
    if let Some(SecretRef { source: SecretSource::Env(_), span }) = root {
        context.push(Diagnostic::warning("config.root_in_env", span.clone(), "the root key stands in the environment"));
    }
    let Some(folder) = database.and_then(|database| database.path.parent()) else {
        return;
    };
    let mut check = |path: &Path, span: std::ops::Range<usize>, what: &str| {
        // without `..`, so that two spellings of one folder compare equal; links are found at start
        let inside = path.components().count() > 0 && plain(path).starts_with(plain(folder));
        if inside {
            let message = format!("{what} lies in the folder of the database");
            context.push(
                Diagnostic::error("config.keys_beside_database", span, message)
                    .note("one copied folder, disk or backup would hold both lock and key"),
            );
        }
    };
    if let Some(store) = store {
        check(Path::new(store.value), store.span.clone(), "the key store");
    }
    if let Some(SecretRef { source: SecretSource::File(path), span }) = root {
        check(path, span.clone(), "the root key");
    }
}

fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

pub(super) fn limits(context: &mut Context, root: &Fields<'_>) -> Limits {
    const MIB: u64 = 1 << 20;
    let fields = root.node(context, "limits").and_then(|node| Fields::open(context, node, &schema::LIMITS));
    let mut size = |key, range, default| fields.as_ref().and_then(|fields| fields.size(context, key, range)).unwrap_or(default);
    let max_body = size("max_body", 1024..=256 * MIB, 10 * MIB);
    let body_budget = size("body_budget", MIB..=65_536 * MIB, 256 * MIB);
    Limits { max_body, body_budget: body_budget.max(max_body) }
}

pub(super) fn systems(context: &mut Context, root: &Fields<'_>) -> Vec<System> {
    let entries = named(context, root, "system");
    context.systems = entries.iter().map(|(name, _)| name.value.to_owned()).collect();
    let mut systems = Vec::new();
    for (name, node) in entries {
        let Some(fields) = Fields::open_named(context, node, &schema::SYSTEM, Some(name.value)) else {
            continue;
        };
        let keeps = fields.pairs(context, "keeps");
        systems.push(System {
            name: name.value.to_owned(),
            connector: fields.owned(context, "connector"),
            region: fields.owned(context, "region"),
            vendor: fields.owned(context, "vendor"),
            transfer: fields.owned(context, "transfer"),
            keeps: keeps
                .into_iter()
                .filter_map(|(what, node)| {
                    Some((what.value.to_owned(), context.text(node, "what a system keeps")?.value.to_owned()))
                })
                .collect(),
        });
    }
    systems
}

pub(super) fn workflows(context: &mut Context, root: &Fields<'_>) -> Vec<Workflow> {
    const PLATFORMS: &[(&str, Platform)] =
        &[("make", Platform::Make), ("zapier", Platform::Zapier), ("n8n", Platform::N8n), ("other", Platform::Other)];
    let entries = named(context, root, "workflow");
    context.workflows = entries.iter().map(|(name, _)| name.value.to_owned()).collect();
    let mut workflows = Vec::new();
    for (name, node) in entries {
        let Some(fields) = Fields::open_named(context, node, &schema::WORKFLOW, Some(name.value)) else {
            continue;
        };
        let platform = match fields.need_text(context, "platform") {
            Some(text) => context.word(&text, "`platform`", PLATFORMS),
            None => None,
        };
        let owner = fields.need_text(context, "owner");
        if let Some(owner) = owner.as_ref().filter(|owner| !is_address(owner.value)) {
            let message = "`owner` is no mail address";
            context.push(
                Diagnostic::error("config.bad_value", owner.span.clone(), message)
                    .help("name one person by mail address, for example \"dana@example.com\""),
            );
        }
        let purpose = fields.need_text(context, "purpose");
        let expires = fields.expiry(context, "expires");
        if let (Some(platform), Some(owner), Some(purpose)) = (platform, owner, purpose) {
            workflows.push(Workflow {
                name: name.value.to_owned(),
                platform,
                owner: owner.value.to_owned(),
                purpose: purpose.value.to_owned(),
                expires,
            });
        }
    }
    workflows
}

fn domain(context: &mut Context, text: &Text<'_>) -> Option<String> {
    let domain = text.value.to_ascii_lowercase();
    let usable = domain.len() <= 200 && domain.contains('.') && url::is_host_name(&domain);
    if !usable {
        let message = "`token_domain` is no domain";
        context.push(
            Diagnostic::error("config.bad_value", text.span.clone(), message)
                .help("write a subdomain of yours, for example \"t.example.com\""),
        );
    }
    usable.then_some(domain)
}

/// A mail address as far as it matters here: one `@` between two texts without blanks, and a dot in the second.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && domain.contains('.')
        && url::is_host_name(&domain.to_ascii_lowercase())
        && local.chars().all(|c| c.is_ascii_graphic() && c != '@' && !"<>()[],;:\\\"|".contains(c))
}
