//! Addresses that are themselves the key: whoever knows one can post, read or start something.

use super::placeholder;
use super::url::Parts;
use super::value::{Shape, is_uuid};
use crate::finding::Confidence;

/// What an address is.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) label: &'static str,
    pub(super) vendor: &'static str,
    pub(super) confidence: Confidence,
    /// The secret part is a stand-in.
    pub(super) placeholder: bool,
    /// Valid for days at most: pre-signed downloads.
    pub(super) short_lived: bool,
}

/// An address with a fixed place for its secret.
struct Form {
    /// The host, or its end with a leading full stop.
    host: &'static str,
    /// The path before the secret, `*` for one segment of any text; empty for any path.
    path: &'static str,
    /// What follows.
    rest: Rest,
    label: &'static str,
    vendor: &'static str,
}

enum Rest {
    /// At least so many characters of secret, in one or more segments.
    Path(usize),
    /// A query parameter of this name.
    Query(&'static str),
}

const fn form(host: &'static str, path: &'static str, rest: Rest, vendor: &'static str, label: &'static str) -> Form {
    Form { host, path, rest, label, vendor }
}

static FORMS: &[Form] = &[
    form("hooks.slack.com", "/services/", Rest::Path(20), "slack", "Slack incoming webhook"),
    form("hooks.slack.com", "/workflows/", Rest::Path(20), "slack", "Slack workflow webhook"),
    form("hooks.slack.com", "/triggers/", Rest::Path(20), "slack", "Slack workflow trigger"),
    form("discord.com", "/api/webhooks/", Rest::Path(50), "discord", "Discord webhook"),
    form("discordapp.com", "/api/webhooks/", Rest::Path(50), "discord", "Discord webhook"),
    form(".discord.com", "/api/webhooks/", Rest::Path(50), "discord", "Discord webhook"),
    form(".webhook.office.com", "/webhookb2/", Rest::Path(60), "microsoft", "Microsoft Teams webhook"),
    form("outlook.office.com", "/webhook/", Rest::Path(60), "microsoft", "Microsoft Teams webhook"),
    form("outlook.office365.com", "/webhook/", Rest::Path(60), "microsoft", "Microsoft Teams webhook"),
    form("chat.googleapis.com", "/v1/spaces/*/messages", Rest::Query("token"), "google", "Google Chat webhook"),
    form(".logic.azure.com", "/workflows/", Rest::Query("sig"), "microsoft", "Power Automate or Logic Apps trigger"),
    form(".api.powerplatform.com", "", Rest::Query("sig"), "microsoft", "Power Automate trigger"),
    form("hook.integromat.com", "/", Rest::Path(20), "make", "Make webhook"),
    form("hooks.zapier.com", "/hooks/catch/", Rest::Path(9), "zapier", "Zapier webhook"),
    form("hooks.zapier.com", "/hooks/standard/", Rest::Path(9), "zapier", "Zapier webhook"),
    form("maker.ifttt.com", "/trigger/*/with/key/", Rest::Path(10), "ifttt", "IFTTT webhook"),
    form("maker.ifttt.com", "/trigger/*/json/with/key/", Rest::Path(10), "ifttt", "IFTTT webhook"),
    form("maker.ifttt.com", "/use/", Rest::Path(10), "ifttt", "IFTTT webhook"),
    form("oapi.dingtalk.com", "/robot/send", Rest::Query("access_token"), "dingtalk", "DingTalk robot"),
    form("open.feishu.cn", "/open-apis/bot/v2/hook/", Rest::Path(16), "feishu", "Feishu bot webhook"),
    form("open.larksuite.com", "/open-apis/bot/v2/hook/", Rest::Path(16), "lark", "Lark bot webhook"),
    form("open.larksuite.com", "/anycross/trigger/callback/", Rest::Path(16), "lark", "Lark trigger"),
    form("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", Rest::Query("key"), "wecom", "WeCom robot"),
    form("script.google.com", "/macros/s/", Rest::Path(30), "google", "Google Apps Script web app"),
    form("script.google.com", "/a/macros/*/s/", Rest::Path(30), "google", "Google Apps Script web app"),
    form("hooks.airtable.com", "/workflows/v1/genericWebhook/", Rest::Path(30), "airtable", "Airtable webhook"),
    form("connect.pabbly.com", "/workflow/sendwebhookdata/", Rest::Path(20), "pabbly", "Pabbly webhook"),
    form("calendar.google.com", "/calendar/ical/*/private-", Rest::Path(20), "google", "private calendar address"),
    form("events.pagerduty.com", "/integration/", Rest::Path(20), "pagerduty", "PagerDuty integration address"),
    form("api.pushcut.io", "/", Rest::Path(15), "pushcut", "Pushcut address"),
    form("hc-ping.com", "/", Rest::Path(30), "healthchecks", "ping address"),
];

/// What this address is, if it is a key by itself.
pub(super) fn judge(parts: &Parts<'_>) -> Option<Known> {
    let dynamic = |text: &str| text.contains("{{");
    if parts.host.is_empty() || dynamic(parts.host) {
        return None;
    }
    for form in FORMS {
        if !host_is(parts.host, form.host) {
            continue;
        }
        let Some(rest) = after(parts.path, form.path) else {
            continue;
        };
        let (secret, least) = match form.rest {
            Rest::Path(least) => (rest.trim_end_matches('/'), least),
            Rest::Query(name) => (parts.parameter(name)?, 16),
        };
        if secret.is_empty() || dynamic(secret) || secret.contains("${") {
            return None;
        }
        let placeholder = is_stand_in(secret, least);
        let confidence = if form.host == "script.google.com" { Confidence::Medium } else { Confidence::High };
        return Some(Known { label: form.label, vendor: form.vendor, confidence, placeholder, short_lived: false });
    }
    by_shape(parts)
}

/// Hosts that vary: Make's zones, n8n's cloud, self-hosted chat servers, storage with signatures.
fn by_shape(parts: &Parts<'_>) -> Option<Known> {
    let known = |label, vendor, confidence| Known { label, vendor, confidence, placeholder: false, short_lived: false };
    let (host, path) = (parts.host, parts.path);
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if host.starts_with("hook.") && (host.ends_with(".make.com") || host.ends_with(".make.celonis.com")) && !first.is_empty() {
        return (!first.contains("{{"))
            .then(|| Known { placeholder: is_stand_in(first, 20), ..known("Make webhook", "make", Confidence::High) });
    }
    if host.ends_with(".app.n8n.cloud") {
        let last = path
            .strip_prefix("/webhook/")
            .or_else(|| path.strip_prefix("/webhook-test/"))
            .or_else(|| path.strip_prefix("/mcp/"))
            .or_else(|| path.strip_prefix("/form/"))?;
        let drawn = last.split('/').any(is_uuid) && !host.starts_with("your");
        return drawn.then(|| known("n8n webhook", "n8n", Confidence::Medium));
    }
    if host.ends_with(".m.pipedream.net") && host.len() > 24 {
        return Some(known("Pipedream webhook", "pipedream", Confidence::Medium));
    }
    if let Some(rest) = path.strip_prefix("/hooks/").or_else(|| path.strip_prefix("/api/webhook/")) {
        let drawn = rest.len() >= 24 && rest.split('/').all(|part| !part.is_empty() && Shape::of(part).is_drawn(part));
        return drawn.then(|| known("incoming webhook", "", Confidence::Medium));
    }
    let signed = |name: &str| {
        parts
            .parameter(name)
            .is_some_and(|value| value.len() >= 24 && !value.contains("{{") && placeholder::judge(value).is_none())
    };
    if signed("sig") && (parts.parameter("sv").is_some() || parts.parameter("se").is_some() || parts.parameter("sp").is_some()) {
        return Some(known("signed storage address", "microsoft", Confidence::High));
    }
    let short = signed("X-Amz-Signature")
        || signed("X-Goog-Signature")
        || (signed("Signature") && (parts.parameter("Key-Pair-Id").is_some() || parts.parameter("AWSAccessKeyId").is_some()));
    short.then(|| Known { short_lived: true, ..known("signed download address", "", Confidence::Medium) })
}

fn host_is(host: &str, known: &str) -> bool {
    if known.starts_with('.') {
        return host.len() > known.len()
            && host.get(host.len() - known.len()..).is_some_and(|end| end.eq_ignore_ascii_case(known));
    }
    host.eq_ignore_ascii_case(known)
}

/// The path after `form`, whose `*` stand for one segment each.
fn after<'p>(path: &'p str, form: &str) -> Option<&'p str> {
    let mut rest = path;
    for (index, piece) in form.split('*').enumerate() {
        if index > 0 {
            rest = rest.get(rest.find('/')?..)?;
        }
        rest = rest.strip_prefix(piece)?;
    }
    Some(rest)
}

