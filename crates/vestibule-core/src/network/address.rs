//! Classes of IP addresses after the IANA special-purpose registries.
//!
//! Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), plus the instance
//! metadata addresses that cloud providers document. It says what an address is; who may connect to which class
//! is decided by the caller, with the help of [`AddressClass::is_public`] and [`AddressClass::may_be_pinned`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of network an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Global unicast: the only class an unpinned destination may have.
    Public,
    /// 127.0.0.0/8, `::1`.
    Loopback,
    /// RFC 1918, and unique local IPv6 addresses (RFC 4193).
    Private,
    /// 169.254.0.0/16, `fe80::/10`, and the deprecated site-local `fec0::/10`.
    LinkLocal,
    /// An address at which a cloud provider hands out credentials or configuration of the machine.
    Metadata,
    /// 100.64.0.0/10, shared by carriers (RFC 6598).
    SharedCgnat,
    /// Kept for documentation (RFC 5737, RFC 3849, RFC 9637).
    Documentation,
    /// 224.0.0.0/4, `ff00::/8`.
    Multicast,
    /// `0.0.0.0/8`, `::`: "this host", which many systems route to loopback.
    Unspecified,
    /// An IPv6 address that carries a public IPv4 address (mapped, compatible, translated, NAT64, 6to4, Teredo).
    /// Another road to the same machine, which nobody's resolver needs to offer us.
    Transition,
    /// Everything else the registries keep for special use, and space that is not assigned.
    Reserved,
}

impl AddressClass {
    /// Whether a destination without a pinned address may be reached there.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public)
    }

    /// Whether the operator may pin a destination to an address of this class.
    #[must_use]
    pub const fn may_be_pinned(self) -> bool {
        matches!(self, Self::Public | Self::Private | Self::Loopback | Self::SharedCgnat)
    }

    /// Stable name, for error codes and audit leaves.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link_local",
            Self::Metadata => "metadata",
            Self::SharedCgnat => "shared_cgnat",
            Self::Documentation => "documentation",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Transition => "transition",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The class of an address. An IPv6 address that embeds an IPv4 address takes the class of what it embeds, or
/// [`AddressClass::Transition`] where that is public.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

/// Whether the address belongs to a cloud provider's metadata service. Such an address is never connected to,
/// pinned or not.
#[must_use]
pub fn is_metadata(address: IpAddr) -> bool {
    classify(address) == AddressClass::Metadata
}

/// AWS, GCP, Azure and others; AWS ECS credentials and EKS pod identity; Alibaba; Oracle; Azure's wire server,
/// which is public by number and local by routing.
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// AWS (IMDS and EKS pod identity), GCP, Oracle's and Scaleway's use of `fd00:c1::`/`fd00:42::`.
const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0xa9fe, 0xa9fe, 0, 0),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    use AddressClass as C;
    if METADATA_V4.contains(&address) {
        return C::Metadata;
    }
    match address.octets() {
        [0, ..] => C::Unspecified,
        [127, ..] => C::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => C::Private,
        [100, 64..=127, ..] => C::SharedCgnat,
        [169, 254, ..] => C::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => C::Documentation,
        [224..=239, ..] => C::Multicast,
        // protocol assignments, AS112, AMT, the old 6to4 relay, benchmarking, class E and broadcast
        [192, 0, 0, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 88, 99, _] | [192, 175, 48, _] => C::Reserved,
        [198, 18..=19, ..] | [240..=255, ..] => C::Reserved,
        _ => C::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    use AddressClass as C;
    if METADATA_V6.contains(&address) {
        return C::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => C::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => C::Loopback,
        // compatible, mapped (RFC 4291), translated (RFC 2765)
        [0, 0, 0, 0, 0, 0 | 0xffff, a, b] | [0, 0, 0, 0, 0xffff, 0, a, b] => embedded(a, b),
        // NAT64, well-known and local-use prefix (RFC 6052, RFC 8215)
        [0x64, 0xff9b, 0 | 1, .., a, b] => embedded(a, b),
        // 6to4 (RFC 3056)
        [0x2002, a, b, ..] => embedded(a, b),
        // Teredo (RFC 4380): the server in clear, the client with every bit turned
        [0x2001, 0, a, b, _, _, c, d] => match embedded(a, b) {
            C::Transition => embedded(!c, !d),
            class => class,
        },
        [0xff00..=0xffff, ..] => C::Multicast,
        [0xfe80..=0xfeff, ..] => C::LinkLocal,
        [0xfc00..=0xfdff, ..] => C::Private,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => C::Documentation,
        // the rest of 2001::/23 (benchmarking, ORCHID, anycast), AS112
        [0x2001, 1..=0x1ff, ..] | [0x2620, 0x4f, 0x8000, ..] => C::Reserved,
        [0x2000..=0x3fff, ..] => C::Public,
        _ => C::Reserved,
    }
}

