//! Vendors that scenarios speak to: which modules and hosts are theirs, what kind of vendor, what they offer for authentication.

use crate::model::Platform;

/// One vendor.
#[derive(Debug)]
pub struct Vendor {
    /// Stable lower-case id, such as `openai`.
    pub id: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// What it is used for.
    pub kind: VendorKind,
    /// It offers OAuth, so that a typed API key is the weaker choice.
    pub oauth: bool,
}

/// What a vendor is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VendorKind {
    /// Applicant tracking and HR systems.
    Hr,
    /// Customer relations and sales.
    Crm,
    /// Artificial intelligence.
    Ai,
    /// E-mail and mailings.
    Mail,
    /// Chat and telephony.
    Messaging,
    /// Spreadsheets, documents, files, databases.
    Storage,
    /// Everything else.
    Other,
}

/// The vendor of a platform's module; `None` for the platform's own tools and for unknown ones.
pub fn by_module(platform: Platform, module: &str) -> Option<&'static Vendor> {
    let _ = (platform, module);
    None
}

/// The vendor of a host, such as `api.openai.com`.
pub fn by_host(host: &str) -> Option<&'static Vendor> {
    let _ = host;
    None
}
