//! What is known of Zapier's apps: which are Zapier's own tools, how a trigger starts a Zap, and what people call an app and an action.
//!
//! Vendors' apps are only told apart by how their triggers come in; what vendor an app belongs to is not known here. Whether a trigger
//! is instant is public in Zapier's directory and changes; an app that is not listed counts as polling only if its name says nothing else.

use std::borrow::Cow;

use crate::model::{EntryBy, Protection};

/// What an app of Zapier's own does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Webhooks by Zapier.
    Webhook,
    /// Code by Zapier.
    Code,
    /// Filters and paths.
    Condition,
    /// Formatter, delay, looping, digest, sub-Zaps: nothing leaves.
    Flow,
    /// Handles the errors of the step before.
    ErrorHandler,
    /// Any other app: a vendor's, or a place of Zapier's that keeps data.
    App,
}

/// The app's key without version and suffix: `GoogleSheetsV2` of `GoogleSheetsV2CLIAPI@2.8.0`; and the version.
pub(super) fn key(selected: &str) -> (&str, Option<&str>) {
    let (key, version) = match selected.split_once('@') {
        Some((key, version)) => (key, Some(version).filter(|version| !version.is_empty())),
        None => (selected, None),
    };
    let base = ["CLIAPI", "DevAPI", "API"].iter().find_map(|suffix| key.strip_suffix(suffix)).unwrap_or(key);
    (if base.is_empty() { key } else { base }, version)
}

pub(super) fn tool(key: &str) -> Tool {
    match key {
        "WebHook" | "WebHooks" | "Webhook" | "Webhooks" | "WebhookV2" | "WebHookV2" => Tool::Webhook,
        "Code" => Tool::Code,
        "Filter" | "Branching" | "Paths" | "Path" => Tool::Condition,
        "Formatter" | "ZapierFormatter" | "Delay" | "ZapierLooping" | "Looping" | "Digest" | "SubZap" | "Utilities" => Tool::Flow,
        _ if key.contains("ErrorHandl") => Tool::ErrorHandler,
        _ => Tool::App,
    }
}

/// How a trigger of this app starts a Zap, and who may start it.
pub(super) fn entry(key: &str, action: &str, has_interval: bool) -> (EntryBy, Protection) {
    let action = action.to_ascii_lowercase();
    let polls = action.contains("poll");
    match key {
        _ if tool(key) == Tool::Webhook && polls => (EntryBy::Polling, Protection::None),
        // catch hooks ask for nothing: the address is the secret
        _ if tool(key) == Tool::Webhook => (EntryBy::Webhook, Protection::Open),
        "Schedule" => (EntryBy::Schedule, Protection::None),
        "SubZap" => (EntryBy::Scenario, Protection::None),
        "EmailParser" | "ZapierEmailParser" | "ZapierMail" | "Email" | "EmailByZapier" => (EntryBy::Mail, Protection::Open),
        "Interfaces" | "ZapierInterfaces" | "Forms" | "ZapierForms" if !action.contains("record") => {
            (EntryBy::Form, Protection::Open)
        }
        "Chatbots" | "ZapierChatbots" | "Chatbot" => (EntryBy::Chat, Protection::Open),
        "ZapierMCP" | "MCP" | "Mcp" => (EntryBy::Mcp, Protection::Guarded),
        "Push" | "ZapierPush" | "ChromeExtension" | "ZapierChromeExtension" => (EntryBy::Manual, Protection::None),
        "ZapierManager" | "Manager" | "Table" | "ZapierTables" => (EntryBy::Other, Protection::None),
        "RSS" | "Rss" | "Imap" | "IMAP" | "Code" => (EntryBy::Polling, Protection::None),
        _ if has_interval || polls || names(&POLLING, key) && !is_instant(&action) => (EntryBy::Polling, Protection::None),
        // Zapier registers an address at the vendor; whether its calls are verified no export tells
        _ if is_instant(&action) || names(&INSTANT, key) => (EntryBy::AppWebhook, Protection::Unseen),
        _ => (EntryBy::Polling, Protection::None),
    }
}

/// Apps whose common triggers are called by the vendor.
const INSTANT: [&str; 40] = [
    "Acuity",
    "AsanaV2",
    "Asana",
    "Basecamp3",
    "Calendly",
    "CalendlyV2",
    "Chargebee",
    "ClickUp",
    "Cognito",
    "ConvertKit",
    "Discord",
    "FacebookLeadAds",
    "FacebookLead",
    "Fillout",
    "GitHub",
    "Github",
    "GoogleForms",
    "GravityForms",
    "Intercom",
    "JotForm",
    "Jotform",
    "Linear",
    "Paperform",
    "Paypal",
    "PayPal",
    "Pipedrive",
    "Shopify",
    "Slack",
    "SlackV2",
    "Softr",
    "SquareSpace",
    "Stripe",
    "StripeV2",
    "Tally",
    "Trello",
    "Twilio",
    "Typeform",
    "TypeformV2",
    "WooCommerce",
    "Zoom",
];