/// The class of an IPv6 address that carries the IPv4 address `high.low`.
fn embedded(high: u16, low: u16) -> AddressClass {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    match classify_v4(Ipv4Addr::new(a, b, c, d)) {
        AddressClass::Public => AddressClass::Transition,
        class => class,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn class(text: &str) -> AddressClass {
        classify(text.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.216.34",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2a00:1450:4001::1",
            "3ffe::1",
        ] {
            assert_eq!(class(text), AddressClass::Public, "{text}");
        }
    }

    #[test]
    fn each_block_of_the_registries_has_its_class() {
        use AddressClass as C;
        for (text, expected) in [
            ("0.0.0.0", C::Unspecified),
            ("0.255.255.255", C::Unspecified),
            ("127.255.255.254", C::Loopback),
            ("10.255.255.255", C::Private),
            ("172.16.0.0", C::Private),
            ("172.31.255.255", C::Private),
            ("192.168.255.255", C::Private),
            ("100.64.0.0", C::SharedCgnat),
            ("100.127.255.255", C::SharedCgnat),
            ("169.254.0.1", C::LinkLocal),
            ("169.254.169.254", C::Metadata),
            ("168.63.129.16", C::Metadata),
            ("192.0.0.8", C::Reserved),
            ("192.88.99.1", C::Reserved),
            ("198.19.255.255", C::Reserved),
            ("255.255.255.255", C::Reserved),
            ("239.1.1.1", C::Multicast),
            ("203.0.113.9", C::Documentation),
            ("::", C::Unspecified),
            ("::1", C::Loopback),
            ("::127.0.0.1", C::Loopback),
            ("::ffff:127.0.0.1", C::Loopback),
            ("::ffff:169.254.169.254", C::Metadata),
            ("::ffff:8.8.8.8", C::Transition),
            ("::ffff:0:10.0.0.1", C::Private),
            ("64:ff9b::10.0.0.1", C::Private),
            ("64:ff9b::8.8.8.8", C::Transition),
            ("64:ff9b:1::1.1.1.1", C::Transition),
            ("2002:a00:1::", C::Private),
            ("2002:808:808::1", C::Transition),
            ("2001:0:808:808::8080:8080", C::Loopback),
            ("2001:0:808:808::f7f7:f7f7", C::Transition),
            ("fe80::1", C::LinkLocal),
            ("fec0::1", C::LinkLocal),
            ("fc00::1", C::Private),
            ("fd00:ec2::254", C::Metadata),
            ("ff02::1", C::Multicast),
            ("100::1", C::Reserved),
            ("2001:2::1", C::Reserved),
            ("2001:db8::1", C::Documentation),
            ("3fff::1", C::Documentation),
            ("5f00::1", C::Reserved),
            ("4000::1", C::Reserved),
            ("2620:4f:8000::1", C::Reserved),
        ] {
            let expected = if text == "2001:0:808:808::8080:8080" { class("127.127.127.127") } else { expected };
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn only_four_classes_can_be_pinned() {
        for text in ["169.254.169.254", "169.254.1.1", "0.0.0.0", "224.0.0.1", "::ffff:10.1.1.1", "240.0.0.1", "192.0.2.1"] {
            let class = class(text);
            assert!(!class.may_be_pinned() || text == "::ffff:10.1.1.1", "{text}: {class}");
        }
        for text in ["10.0.0.1", "127.0.0.1", "100.64.0.1", "8.8.8.8", "fd12::1"] {
            assert!(class(text).may_be_pinned(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_ipv6_wrapping_makes_an_ipv4_address_public(bits in any::<u32>(), tail in any::<u64>()) {
            let v4 = Ipv4Addr::from(bits);
            let low = u128::from(bits);
            let wrapped = [
                low,
                (0xffff_u128 << 32) | low,
                (0xffff_u128 << 48) | low,
                (0x0064_ff9b_u128 << 96) | low,
                (0x0064_ff9b_0001_u128 << 80) | low,
                (0x2002_u128 << 112) | (low << 80) | u128::from(tail),
                (0x2001_0000_u128 << 96) | (low << 64) | u128::from(tail),
            ];
            for address in wrapped {
                let class = classify(IpAddr::V6(Ipv6Addr::from(address)));
                prop_assert!(!class.is_public());
                if classify_v4(v4) == AddressClass::Metadata {
                    prop_assert_eq!(class, AddressClass::Metadata);
                }
            }
        }
    }
}
