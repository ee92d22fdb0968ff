//! Keys that stand in the path of an address: services that take their key as a segment, and segments behind one called `token`.
//!
//! An opaque segment alone says nothing, as ids of tables, files and hooks look the same: a known host or the word before it counts.

use super::names::is_any;
use super::placeholder;
use super::url::Parts;
use super::value::Shape;
use crate::finding::Confidence;

/// A key in a path.
#[derive(Debug)]
pub(super) struct Known<'t> {
    pub(super) label: &'static str,
    pub(super) confidence: Confidence,
    pub(super) segment: &'t str,
}

/// A service with a fixed place for its key.
struct Form {
    /// The host, or its end with a leading full stop.
    host: &'static str,
    /// The segments before the key; `*` stands for any one, `name*` for any that begins so.
    before: &'static [&'static str],
    least: usize,
    label: &'static str,
}

const fn form(host: &'static str, before: &'static [&'static str], least: usize, label: &'static str) -> Form {
    Form { host, before, least, label }
}

static FORMS: &[Form] = &[
    form(".greenapi.com", &["waInstance*", "*"], 40, "Green API token"),
    form(".green-api.com", &["waInstance*", "*"], 40, "Green API token"),
    form(".exchangerate-api.com", &["v6"], 20, "ExchangeRate-API key"),
    form("mcp.zapier.com", &["api", "mcp", "s"], 24, "Zapier MCP server key"),
    form(".make.com", &["mcp", "api", "v1", "u"], 24, "Make MCP token"),
    form(".infura.io", &["v3"], 30, "Infura key"),
    form(".alchemy.com", &["v2"], 24, "Alchemy key"),
    form(".quiknode.pro", &[], 36, "QuickNode token"),
    form("api.day.app", &[], 20, "Bark device key"),
];

/// Segments after which a key follows.
const NAMES: &str =
    "token access_token access-token accesstoken apitoken api-token api_token apikey api-key api_key key secret authtoken";

/// The first key in the path.
pub(super) fn find<'t>(parts: &Parts<'t>, sample: bool) -> Option<Known<'t>> {
    let segments = || parts.path.split('/').skip(1);
    for form in FORMS {
        if !is_host(parts.host, form.host) {
            continue;
        }
        let follows = form.before.iter().zip(segments()).filter(|(known, segment)| is_segment(segment, known)).count();
        let segment = segments().nth(form.before.len()).unwrap_or_default();
        if follows == form.before.len() && segment.len() >= form.least && is_key(segment) {
            return Some(Known { label: form.label, confidence: Confidence::High, segment });
        }
    }
    if sample {
        return None;
    }
    let behind = segments().zip(segments().skip(1)).find(|(name, segment)| {
        is_any(name, NAMES) && segment.len() >= 16 && is_key(segment) && !(is_any(name, "token") && is_address(segment))
    });
    behind.map(|(_, segment)| Known { label: "key in the path of an address", confidence: Confidence::Medium, segment })
}

fn is_host(host: &str, known: &str) -> bool {
    let ends = |end: &str| {
        host.len().checked_sub(end.len()).and_then(|from| host.get(from..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    if known.starts_with('.') { ends(known) } else { host.eq_ignore_ascii_case(known) }
}

fn is_segment(segment: &str, known: &str) -> bool {
    known.strip_suffix('*').map_or(segment == known, |start| !segment.is_empty() && segment.starts_with(start))
}

fn is_key(segment: &str) -> bool {
    !segment.contains(['{', '}', '$', '<', ':', ' '])
        && placeholder::judge(segment).is_none()
        && Shape::of(segment).is_drawn(segment)
}

/// The address of a token of a blockchain: base58, mixed case, of 32 bytes.
fn is_address(segment: &str) -> bool {
    let base58 = |byte: u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l');
    let mixed = segment.bytes().any(|byte| byte.is_ascii_lowercase()) && segment.bytes().any(|byte| byte.is_ascii_uppercase());
    (32..=44).contains(&segment.len()) && mixed && segment.bytes().all(base58)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url: &str) -> Option<&str> {
        find(&Parts::of(url), false).map(|known| known.segment)
    }

    #[test]
    fn keys_in_paths() {
        for (url, key) in [
            (
                "https://7107.api.greenapi.com/waInstance7107004417/sendMessage/3fd09a72c41be865f03a9d2774c1e6b85d20fa93c7714be0a6",
                "3fd09a72c41be865f03a9d2774c1e6b85d20fa93c7714be0a6",
            ),
            ("https://v6.exchangerate-api.com/v6/5d1fa0937bc24e6618d3fa07/latest/USD", "5d1fa0937bc24e6618d3fa07"),
            (
                "https://api.z-api.io/instances/3EA1C07B9D2F4486A5E0B7134C9D28F6/token/9F2B07D4A1C36E85B0D7F214/send-{{1.kind}}",
                "9F2B07D4A1C36E85B0D7F214",
            ),
            (
                "https://eu2.make.com/mcp/api/v1/u/7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48/sse",
                "7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48",
            ),
            ("https://feeds.example.org/v2/api-key/Kq8vT2mZ0xYb4LrPw6Nc/items?limit=5", "Kq8vT2mZ0xYb4LrPw6Nc"),
        ] {
            assert_eq!(found(url), Some(key), "{url}");
        }
    }

    #[test]
    fn paths_without() {
        for url in [
            "https://api.z-api.io/instances/SUA_INSTANCIA/token/SEU_TOKEN/send-text",
            "https://api.z-api.io/instances/{{$env.ZAPI_INSTANCE}}/token/{{$env.ZAPI_TOKEN}}/send-text",
            "https://api.green-api.com/waInstance{{ $json.id }}/sendMessage/{{ $json.token }}",
            "https://api.example.org/v1/databases/9f2b7c41d08e5a6633c1b7e0f4a92d58/query",
            "https://solscan.example/token/7vQx9Kd2mZrLw3PbT8yNh6Hy2Wc5FdAeGjUs4XkMnBqR",
            "https://scan.example/token/0x9f2b7c41d08e5a6633c1b7e0f4a92d5801ab23cd",
            "https://login.example.org/oauth2/token",
            "https://vault.example.org/v1/secret/data/billing-service",
            "https://n8n.example.org/webhook/7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48",
        ] {
            assert_eq!(found(url), None, "{url}");
        }
    }

    #[test]
    fn samples_need_a_known_host() {
        let url = "https://feeds.example.org/v2/api-key/Kq8vT2mZ0xYb4LrPw6Nc/items";
        assert!(find(&Parts::of(url), true).is_none());
    }
}