/// Apps whose common triggers ask the vendor at intervals.
const POLLING: [&str; 30] = [
    "Airtable",
    "ActiveCampaign",
    "BambooHR",
    "Dropbox",
    "Evernote",
    "Excel",
    "FreshDesk",
    "Gmail",
    "GoogleCalendar",
    "GoogleContacts",
    "GoogleDrive",
    "GoogleMail",
    "GoogleMailV2",
    "GoogleSheets",
    "GoogleSheetsV2",
    "Greenhouse",
    "HubSpot",
    "Hubspot",
    "Jira",
    "Lever",
    "LinkedIn",
    "Mailchimp",
    "MicrosoftOutlook",
    "MySQL",
    "Notion",
    "OneDrive",
    "Outlook",
    "PostgreSQL",
    "Salesforce",
    "Workable",
];

fn names(list: &[&str], key: &str) -> bool {
    list.contains(&key)
}

fn is_instant(action: &str) -> bool {
    action.contains("hook") || action.contains("instant")
}

/// What people call a step that has no title: `Google Sheets: add row`.
pub(super) fn title(key: &str, action: &str) -> String {
    let app: Cow<'_, str> = match key {
        "WebHook" => "Webhooks by Zapier".into(),
        "Code" => "Code by Zapier".into(),
        "Filter" => "Filter by Zapier".into(),
        "Branching" => "Paths by Zapier".into(),
        "Formatter" | "ZapierFormatter" => "Formatter by Zapier".into(),
        "Delay" => "Delay by Zapier".into(),
        "Storage" => "Storage by Zapier".into(),
        "Schedule" => "Schedule by Zapier".into(),
        "SubZap" => "Sub-Zap by Zapier".into(),
        "AI" => "AI by Zapier".into(),
        "Table" => "Zapier Tables".into(),
        "GoogleMail" | "GoogleMailV2" => "Gmail".into(),
        _ => spaced(key).into(),
    };
    let action = match action {
        "hook_v2" | "hook" => "catch hook".to_owned(),
        "hook_raw" => "catch raw hook".to_owned(),
        _ if is_opaque(action) => String::new(),
        _ => spaced(&action.replace('_', " ")).to_lowercase(),
    };
    if action.is_empty() { app.into_owned() } else { format!("{app}: {action}") }
}

/// Ids that Zapier gives to actions; they mean nothing to people.
fn is_opaque(action: &str) -> bool {
    action.len() >= 32 && action.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Words of a name in capitals, without a version at its end.
fn spaced(name: &str) -> String {
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = if digits.len() < name.len() { digits.strip_suffix('V').unwrap_or(name) } else { name };
    let mut words = String::new();
    let mut before = ' ';
    for character in name.trim().chars() {
        if character.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.push(character);
        before = character;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lose_version_and_suffix() {
        assert_eq!(key("GoogleSheetsV2CLIAPI@2.8.0"), ("GoogleSheetsV2", Some("2.8.0")));
        assert_eq!(key("FilterAPI"), ("Filter", None));
        assert_eq!(key("App187957CLIAPI@1.1.1"), ("App187957", Some("1.1.1")));
        assert_eq!(key("API"), ("API", None));
        assert_eq!(key(""), ("", None));
    }

    #[test]
    fn steps_have_names_that_people_use() {
        assert_eq!(title("GoogleSheetsV2", "add_row"), "Google Sheets: add row");
        assert_eq!(title("WebHook", "hook_raw"), "Webhooks by Zapier: catch raw hook");
        assert_eq!(title("Airtable", "createRecord"), "Airtable: create record");
        assert_eq!(title("Code", "01929fad-d3dd-62c2-52ed-7868d5fcc691"), "Code by Zapier");
        assert_eq!(title("App187957", ""), "App187957");
    }

    #[test]
    fn triggers_come_in_by_hook_by_poll_or_by_clock() {
        let by = |key, action| entry(key, action, false).0;
        assert_eq!(by("WebHook", "hook_v2"), EntryBy::Webhook);
        assert_eq!(by("WebHook", "poll_v2"), EntryBy::Polling);
        assert_eq!(by("GoogleSheetsV2", "updated_row_notify_hook"), EntryBy::AppWebhook);
        assert_eq!(by("GoogleSheetsV2", "add_row"), EntryBy::Polling);
        assert_eq!(by("Typeform", "entry"), EntryBy::AppWebhook);
        assert_eq!(entry("Typeform", "entry", true).0, EntryBy::Polling);
        assert_eq!(by("Schedule", "everyDay"), EntryBy::Schedule);
        assert_eq!(by("EmailParser", "new_email"), EntryBy::Mail);
    }
}
