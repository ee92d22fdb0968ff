//! What Make's module keys say: `gateway:CustomWebHook`, `http:ActionSendData`, `airtable:ActionSearchRecords`.
//!
//! Only keys and their words are looked at, never values. Keys that Make does not have, but that hand-made blueprints use, are sorted
//! by likeness and count as not known.

/// What a module does, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A webhook of the scenario's own.
    Webhook,
    /// An e-mail address of the scenario's own.
    MailHook,
    /// Starts by the clock.
    Clock,
    /// Starts when another scenario calls.
    Called,
    /// Answers a webhook.
    Reply,
    /// The HTTP app.
    Http,
    /// Sets variables.
    Assign,
    /// Runs code.
    Code,
    /// Routes, loops, transforms.
    Flow,
    /// JSON and XML to values and back.
    Parse,
    /// Make's own data stores.
    Store,
    /// A vendor's module.
    App,
}

/// Apps that only transform or route, with the shape of their modules known.
const TRANSFORMERS: [&str; 15] = [
    "builtin",
    "util",
    "regexp",
    "csv",
    "archive",
    "image",
    "mime",
    "phonenumber",
    "encryptor",
    "handlebars",
    "markdown",
    "math",
    "placeholder",
    "scenario-service",
    "datetime",
];

/// Apps that hand-made blueprints invent for the same purpose.
const INVENTED: [&str; 10] =
    ["flow-control", "flowcontrol", "flow", "tools", "tool", "router", "iterator", "aggregator", "text-parser", "core"];

const READS: [&str; 18] = [
    "get", "list", "search", "read", "find", "download", "watch", "fetch", "retrieve", "query", "lookup", "export", "select",
    "filter", "trigger", "new", "check", "exist",
];

const WRITES: [&str; 26] = [
    "create", "add", "update", "send", "upload", "delete", "post", "insert", "upsert", "move", "share", "write", "set", "copy",
    "append", "publish", "reply", "remove", "put", "patch", "edit", "invite", "assign", "save", "generate", "submit",
];

/// What the key says, and whether it is one of Make's own whose shape is known. Vendors' modules are never known by their key.
pub(super) fn class(key: &str) -> (Class, bool) {
    let (app, action) = key.split_once(':').unwrap_or((key, ""));
    match (app, action) {
        ("gateway", "CustomWebHook") => (Class::Webhook, true),
        ("gateway", "CustomMailHook") => (Class::MailHook, true),
        ("gateway", "WebhookRespond") => (Class::Reply, true),
        ("gateway" | "webhook" | "webhooks" | "mailhook" | "mailhooks", _) => (gateway_like(action), false),
        ("http", _) => (Class::Http, is_known_request(action)),
        ("util", "BasicTrigger") => (Class::Clock, true),
        ("builtin" | "schedule" | "scheduler", "Schedule" | "Scheduler" | "Trigger" | "schedule") => (Class::Clock, false),
        ("scenario-service", "StartSubscenario") => (Class::Called, true),
        ("util", _) if action.starts_with("SetVariable") => (Class::Assign, true),
        ("builtin" | "tools", _) if action.starts_with("SetVariable") => (Class::Assign, false),
        ("code", "ExecuteCode") => (Class::Code, true),
        ("code" | "javascript" | "python" | "codekit" | "0codekit", _) => (Class::Code, false),
        ("json" | "xml", _) => (Class::Parse, true),
        ("datastore", _) => (Class::Store, true),
        _ if TRANSFORMERS.contains(&app) => (Class::Flow, true),
        _ if INVENTED.contains(&app) => (Class::Flow, false),
        _ => (Class::App, false),
    }
}

/// Whether the module of an app lets people write a request themselves.
pub(super) fn is_free_request(key: &str) -> bool {
    let action = key.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    ["apicall", "makerequest", "makearequest", "makeacall", "customrequest", "universal", "graphql"]
        .iter()
        .any(|part| action.contains(part))
}

