//! The strict reading of a destination's address from the configuration: `https://host[:port][/base/path]`.
//!
//! It reads a small part of what URL parsers accept, so that no two readers can disagree about the host: https
//! only, no user information, no query, no fragment, an ASCII name or (pinned only) an IP literal. It resolves
//! nothing: a public-looking name that leads to a private address is caught after the look-up, by the address
//! rules. There is one such reader; nothing else in the product takes hosts apart.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::address::{AddressClass, classify};
use super::origin_error::OriginError;
use super::punycode;

/// Longest accepted text of an origin, in bytes.
const MAX_ORIGIN: usize = 2048;
const HTTPS_PORT: u16 = 443;

/// The host of an origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A lower-case ASCII name without a final dot.
    Domain(String),
    /// An IP literal; only with a pinned address equal to it.
    Ip(IpAddr),
}

/// Where a destination lives. The scheme is always https.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    host: Host,
    port: u16,
    base_path: String,
    authority: String,
}

impl Origin {
    /// Reads `https://host[:port][/base]` for a destination that is found through DNS.
    ///
    /// # Errors
    /// [`OriginError`] for everything else, among it IP literals and names of private networks.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let origin = Self::read(text)?;
        match &origin.host {
            Host::Ip(_) => Err(OriginError::IpLiteral),
            Host::Domain(name) if is_private_name(name) => Err(OriginError::PrivateName),
            Host::Domain(_) => Ok(origin),
        }
    }

    /// Reads an origin whose address the operator pinned. The name serves for the certificate and the `Host`
    /// header only and is never looked up, so names of private networks and IP literals are fine.
    ///
    /// # Errors
    /// [`OriginError`], also where the address is of a class that cannot be pinned, or where host and address
    /// are two different IPs.
    pub fn parse_pinned(text: &str, address: SocketAddr) -> Result<Self, OriginError> {
        let origin = Self::read(text)?;
        check_pinned(address)?;
        match origin.host {
            Host::Ip(ip) if ip != address.ip() => Err(OriginError::PinnedElsewhere),
            _ => Ok(origin),
        }
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The host as it stands in a certificate and in DNS: a name, or an IP without brackets.
    #[must_use]
    pub fn host_text(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ip(ip) => ip.to_string(),
        }
    }

    /// The port, 443 unless written.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` header: host, and port unless it is 443.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path before every path of a call: empty, or beginning with `/` and not ending with one.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    fn read(text: &str) -> Result<Self, OriginError> {
        if text.len() > MAX_ORIGIN {
            return Err(OriginError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OriginError::Character);
        }
        let rest = text.strip_prefix("https://").ok_or(OriginError::Scheme)?;
        if rest.contains('\\') {
            return Err(OriginError::Backslash);
        }
        if rest.contains(['?', '#']) {
            return Err(OriginError::QueryOrFragment);
        }
        let (authority, path) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some((authority, path)) => (authority, path),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(OriginError::UserInfo);
        }
        let (host, port) = read_authority(authority)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.is_empty() && !is_path(path) {
            return Err(OriginError::Path);
        }
        let shown = match &host {
            Host::Domain(name) => name.clone(),
            Host::Ip(IpAddr::V4(ip)) => ip.to_string(),
            Host::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
        };
        let authority = if port == HTTPS_PORT { shown } else { format!("{shown}:{port}") };
        Ok(Self { host, port, base_path: path.to_owned(), authority })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.authority, self.base_path)
    }
}

/// Whether an operator may pin a destination to this address.
///
/// # Errors
/// [`OriginError::PinnedClass`] for metadata, link-local, multicast and other special addresses, and for the
/// IPv6 spellings of IPv4 addresses; [`OriginError::Port`] for port 0.
pub fn check_pinned(address: SocketAddr) -> Result<(), OriginError> {
    if address.port() == 0 {
        return Err(OriginError::Port);
    }
    let class = classify(address.ip());
    let spelled_as_v6 = matches!(address.ip(), IpAddr::V6(ip) if embeds_v4(ip));
    if spelled_as_v6 && class != AddressClass::Metadata {
        return Err(OriginError::PinnedClass(AddressClass::Transition));
    }
    if class.may_be_pinned() { Ok(()) } else { Err(OriginError::PinnedClass(class)) }
}

/// Whether the address is IPv4 in IPv6 clothes: its IPv6 form is not the one an operator would write.
fn embeds_v4(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, ..] = address.segments();
    let compatible_or_mapped = a == 0 && b == 0 && c == 0 && d == 0 && !address.is_loopback() && !address.is_unspecified();
    compatible_or_mapped && (e == 0 || e == 0xffff) && (f == 0 || f == 0xffff)
        || (a == 0x64 && b == 0xff9b)
        || a == 0x2002
        || (a == 0x2001 && b == 0)
}

/// Whether `path` is a plain absolute path (RFC 3986 section 3.3): unreserved characters, sub-delimiters and
/// well-formed escapes; no empty, `.` or `..` segment, and none of these or a slash, backslash, dot or control
/// character behind an escape. A trailing slash is fine.
#[must_use]
pub fn is_path(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    path == "/" || segments.split('/').all(|segment| !matches!(segment, "" | "." | "..") && is_segment(segment))
}

