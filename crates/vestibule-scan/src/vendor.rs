//! Vendors that scenarios speak to: which modules and hosts are theirs, what kind of vendor, what they offer for authentication.
//!
//! The facts are data with a date, `vendor/table.txt`. A vendor that does not stand there is unknown, never guessed.

use std::sync::LazyLock;

use crate::hash::Map;
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
    /// Where its interface answers, such as `api.openai.com`; `None` where each customer has a host of their own or there is none.
    pub host: Option<&'static str>,
}

/// What a vendor is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VendorKind {
    /// Applicant tracking and HR systems.
    Hr,
    /// Customer relations, sales and support.
    Crm,
    /// Artificial intelligence.
    Ai,
    /// E-mail and mailings.
    Mail,
    /// Chat and telephony.
    Messaging,
    /// Spreadsheets, documents, files, databases, tasks.
    Storage,
    /// Forms and surveys.
    Forms,
    /// Contracts and other documents to sign.
    Signing,
    /// Calendars and booking.
    Calendar,
    /// Everything else.
    Other,
}

impl VendorKind {
    /// What such a vendor is, in the middle of a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hr => "an HR system",
            Self::Crm => "a sales system",
            Self::Ai => "an AI vendor",
            Self::Mail => "a mail service",
            Self::Messaging => "a chat or telephone service",
            Self::Storage => "a store",
            Self::Forms => "a form service",
            Self::Signing => "a document service",
            Self::Calendar => "a calendar service",
            Self::Other => "a service",
        }
    }
}

/// Every vendor, in the order of the data file.
pub fn all() -> &'static [Vendor] {
    &TABLE.vendors
}

/// The vendor with this id.
pub fn by_id(id: &str) -> Option<&'static Vendor> {
    all().iter().find(|vendor| vendor.id == id)
}

/// The vendor of a platform's module; `None` for the platform's own tools and for unknown ones.
pub fn by_module(platform: Platform, module: &str) -> Option<&'static Vendor> {
    let index = match platform {
        Platform::Make => &TABLE.make,
        Platform::N8n => &TABLE.n8n,
        Platform::Zapier => &TABLE.zapier,
        Platform::File => return None,
    };
    let mut key = app(platform, module).to_ascii_lowercase();
    if platform == Platform::Zapier {
        shorten(&mut key);
    }
    index.get(key.as_str()).and_then(|at| TABLE.vendors.get(*at))
}

/// The vendor of a host, such as `api.openai.com`.
pub fn by_host(host: &str) -> Option<&'static Vendor> {
    let lower = host.to_ascii_lowercase();
    let mut rest = lower.as_str();
    loop {
        if let Some(at) = TABLE.hosts.get(rest) {
            return TABLE.vendors.get(*at);
        }
        (_, rest) = rest.split_once('.')?;
    }
}

struct Table {
    vendors: Vec<Vendor>,
    make: Map<String, usize>,
    n8n: Map<String, usize>,
    zapier: Map<String, usize>,
    hosts: Map<String, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("vendor/table.txt")));

impl Table {
    /// Lines that are not of the file's form are left out; a test holds that there is none.
    fn read(text: &'static str) -> Self {
        let mut table = Self {
            vendors: Vec::new(),
            make: Map::default(),
            n8n: Map::default(),
            zapier: Map::default(),
            hosts: Map::default(),
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('|').map(str::trim);
            let mut cell = || cells.next();
            let (Some(id), Some(name), Some(kind), Some(oauth)) = (cell(), cell(), cell().and_then(kind), cell()) else {
                continue;
            };
            let at = table.vendors.len();
            let lists = [&mut table.make, &mut table.n8n, &mut table.zapier];
            for list in lists {
                list.extend(words(cell()).map(|word| (word.to_ascii_lowercase(), at)));
            }
            let hosts = cell();
            table.hosts.extend(words(hosts).map(|host| (host.to_ascii_lowercase(), at)));
            table.vendors.push(Vendor { id, name, kind, oauth: oauth == "oauth", host: words(hosts).next() });
        }
        table
    }
}

