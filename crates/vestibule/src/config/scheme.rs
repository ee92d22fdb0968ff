//! Reads how a source proves authorship. The schemes themselves are in the core.

use vestibule_core::clock::Span;
use vestibule_core::scheme::MacAlgorithm;
use vestibule_core::scheme::hmac_body::Encoding;

use super::diagnostic::Diagnostic;
use super::model::{Hmac, SecretRef, Verify};
use super::read::{Context, Fields};
use super::{schema, secret, url};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    StandardWebhooks,
    Hmac,
    Bearer,
    Header,
}

/// Keys of a scheme that only some kinds read.
const ONLY_HMAC: &[&str] = &["algorithm", "encoding", "prefix", "timestamp_header"];

/// Reads `secret`, `scheme` and `tolerance_seconds` of a route.
pub(super) fn verify(context: &mut Context, route: &Fields<'_>) -> Option<Verify> {
    let secrets = match route.texts(context, "secret") {
        Some(texts) => secret::references(context, &texts, route.key_span("secret")),
        None if route.node(context, "secret").is_none() => route.missing(context, "secret"),
        None => None,
    };
    let tolerance = Span::seconds(route.integer(context, "tolerance_seconds", 5..=3600).unwrap_or(300));
    let Some(node) = route.node(context, "scheme") else {
        return Some(Verify::StandardWebhooks { secrets: secrets?, tolerance });
    };
    let scheme = Fields::open(context, node, &schema::SCHEME)?;
    let kind = scheme.need_text(context, "kind")?;
    let kind = context.word(
        &kind,
        "`kind`",
        &[
            ("standard-webhooks", Kind::StandardWebhooks),
            ("hmac", Kind::Hmac),
            ("bearer", Kind::Bearer),
            ("header", Kind::Header),
        ],
    )?;
    let unread = ONLY_HMAC.iter().filter(|_| kind != Kind::Hmac);
    for &key in unread.chain(["header"].iter().filter(|_| matches!(kind, Kind::StandardWebhooks | Kind::Bearer))) {
        if scheme.node(context, key).is_some() {
            let message = format!("this kind of scheme does not read `{key}`");
            context.push(
                Diagnostic::error("config.unknown_key", scheme.key_span(key), message)
                    .label("nothing reads this")
                    .help("remove it, or choose another `kind`"),
            );
        }
    }
    match kind {
        Kind::StandardWebhooks => Some(Verify::StandardWebhooks { secrets: secrets?, tolerance }),
        Kind::Hmac => hmac(context, &scheme, secrets, tolerance).map(Verify::Hmac),
        Kind::Bearer => {
            unsigned(context, route, &scheme);
            Some(Verify::Bearer { secrets: secrets? })
        }
        Kind::Header => {
            unsigned(context, route, &scheme);
            let name = scheme.need_text(context, "header").and_then(|text| url::header(context, &text));
            Some(Verify::Header { name: name?, secrets: secrets? })
        }
    }
}

fn hmac(context: &mut Context, scheme: &Fields<'_>, secrets: Option<Vec<SecretRef>>, tolerance: Span) -> Option<Hmac> {
    let header = scheme.need_text(context, "header").and_then(|text| url::header(context, &text));
    let algorithm = scheme.word(
        context,
        "algorithm",
        &[("sha256", MacAlgorithm::Sha256), ("sha512", MacAlgorithm::Sha512), ("sha1", MacAlgorithm::Sha1)],
    );
    let algorithm = algorithm.unwrap_or(MacAlgorithm::Sha256);
    if algorithm == MacAlgorithm::Sha1 {
        let place = scheme.key_span("algorithm");
        context.push(Diagnostic::warning("config.weak_hmac", place, "the source signs with SHA-1"));
    }
    let encoding = scheme.word(
        context,
        "encoding",
        &[("hex", Encoding::Hex), ("base64", Encoding::Base64), ("base64url", Encoding::Base64Url)],
    );
    let timestamp_header = match scheme.text(context, "timestamp_header") {
        Some(text) => Some(url::header(context, &text)?),
        None => None,
    };
    Some(Hmac {
        secrets: secrets?,
        header: header?,
        algorithm,
        encoding: encoding.unwrap_or(Encoding::Hex),
        prefix: scheme.owned(context, "prefix").unwrap_or_default(),
        timestamp_header,
        tolerance,
    })
}

/// A static key on a route that anybody can reach.
fn unsigned(context: &mut Context, route: &Fields<'_>, scheme: &Fields<'_>) {
    if route.node(context, "addresses").is_none() {
        let place = scheme.key_span("kind");
        context.push(
            Diagnostic::warning("config.static_key", place, "this source signs nothing, and may send from anywhere")
                .note("whoever sees one request, for example in a proxy's log, can send any other"),
        );
    }
}