fn is_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| digit.and_then(|d| char::from(d).to_digit(16)));
                let [Some(high), Some(low)] = digits else {
                    return false;
                };
                !matches!(high * 16 + low, 0..=0x1f | 0x2e | 0x2f | 0x5c | 0x7f)
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fine {
            return false;
        }
    }
    true
}

fn read_authority(authority: &str) -> Result<(Host, u16), OriginError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (literal, port) = rest.split_once(']').ok_or(OriginError::Host)?;
            let ip: Ipv6Addr = literal.parse().map_err(|_| OriginError::Host)?;
            (Host::Ip(IpAddr::V6(ip)), port)
        }
        None => {
            let at = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at_checked(at).ok_or(OriginError::Host)?;
            (read_host(name)?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => read_port(digits)?,
        None if port.is_empty() => HTTPS_PORT,
        None => return Err(OriginError::Host),
    };
    Ok((host, port))
}

fn read_port(digits: &str) -> Result<u16, OriginError> {
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(OriginError::Port);
    }
    let port = digits.parse().map_err(|_| OriginError::Port)?;
    if OTHER_PROTOCOLS.binary_search(&port).is_ok() { Err(OriginError::PortRefused) } else { Ok(port) }
}

/// A name of letters, digits and hyphens, or a dotted quad exactly as `a.b.c.d`. Whatever another reader could
/// take for a number (WHATWG URL, "ends in a number") is neither.
fn read_host(text: &str) -> Result<Host, OriginError> {
    if text.is_empty() {
        return Err(OriginError::NoHost);
    }
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(IpAddr::V4(ip)));
    }
    let name = text.to_ascii_lowercase();
    if name.len() > 253 {
        return Err(OriginError::Host);
    }
    for label in name.split('.') {
        check_label(label)?;
    }
    let last = name.rsplit('.').next().unwrap_or("");
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return Err(OriginError::NumericHost);
    }
    if METADATA_NAMES.contains(&name.as_str()) {
        return Err(OriginError::MetadataName);
    }
    Ok(Host::Domain(name))
}

fn check_label(label: &str) -> Result<(), OriginError> {
    let letters = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if label.is_empty() || label.len() > 63 || !letters || label.starts_with('-') {
        return Err(OriginError::Host);
    }
    if let Some(encoded) = label.strip_prefix("xn--") {
        return if punycode::is_valid(encoded) { Ok(()) } else { Err(OriginError::Punycode) };
    }
    // RFC 5891 section 4.2.3.1: "--" in this place is kept for encodings
    if label.ends_with('-') || label.get(2..4) == Some("--") { Err(OriginError::Host) } else { Ok(()) }
}