fn words(cell: Option<&'static str>) -> impl Iterator<Item = &'static str> {
    cell.unwrap_or_default().split_whitespace().filter(|word| *word != "-")
}

fn kind(word: &str) -> Option<VendorKind> {
    Some(match word {
        "hr" => VendorKind::Hr,
        "crm" => VendorKind::Crm,
        "ai" => VendorKind::Ai,
        "mail" => VendorKind::Mail,
        "messaging" => VendorKind::Messaging,
        "storage" => VendorKind::Storage,
        "forms" => VendorKind::Forms,
        "signing" => VendorKind::Signing,
        "calendar" => VendorKind::Calendar,
        "other" => VendorKind::Other,
        _ => return None,
    })
}

/// The part of a module's key that names the app.
fn app(platform: Platform, module: &str) -> &str {
    match platform {
        Platform::Make | Platform::Zapier => module.split(':').next().unwrap_or_default(),
        Platform::N8n | Platform::File => {
            let name = module.rsplit('.').next().unwrap_or_default();
            let name = name.strip_suffix("Tool").unwrap_or(name);
            name.strip_suffix("Trigger").unwrap_or(name)
        }
    }
}

/// `googlesheetsv2cliapi` and `googlesheetsv2cliapi@1.2` are `googlesheets`.
fn shorten(key: &mut String) {
    if let Some(at) = key.find('@') {
        key.truncate(at);
    }
    for suffix in ["cliapi", "devapi", "api"] {
        if key.ends_with(suffix) {
            key.truncate(key.len() - suffix.len());
            break;
        }
    }
    let bare = key.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() < key.len() && bare.len() > 1 && bare.ends_with('v') {
        key.truncate(bare.len() - 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_vendor_and_no_word_stands_twice() {
        let text = include_str!("vendor/table.txt");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut seen = std::collections::HashSet::new();
        let mut count = 0;
        for line in lines {
            count += 1;
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 8, "{line}");
            assert!(kind(cells[2]).is_some() && matches!(cells[3], "oauth" | "key"), "{line}");
            for (column, cell) in cells.iter().enumerate().filter(|(column, _)| *column == 0 || *column > 3) {
                for word in cell.split_whitespace().filter(|word| *word != "-") {
                    assert!(seen.insert((column, word.to_ascii_lowercase())), "{word} stands twice in column {column}");
                }
            }
        }
        assert_eq!(all().len(), count);
        assert!(count >= 150);
    }

    #[test]
    fn modules_and_hosts_lead_to_their_vendor() {
        let module = |platform, module| by_module(platform, module).map(|vendor| vendor.id);
        assert_eq!(module(Platform::Make, "google-email:TriggerNewEmail"), Some("gmail"));
        assert_eq!(module(Platform::Make, "http:ActionSendData"), None);
        assert_eq!(module(Platform::N8n, "n8n-nodes-base.gmailTrigger"), Some("gmail"));
        assert_eq!(module(Platform::N8n, "n8n-nodes-base.slackTool"), Some("slack"));
        assert_eq!(module(Platform::N8n, "@n8n/n8n-nodes-langchain.lmChatOpenAi"), Some("openai"));
        assert_eq!(module(Platform::N8n, "n8n-nodes-base.set"), None);
        assert_eq!(module(Platform::Zapier, "GoogleSheetsV2CLIAPI:add_row"), Some("google-sheets"));
        assert_eq!(module(Platform::Zapier, "SlackAPI@1.2.3:message"), Some("slack"));
        assert_eq!(module(Platform::Zapier, "WebHookCLIAPI:hook_v2"), None);
        assert_eq!(module(Platform::File, "slack:x"), None);
        let host = |host| by_host(host).map(|vendor| vendor.id);
        assert_eq!(host("API.OpenAI.com"), Some("openai"));
        assert_eq!(host("acme.zendesk.com"), Some("zendesk"));
        assert_eq!(host("notopenai.com"), None);
        assert_eq!(host("com"), None);
        assert_eq!(host(""), None);
        assert_eq!(by_id("greenhouse").unwrap().host, Some("harvest.greenhouse.io"));
    }
}
