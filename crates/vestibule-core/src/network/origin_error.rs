//! Why a configured origin is refused, with a stable code and what to change.
//!
//! It carries no part of the text that was refused.

use super::address::AddressClass;

/// Why a text is not an origin we connect to. Carries no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The address is too long.
    #[error("the address is too long")]
    TooLong,
    /// The address holds white space, a control character or a character outside ASCII.
    #[error("the address holds white space, a control character or a character outside ASCII")]
    Character,
    /// The address does not begin with `https://`.
    #[error("the address does not begin with `https://`")]
    Scheme,
    /// The address holds a user name or password.
    #[error("the address holds a user name or password")]
    UserInfo,
    /// The address holds a backslash.
    #[error("the address holds a backslash")]
    Backslash,
    /// The address holds a query or a fragment.
    #[error("the address holds a query or a fragment")]
    QueryOrFragment,
    /// The host is missing.
    #[error("the host is missing")]
    NoHost,
    /// The host is not a DNS name.
    #[error("the host is not a DNS name")]
    Host,
    /// The host is a number, not a name.
    #[error("the host is a number, not a name")]
    NumericHost,
    /// The host is an internationalised name that cannot be decoded.
    #[error("the host is an internationalised name that cannot be decoded")]
    Punycode,
    /// The host is an IP address.
    #[error("the host is an IP address")]
    IpLiteral,
    /// The host is a name of private networks.
    #[error("the host is a name of private networks")]
    PrivateName,
    /// The host is a name of a metadata service.
    #[error("the host is a name of a metadata service")]
    MetadataName,
    /// The port is not a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// The port belongs to another protocol.
    #[error("the port belongs to another protocol")]
    PortRefused,
    /// The base path is not plain.
    #[error("the base path is not plain")]
    Path,
    /// The pinned address is of a class that cannot be pinned.
    #[error("the pinned address is of class `{0}`")]
    PinnedClass(AddressClass),
    /// The pinned address is not the address in the host.
    #[error("the pinned address is not the address in the host")]
    PinnedElsewhere,
}

impl OriginError {
    /// Stable code, for `check` and `explain`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "origin_too_long",
            Self::Character => "origin_character",
            Self::Scheme => "origin_scheme",
            Self::UserInfo => "origin_user_info",
            Self::Backslash => "origin_backslash",
            Self::QueryOrFragment => "origin_query",
            Self::NoHost => "origin_no_host",
            Self::Host => "origin_host",
            Self::NumericHost => "origin_numeric_host",
            Self::Punycode => "origin_punycode",
            Self::IpLiteral => "origin_ip_literal",
            Self::PrivateName => "origin_private_name",
            Self::MetadataName => "origin_metadata_name",
            Self::Port => "origin_port",
            Self::PortRefused => "origin_port_refused",
            Self::Path => "origin_path",
            Self::PinnedClass(_) => "origin_pinned_class",
            Self::PinnedElsewhere => "origin_pinned_elsewhere",
        }
    }

    /// What to change, as a sentence for the operator.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::TooLong => "write at most 2048 bytes",
            Self::Character => "write the name in its ASCII form (`xn--…`) and remove blanks",
            Self::Scheme => "begin with `https://`; plain http is never used",
            Self::UserInfo => "move the credential to `credential` and remove everything up to the `@`",
            Self::Backslash => "use `/` between the parts of a path",
            Self::QueryOrFragment => "remove everything from `?` or `#` on; the workflow sends queries itself",
            Self::NoHost => "write a host after `https://`",
            Self::Host | Self::NumericHost => "write a full DNS name such as `api.example.com`",
            Self::Punycode => "copy the ASCII form of the name from the vendor's documentation",
            Self::IpLiteral => "write the DNS name, or pin the host with `address = \"IP:port\"`",
            Self::PrivateName => "write a public name, or pin the host with `address = \"IP:port\"`",
            Self::MetadataName => "choose another destination; metadata services are never reached",
            Self::Port => "write a port from 1 to 65535, or none for 443",
            Self::PortRefused => "use the port of the vendor's HTTPS interface",
            Self::Path => "write a plain path such as `/v1`, without `..`, `//` or encoded slashes",
            Self::PinnedClass(_) => "pin to a private, loopback or public unicast address",
            Self::PinnedElsewhere => "write the same IP in the host and in `address`",
        }
    }
}
