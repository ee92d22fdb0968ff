//! The address of a request taken apart: what is literal in it, and what the scenario computes.
//!
//! It resolves nothing. A host that is partly computed is known by its literal end only.

use crate::expression;
use crate::model::Platform;

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'t> {
    /// How it is called.
    pub scheme: Scheme,
    /// Where it leads.
    pub host: Host<'t>,
    /// `:8443`, or empty.
    pub port: &'t str,
    /// From the first `/` to the query, with the platform's expressions left in place; may be empty.
    pub path: &'t str,
    /// From `?` to the end; may be empty.
    pub query: &'t str,
}

/// How an address is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
    /// Something else, or computed.
    Other,
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'t> {
    /// A host that stands in the text, without port.
    Literal(&'t str),
    /// A computed host below a literal one: `zendesk.com` of `{{1.account}}.zendesk.com`.
    Below(&'t str),
    /// Computed.
    Computed,
}

impl<'t> Address<'t> {
    /// The address in the text of a spot; `None` for a text that is no address at all.
    pub fn of(platform: Platform, text: &'t str) -> Option<Self> {
        let text = text.trim();
        let inner = text.strip_prefix("{{").filter(|_| !matches!(platform, Platform::File));
        match inner {
            Some(_) => Some(Self::computed(platform, text)),
            None => Self::literal(text),
        }
    }

    /// The host as far as it is known: the whole of a literal one, the end of a partly computed one.
    pub fn known_host(&self) -> Option<&'t str> {
        match self.host {
            Host::Literal(host) | Host::Below(host) => Some(host),
            Host::Computed => None,
        }
    }

    /// Whether it leads to a machine or network of one's own.
    pub fn is_private(&self) -> bool {
        matches!(self.host, Host::Literal(host) if is_private(host))
    }

    fn literal(text: &'t str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                (Scheme::Other, rest)
            }
            _ => return None,
        };
        let (authority, tail) = rest.split_at_checked(outside(rest, |b| matches!(b, b'/' | b'?' | b'#'))?)?;
        let (path, query) = tail.split_at_checked(outside(tail, |b| matches!(b, b'?' | b'#'))?)?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rfind(':').filter(|at| !authority.get(*at..).unwrap_or_default().contains(']')) {
            Some(at) if !authority.contains("{{") => authority.split_at_checked(at)?,
            _ => (authority, ""),
        };
        let host = match host.rfind("}}") {
            None if host.is_empty() => return None,
            None => Host::Literal(host),
            Some(at) => match host.get(at + 2..).unwrap_or_default().split(':').next().unwrap_or_default() {
                below if below.starts_with('.') && below.len() > 3 => Host::Below(below.trim_start_matches('.')),
                _ => Host::Computed,
            },
        };
        Some(Self { scheme, host, port, path, query })
    }

    /// `{{ 'https://api.example.com/' + $json.id }}` leads to a known host, `{{ $json.url }}` does not.
    fn computed(platform: Platform, text: &'t str) -> Self {
        let unknown = Self { scheme: Scheme::Other, host: Host::Computed, port: "", path: "", query: "" };
        let Some((_, expression::Piece::Expression(first))) = expression::pieces(platform, text).into_iter().next() else {
            return unknown;
        };
        let start = first.len() - first.trim_start().len();
        let begins = |(at, _): &(usize, &str)| *at <= start + 1;
        let address = expression::literals(platform, first).into_iter().find(begins).and_then(|(_, text)| Self::literal(text));
        // a literal that ends before the host does, such as 'https://api.' + region
        address.filter(|address| !address.path.is_empty()).map_or(unknown, |address| Self { path: "", query: "", ..address })
    }
}

/// The first byte of a kind that stands outside the platform's expressions; the length where there is none.
fn outside(text: &str, is: impl Fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut inside = false;
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        let twice = bytes.get(at + 1) == Some(b);
        match b {
            b'{' if twice && !inside => (inside, at) = (true, at + 1),
            b'}' if twice && inside => (inside, at) = (false, at + 1),
            b if !inside && is(*b) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    Some(text.len())
}

/// Loopback, private and link-local addresses, names without a dot and names that only inner networks have.
fn is_private(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        let [a, b, ..] = address.octets();
        let shared = a == 100 && (64..128).contains(&b);
        return address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified() || shared;
    }
    if let Ok(address) = host.parse::<std::net::Ipv6Addr>() {
        return address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local();
    }
    let inner =
        [".local", ".localhost", ".internal", ".lan", ".home", ".intranet", ".corp", ".home.arpa", ".svc", ".docker", ".test"];
    !host.contains('.') || inner.iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn addresses_are_taken_apart_around_expressions() {
        let of = |text| Address::of(Platform::Make, text);
        let plain = of("https://user:pw@api.example.com:8443/v1/{{1.a?b}}/x?q={{2.c}}#f").unwrap();
        assert_eq!(plain.host, Host::Literal("api.example.com"));
        assert_eq!((plain.port, plain.path, plain.query), (":8443", "/v1/{{1.a?b}}/x", "?q={{2.c}}#f"));
        assert_eq!(of("HTTP://example.com").unwrap().scheme, Scheme::Http);
        assert_eq!(of("https://{{1.account}}.zendesk.com/api").unwrap().host, Host::Below("zendesk.com"));
        assert_eq!(of("https://{{1.host}}/api").unwrap().host, Host::Computed);
        assert_eq!(of("{{1.url}}").unwrap().host, Host::Computed);
        assert_eq!(of("ftp://files.example.com/x").unwrap().scheme, Scheme::Other);
        assert!(of("").is_none() && of("api.example.com/v1").is_none() && of("https:///x").is_none());
        assert_eq!(of("http://[::1]:80/x").unwrap().host, Host::Literal("[::1]"));
    }

    #[test]
    fn one_s_own_networks_are_known() {
        let private = |host: &str| Address::of(Platform::Make, &format!("http://{host}/x")).unwrap().is_private();
        for host in [
            "localhost",
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.20.0.1",
            "100.64.0.1",
            "[::1]",
            "n8n",
            "nas.local",
            "db.svc",
        ] {
            assert!(private(host), "{host}");
        }
        for host in ["example.com", "8.8.8.8", "172.32.0.1", "[2001:db8::1]", "mylocal.com", "local.io"] {
            assert!(!private(host), "{host}");
        }
    }
}