/// How a request of this key proves itself when nothing else says so: by a stored key.
pub(super) fn stores_credential(key: &str) -> bool {
    ["BasicAuth", "APIKeyAuth", "OAuth", "ClientCert", "CertAuth"].iter().any(|part| key.contains(part))
}

/// Whether a vendor's module starts scenarios.
pub(super) fn is_trigger(key: &str) -> bool {
    let action = key.split_once(':').map_or("", |(_, action)| action);
    words(action).enumerate().any(|(at, word)| match word.to_ascii_lowercase().as_str() {
        "watch" | "watches" | "trigger" | "listen" => true,
        "new" | "on" | "instant" => at == 0,
        _ => false,
    })
}

/// Whether a vendor's module brings data in (`true`), sends it out (`false`), or does not say.
pub(super) fn reads(key: &str) -> Option<bool> {
    let action = key.split_once(':').map_or("", |(_, action)| action);
    words(action).find_map(|word| {
        let word = word.to_ascii_lowercase();
        if READS.contains(&word.as_str()) {
            return Some(true);
        }
        WRITES.contains(&word.as_str()).then_some(false)
    })
}

fn gateway_like(action: &str) -> Class {
    let action = action.to_ascii_lowercase();
    if action.contains("respon") || action.contains("reply") {
        Class::Reply
    } else if action.contains("mail") {
        Class::MailHook
    } else {
        Class::Webhook
    }
}

/// Version 3 names them `ActionSend…`, version 4 `MakeRequest`, with the two that fetch beside them.
fn is_known_request(action: &str) -> bool {
    action.starts_with("ActionSendData")
        || ["ActionGetFile", "ActionResolveTargetURL", "ActionMakeOAuth2Request", "MakeRequest", "DownloadFile", "GetFile"]
            .contains(&action)
}

/// The words of `ActionSearchRecords`, `watch_new_rows`, `getAFile`.
fn words(action: &str) -> impl Iterator<Item = &str> {
    let mut rest = action;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let upper_first = rest.bytes().take_while(u8::is_ascii_uppercase).count();
        let from = upper_first.clamp(1, 1);
        let end = rest
            .char_indices()
            .skip(from)
            .find(|(_, c)| c.is_ascii_uppercase() || !c.is_ascii_alphanumeric())
            .map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at_checked(end)?;
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn keys_of_make_are_known_and_invented_ones_are_sorted_by_likeness() {
        assert_eq!(class("gateway:CustomWebHook"), (Class::Webhook, true));
        assert_eq!(class("gateway:WebHookResponse"), (Class::Reply, false));
        assert_eq!(class("webhooks:CustomWebhook"), (Class::Webhook, false));
        assert_eq!(class("http:ActionSendDataBasicAuth"), (Class::Http, true));
        assert_eq!(class("http:makeARequest"), (Class::Http, false));
        assert_eq!(class("util:SetVariables"), (Class::Assign, true));
        assert_eq!(class("util:GetVariable2"), (Class::Flow, true));
        assert_eq!(class("router:BasicRouter"), (Class::Flow, false));
        assert_eq!(class("airtable:ActionSearchRecords"), (Class::App, false));
        assert_eq!(class(""), (Class::App, false));
    }

    #[test]
    fn the_words_of_an_action_say_which_way_data_goes() {
        for (key, expected) in [
            ("airtable:ActionSearchRecords", Some(true)),
            ("google-drive:uploadAFile", Some(false)),
            ("slack:NewEvent", Some(true)),
            ("kintone:makeAPICall", None),
            ("removebg:removebg", None),
            ("app:create_or_find", Some(false)),
            ("noaction", None),
        ] {
            assert_eq!(reads(key), expected, "{key}");
        }
    }

    #[test]
    fn what_watches_starts_scenarios() {
        for key in ["google-email:TriggerNewEmail", "slack:WatchImMessages", "line:watchMessages", "slack:NewEvent"] {
            assert!(is_trigger(key), "{key}");
        }
        for key in ["slack:CreateMessage", "airtable:createANewRecord", "util:GetVariable2", "x:stopwatch"] {
            assert!(!is_trigger(key), "{key}");
        }
    }
}