/// `T00000000/B00000000/…`, `YOUR_ID/YOUR_TOKEN`, one letter repeated: too short or written for a reader.
fn is_stand_in(secret: &str, least: usize) -> bool {
    let last = secret.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let digits = secret.bytes().filter(u8::is_ascii_digit).count();
    let varied = {
        let mut seen = [false; 256];
        secret.bytes().for_each(|byte| {
            if let Some(seen) = seen.get_mut(usize::from(byte)) {
                *seen = true;
            }
        });
        seen.iter().filter(|seen| **seen).count()
    };
    let said = secret.split('/').any(|part| matches!(placeholder::judge(part), Some(placeholder::Standin::Placeholder)))
        || (last.len() > 5 && placeholder::judge(last).is_some());
    secret.len() < least
        || varied < 7
        || said
        || (digits == 0
            && secret.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b'/'))
            && secret.len() < 30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::url::Parts;

    fn known(url: &str) -> Option<(&'static str, bool)> {
        judge(&Parts::of(url)).map(|known| (known.label, known.placeholder))
    }

    #[test]
    fn addresses_that_are_keys() {
        assert_eq!(known("https://hook.eu2.make.com/8xk2m9q4w7e1r5t3y6u0i8o2p4a7s1d9"), Some(("Make webhook", false)));
        assert_eq!(known("https://hooks.zapier.com/hooks/catch/8827713/3k9x2ab/"), Some(("Zapier webhook", false)));
        assert_eq!(known("https://maker.ifttt.com/trigger/{{e}}/with/key/dk38fJ2xLw9qPz7v"), Some(("IFTTT webhook", false)));
        assert_eq!(
            known("https://a1.blob.core.windows.net/x?sv=2022-11-02&sig=a8Kd92mZ7qLw3Pxv81Tr4Bn6Hy2Wc5Fd"),
            Some(("signed storage address", false))
        );
        assert_eq!(
            known("https://flows.app.n8n.cloud/webhook/7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48"),
            Some(("n8n webhook", false))
        );
        assert_eq!(known("https://flows.app.n8n.cloud/mcp/7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48"), Some(("n8n webhook", false)));
    }

    #[test]
    fn addresses_that_are_none() {
        assert_eq!(known("https://hook.eu1.make.com/your-webhook-id"), Some(("Make webhook", true)));
        assert_eq!(
            known("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
            Some(("Slack incoming webhook", true))
        );
        assert_eq!(known("https://hook.eu1.make.com/{{1.hook}}"), None);
        assert_eq!(known("https://api.slack.com/messaging/webhooks"), None);
        assert_eq!(known("https://n8n.example.org/webhook/new-order"), None);
    }
}
