//! Reads URLs, addresses, networks, header names and route paths of the configuration.
//!
//! Origins are taken apart in one place, [`Origin`] of the core; this module says where the fault stands in the file.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use vestibule_core::network::{Origin, OriginError, check_pinned, is_path};
use vestibule_core::policy::call::overrides_method;

use super::diagnostic::Diagnostic;
use super::model::Cidr;
use super::read::{Context, Text};

/// The URL that sources post to. It may be private: the gateway never calls it.
pub(super) fn public(context: &mut Context, text: &Text<'_>) -> Option<Origin> {
    let parsed = Origin::parse(text.value);
    // the class of the address does not matter for what is only shown, so any public address stands in
    let parsed = match parsed {
        Err(OriginError::PrivateName | OriginError::IpLiteral) => {
            let literal = text.value.strip_prefix("https://").unwrap_or_default();
            let ip = literal.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| literal.parse());
            Origin::parse_pinned(text.value, SocketAddr::new(ip.unwrap_or(IpAddr::from([127, 0, 0, 1])), 443))
        }
        parsed => parsed,
    };
    checked(context, parsed, text)
}

/// The URL of a destination, with its pin if it has one.
pub(super) fn destination(context: &mut Context, text: &Text<'_>, pin: Option<SocketAddr>) -> Option<Origin> {
    let parsed = match pin {
        Some(address) => Origin::parse_pinned(text.value, address),
        None => Origin::parse(text.value),
    };
    checked(context, parsed, text)
}

/// The pin of a private destination.
pub(super) fn pin(context: &mut Context, text: &Text<'_>) -> Option<SocketAddr> {
    let address = socket(context, text)?;
    match check_pinned(address) {
        Ok(()) => Some(address),
        Err(error) => {
            let message = format!("nothing is ever sent to this address: {error}");
            context.push(Diagnostic::error("config.bad_address", text.span.clone(), message).help(error.fix()));
            None
        }
    }
}

/// An address with a port.
pub(super) fn socket(context: &mut Context, text: &Text<'_>) -> Option<SocketAddr> {
    let parsed = text.value.parse().ok();
    if parsed.is_none() {
        context.push(
            Diagnostic::error("config.bad_address", text.span.clone(), "this is no address with a port")
                .help("write an IP address, a colon and a port, for example \"127.0.0.1:8443\" or \"[::]:443\""),
        );
    }
    parsed
}

/// A network in CIDR notation, or a single address.
pub(super) fn cidr(context: &mut Context, text: &Text<'_>) -> Option<Cidr> {
    let (address, prefix) = match text.value.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text.value, None),
    };
    let parsed = address.parse::<IpAddr>().ok().and_then(|network| {
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let digits = |text: &str| (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok());
        let prefix = match prefix {
            Some(prefix) => digits(prefix)?.filter(|length: &u8| *length <= longest)?,
            None => longest,
        };
        Some(Cidr { network, prefix })
    });
    let Some(cidr) = parsed else {
        context.push(
            Diagnostic::error("config.bad_address", text.span.clone(), "this is no network")
                .help("write a network such as \"203.0.113.0/24\" or \"2001:db8::/32\""),
        );
        return None;
    };
    let has_host_bits = match cidr.network {
        IpAddr::V4(network) => u32::from(network) & !u32::MAX.checked_shl(32 - u32::from(cidr.prefix)).unwrap_or(0) != 0,
        IpAddr::V6(network) => u128::from(network) & !u128::MAX.checked_shl(128 - u32::from(cidr.prefix)).unwrap_or(0) != 0,
    };
    if has_host_bits {
        context.push(Diagnostic::error("config.bad_address", text.span.clone(), "the address has bits past its prefix").help(
            format!("write the first address of the network, or /{} for this one", if cidr.network.is_ipv4() { 32 } else { 128 }),
        ));
    }
    Some(cidr)
}

/// The name of a header that a configuration may set or read, lower case.
pub(super) fn header(context: &mut Context, text: &Text<'_>) -> Option<String> {
    const TAKEN: &[&str] = &[
        "connection",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "cookie",
        "expect",
        "idempotency-key",
    ];
    let name = text.value.to_ascii_lowercase();
    let is_token = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let taken = TAKEN.contains(&name.as_str()) || name.starts_with("content-") || name.starts_with("vestibule-");
    if !is_token || taken {
        let message = if taken { "this header is set by the protocol or the gateway" } else { "this is no header name" };
        context.push(Diagnostic::error("config.bad_header", text.span.clone(), message));
        return None;
    }
    Some(name)
}

/// The name of a header that goes out with a call because the configuration says so, lower case.
pub(super) fn sent_header(context: &mut Context, text: &Text<'_>) -> Option<String> {
    let name = header(context, text)?;
    let message = match name.as_str() {
        "authorization" => "the Authorization header is the gateway's own",
        "accept-encoding" => "this header is set by the protocol or the gateway",
        name if overrides_method(name) => "this header makes vendors act as if another method had been sent",
        _ => return Some(name),
    };
    context.push(Diagnostic::error("config.bad_header", text.span.clone(), message));
    None
}

/// The path of a route in.
pub(super) fn route(context: &mut Context, text: &Text<'_>) -> Option<String> {
    const TAKEN: &[&str] = &["out", "oauth", "api", ".well-known", "healthz", "readyz", "metrics"];
    let path = text.value;
    let first = path.split('/').nth(1).unwrap_or_default();
    let fault = if !is_path(path) || path.contains('%') {
        Some("this is no plain path")
    } else if path == "/" {
        Some("a route needs a path of its own")
    } else if path.ends_with('/') {
        Some("the path ends with a slash")
    } else if path.len() > 256 {
        Some("the path is longer than 256 characters")
    } else if TAKEN.contains(&first) {
        Some("the gateway uses this path itself")
    } else {
        None
    };
    match fault {
        None => Some(path.to_owned()),
        Some(message) => {
            context.push(Diagnostic::error("config.bad_route", text.span.clone(), message));
            None
        }
    }
}

/// Letters, digits and hyphens in labels of at most 63 characters (RFC 1123); lower case only.
pub(super) fn is_host_name(name: &str) -> bool {
    name.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    })
}

fn checked(context: &mut Context, parsed: Result<Origin, OriginError>, text: &Text<'_>) -> Option<Origin> {
    let span: Range<usize> = text.span.clone();
    let error = match parsed {
        Ok(origin) => return Some(origin),
        Err(error) => error,
    };
    let finding = match error {
        OriginError::Scheme if text.value.starts_with("http:") => {
            Diagnostic::error("config.plain_http", span, "this connection would not be encrypted").label("http")
        }
        OriginError::IpLiteral | OriginError::PrivateName => {
            Diagnostic::error("config.private_host", span, error.to_string()).help(error.fix())
        }
        OriginError::UserInfo => {
            // what stands before the `@` is a credential, whatever it looks like
            context.secrets.push(span.clone());
            Diagnostic::error("config.literal_secret", span, error.to_string()).help(error.fix())
        }
        OriginError::PinnedClass(_) | OriginError::PinnedElsewhere => {
            Diagnostic::error("config.bad_address", span, error.to_string()).help(error.fix())
        }
        _ => Diagnostic::error("config.bad_url", span, error.to_string()).help(error.fix()),
    };
    context.push(finding);
    None
}