/// Single labels, and names that resolvers answer from the local network, the host or a cluster.
fn is_private_name(name: &str) -> bool {
    !name.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

const PRIVATE_SUFFIXES: [&str; 14] = [
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".lan",
    ".arpa",
    ".svc",
    ".cluster",
    ".onion",
    ".invalid",
];

const METADATA_NAMES: [&str; 5] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// Ports of other protocols, sorted: the "bad ports" of the Fetch standard, and unauthenticated services that
/// are often found open inside a network.
const OTHER_PROTOCOLS: [u16; 90] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113,
    115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556,
    563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 2375, 2379, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432,
    6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017,
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_plain_form() {
        let origin = Origin::parse("https://Harvest.Greenhouse.io/v1/").expect("an origin");
        assert_eq!(origin.host(), &Host::Domain("harvest.greenhouse.io".to_owned()));
        assert_eq!((origin.port(), origin.base_path(), origin.authority()), (443, "/v1", "harvest.greenhouse.io"));
        assert_eq!(origin.to_string(), "https://harvest.greenhouse.io/v1");
        let origin = Origin::parse("https://xn--mnchen-3ya.de:8443").expect("an origin");
        assert_eq!((origin.port(), origin.base_path(), origin.authority()), (8443, "", "xn--mnchen-3ya.de:8443"));
    }

    #[test]
    fn each_refusal_has_its_reason() {
        use OriginError as E;
        for (text, expected) in [
            ("http://example.com/", E::Scheme),
            ("HTTPS://example.com/", E::Scheme),
            ("https:example.com", E::Scheme),
            ("//example.com", E::Scheme),
            ("https:///example.com", E::NoHost),
            ("https://:443/", E::NoHost),
            ("https://user:pass@example.com/", E::UserInfo),
            ("https://a@b/", E::UserInfo),
            ("https://a.com\\@b.com/", E::Backslash),
            ("https://a.com?x", E::QueryOrFragment),
            ("https://a.com/#x", E::QueryOrFragment),
            ("https://exa mple.com/", E::Character),
            ("https://ex\u{ad}ample.com/", E::Character),
            ("https://a.com\r\nHost: b", E::Character),
            ("https://a.com%00.b.com/", E::Host),
            ("https://a_b.com/", E::Host),
            ("https://a..com/", E::Host),
            ("https://a.com./", E::Host),
            ("https://-a.com/", E::Host),
            ("https://ab--cd.com/", E::Host),
            ("https://xn--/", E::Punycode),
            ("https://xn--abc-.com/", E::Punycode),
            ("https://127.1/", E::NumericHost),
            ("https://0x7f.1/", E::NumericHost),
            ("https://0177.0.0.1/", E::NumericHost),
            ("https://2130706433/", E::NumericHost),
            ("https://a.0xff/", E::NumericHost),
            ("https://127.0.0.1./", E::Host),
            ("https://8.8.8.8/", E::IpLiteral),
            ("https://[2606:4700::1111]/", E::IpLiteral),
            ("https://[fe80::1%25eth0]/", E::Host),
            ("https://[::1]x/", E::Host),
            ("https://[::1/", E::Host),
            ("https://localhost/", E::PrivateName),
            ("https://a.localhost:8443/", E::PrivateName),
            ("https://ats.corp.internal/", E::PrivateName),
            ("https://kubernetes.default.svc/", E::PrivateName),
            ("https://1.0.0.127.in-addr.arpa/", E::PrivateName),
            ("https://metadata.goog/", E::MetadataName),
            ("https://a.com:0/", E::Port),
            ("https://a.com:/", E::Port),
            ("https://a.com:+443/", E::Port),
            ("https://a.com:0443/", E::Port),
            ("https://a.com:65536/", E::Port),
            ("https://a.com:22/", E::PortRefused),
            ("https://a.com:25/", E::PortRefused),
            ("https://a.com/../x", E::Path),
            ("https://a.com//x", E::Path),
            ("https://a.com/a%2fb", E::Path),
            ("https://a.com/a%2", E::Path),
            ("https://a.com/%2e%2e/x", E::Path),
        ] {
            assert_eq!(Origin::parse(text), Err(expected), "{text}");
            assert!(!expected.code().is_empty() && !expected.fix().is_empty());
        }
    }

    #[test]
    fn a_pinned_address_opens_private_names_but_never_metadata() {
        let private: SocketAddr = "10.1.2.3:8443".parse().expect("an address");
        let origin = Origin::parse_pinned("https://ats.corp.internal:8443/api", private).expect("pinned");
        assert_eq!(origin.authority(), "ats.corp.internal:8443");
        assert!(Origin::parse_pinned("https://10.1.2.3/", private).is_ok());
        assert_eq!(Origin::parse_pinned("https://10.1.2.4/", private), Err(OriginError::PinnedElsewhere));
        assert_eq!(Origin::parse_pinned("http://10.1.2.3/", private), Err(OriginError::Scheme));
        assert_eq!(Origin::parse_pinned("https://metadata.google.internal/", private), Err(OriginError::MetadataName));
        for address in ["169.254.169.254:443", "[fd00:ec2::254]:443", "[::ffff:169.254.169.254]:443", "168.63.129.16:443"] {
            let address = address.parse().expect("an address");
            assert_eq!(Origin::parse_pinned("https://a.com/", address), Err(OriginError::PinnedClass(AddressClass::Metadata)));
        }
        for address in ["[::ffff:10.0.0.1]:443", "[64:ff9b::a00:1]:443", "[2002:a00:1::]:443"] {
            let address = address.parse().expect("an address");
            assert_eq!(Origin::parse_pinned("https://a.com/", address), Err(OriginError::PinnedClass(AddressClass::Transition)));
        }
        for address in ["0.0.0.0:443", "224.0.0.1:443", "169.254.7.7:443", "10.0.0.1:0"] {
            assert!(Origin::parse_pinned("https://a.com/", address.parse().expect("an address")).is_err(), "{address}");
        }
    }

    #[test]
    fn the_port_list_is_sorted() {
        assert!(OTHER_PROTOCOLS.is_sorted());
    }

    #[test]
    fn paths() {
        for path in ["/", "/a", "/a/", "/v1/candidates/%41b", "/a:b@c;d=e", "/...", "/a.b"] {
            assert!(is_path(path), "{path}");
        }
        for path in
            ["", "a", "//", "/a//b", "/./a", "/a/..", "/%2E", "/%5c", "/a%", "/a%zz", "/%00", "/a b", "/ü", "/a|b", "/a?b"]
        {
            assert!(!is_path(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_round_trips(text in "(https://)?[ -~]{0,40}") {
            if let Ok(origin) = Origin::parse(&text) {
                prop_assert_eq!(Origin::parse(&origin.to_string()), Ok(origin));
            }
        }

        #[test]
        fn any_bytes(text in ".{0,60}") {
            let _ = Origin::parse(&text);
        }

        #[test]
        fn an_accepted_host_is_never_an_address(host in "[0-9a-fx.]{1,20}") {
            if let Ok(origin) = Origin::parse(&format!("https://{host}/")) {
                prop_assert!(origin.host_text().parse::<IpAddr>().is_err());
                prop_assert!(origin.host_text().rsplit('.').next().is_some_and(|last| last.parse::<u64>().is_err()));
            }
        }
    }
}
