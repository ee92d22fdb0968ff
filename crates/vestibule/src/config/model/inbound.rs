//! The model of data coming in: routes, how sources prove themselves, rules for fields, delivery.
//!
//! Types only. Verifying, protecting and sending happen elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use vestibule_core::clock::Span;
use vestibule_core::document::FieldPath;
use vestibule_core::id::Mode;
use vestibule_core::scheme::MacAlgorithm;
use vestibule_core::scheme::hmac_body::Encoding;

pub use vestibule_core::protect::{Function, Treatment};

use super::SecretRef;

/// A route in: a source posts here.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Its name in the file.
    pub name: String,
    /// The exact path of requests, beginning with `/`.
    pub path: String,
    /// The system that sends, by name.
    pub from: Option<String>,
    /// Within which people are matched.
    pub realm: String,
    /// Test or live.
    pub mode: Mode,
    /// How the source proves authorship.
    pub verify: Verify,
    /// Networks that requests may come from; empty: any.
    pub addresses: Vec<Cidr>,
    /// All of these must hold, or the event is answered 200 and forgotten.
    pub when: Vec<Condition>,
    /// How the person is known.
    pub subject: SubjectPaths,
    /// Rules by path, in the order of the file.
    pub fields: Vec<FieldRule>,
    /// Members added for filters and routers, in the order of the file.
    pub derive: Vec<Derived>,
    /// What happens to values that no rule names.
    pub otherwise: Otherwise,
    /// Largest body in bytes.
    pub max_body: u64,
    /// Where the protected event goes; absent: it is only stored.
    pub deliver: Option<Deliver>,
}

/// How a source proves authorship.
#[derive(Clone, Debug)]
pub enum Verify {
    /// Standard Webhooks: id, time and body, HMAC-SHA-256.
    StandardWebhooks {
        /// 1 to 4 secrets, any of which may have signed.
        secrets: Vec<SecretRef>,
        /// Allowed difference of the clocks, both ways.
        tolerance: Span,
    },
    /// An HMAC in a header.
    Hmac(Hmac),
    /// `Authorization: Bearer <secret>`.
    Bearer {
        /// 1 to 4 secrets.
        secrets: Vec<SecretRef>,
    },
    /// A static key in a named header.
    Header {
        /// The header's name, lower case.
        name: String,
        /// 1 to 4 secrets.
        secrets: Vec<SecretRef>,
    },
}

/// An HMAC in a header, over the body or over time and body.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// 1 to 4 secrets, any of which may have signed.
    pub secrets: Vec<SecretRef>,
    /// The header of the signature, lower case.
    pub header: String,
    /// The hash.
    pub algorithm: MacAlgorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What stands before it in the header, for example `sha256=`; may be empty.
    pub prefix: String,
    /// Header of the time in seconds, lower case; then `<time>.<body>` is what is signed.
    pub timestamp_header: Option<String>,
    /// Allowed difference of the clocks, both ways; without meaning where no time is signed.
    pub tolerance: Span,
}

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The first address; bits past the prefix are zero.
    pub network: IpAddr,
    /// Length of the prefix: 0 to 32 or 0 to 128.
    pub prefix: u8,
}

/// One condition on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where to look.
    pub path: FieldPath,
    /// The value must be one of these.
    pub any_of: Vec<Scalar>,
}

/// A JSON scalar to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

/// Where a document names its person. With neither, every event gets a pending subject.
#[derive(Clone, Debug, Default)]
pub struct SubjectPaths {
    /// The source's own identifier of the person.
    pub id: Option<FieldPath>,
    /// The e-mail address of the person.
    pub email: Option<FieldPath>,
}

/// A rule for one place and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The place.
    pub path: FieldPath,
    /// What happens to it.
    pub treatment: Treatment,
}

/// A member computed from a value, so that filters work without the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// Name of the member, added at the top of the document.
    pub name: String,
    /// What is computed.
    pub function: Function,
    /// From what.
    pub path: FieldPath,
}

/// What happens to values that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// They are removed.
    Drop,
    /// They are tokenized under the category `any`.
    Tokenize,
    /// They are sealed until the owner decides.
    Hold {
        /// After this many days they are dropped, and the event goes on.
        days: u32,
    },
}

/// Where a protected event goes.
#[derive(Clone, Debug)]
pub struct Deliver {
    /// The workflow that receives it, by name; it joins the audience of the event's tokens.
    pub workflow: String,
    /// The platform's webhook: its address is a secret.
    pub url: SecretRef,
    /// A header the platform asks for, such as Make's `x-make-apikey`.
    pub header: Option<(String, SecretRef)>,
    /// The secret our Standard Webhooks signature is made with; absent: one from the key store.
    pub signing: Option<SecretRef>,
    /// The address of a private platform, such as an n8n of one's own: no look-up happens.
    pub address: Option<SocketAddr>,
    /// PEM file of the only authority that is trusted for it.
    pub ca: Option<PathBuf>,
    /// How long to wait for the answer.
    pub timeout: Span,
}

impl Inbound {
    /// Whose ids the people of this route have: the sending system's, so that its routes share them, or, where none is
    /// named, the route's own. A dot stands in no name, so a route is never taken for a system.
    pub fn sender(&self) -> String {
        self.from.clone().unwrap_or_else(|| format!("in.{}", self.name))
    }
}

impl Cidr {
    /// Whether the address lies in the network. An IPv4-mapped IPv6 address counts as its IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                u32::from(address) & mask == u32::from(network) & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                u128::from(address) & mask == u128::from(network) & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn networks_contain_their_addresses_only() {
        let net = |text: &str, prefix| Cidr { network: text.parse().unwrap(), prefix };
        let holds = |cidr: Cidr, text: &str| cidr.contains(text.parse().unwrap());
        assert!(holds(net("203.0.113.0", 24), "203.0.113.255"));
        assert!(holds(net("203.0.113.0", 24), "::ffff:203.0.113.7"));
        assert!(!holds(net("203.0.113.0", 24), "203.0.114.0"));
        assert!(holds(net("0.0.0.0", 0), "198.51.100.1"));
        assert!(!holds(net("0.0.0.0", 0), "2001:db8::1"));
        assert!(holds(net("2001:db8::", 32), "2001:db8:ffff::1"));
        assert!(!holds(net("2001:db8::1", 128), "2001:db8::2"));
        assert!(holds(net("::", 0), "2001:db8::2"));
    }
}
