//! How a step looks through the gateway: the exact address, header and configuration that replace what was found.
//!
//! Only what the step itself says is used; nothing is looked up. Texts for people show no part of an address that may be a key.

pub mod address;
pub mod plan;
pub mod rewire;

use std::fmt::Write as _;

use address::{Address, Host, Scheme};
use vestibule_core::category::Category;
use vestibule_core::network::Origin;

use crate::model::{Platform, Scenario, Spot, Step};
use crate::run::Settings;
use crate::vendor;

/// A request as it goes through the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// The name of the `[out.<name>]` section, such as `openai`.
    pub name: String,
    /// Where the vendor is: `https://api.openai.com`.
    pub origin: String,
    /// The literal path below it, with the platform's expressions left in place: `/v1/chat/completions`. The query belongs to it.
    pub path: String,
    /// The address to put in the step: `https://gateway.example.com/out/openai/v1/chat/completions`. It may hold what the old address
    /// held, keys too: for people, see [`Through::shown`].
    pub url: String,
}

/// What the gateway adds to a call instead of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'n> {
    /// `Authorization: Bearer …`
    Bearer,
    /// User and password.
    Basic,
    /// A header of this name.
    Header(&'n str),
    /// Something: it stood in the query or the body, where the gateway adds none.
    Elsewhere,
    /// Nothing.
    None,
}

/// The request of a step as it goes through the gateway; `None` where the address is not known.
pub fn through(step: &Step<'_>, settings: &Settings<'_>) -> Option<Through> {
    let url = step.url()?;
    // the braces of expressions are the same on all platforms
    let address = Address::of(Platform::Zapier, &url.value)?;
    let Host::Literal(host) = address.host else {
        return None;
    };
    if goes_through(&url.value, settings) || address.scheme == Scheme::Other {
        return None;
    }
    let name = format!("{}{}", route_name(host), address.port.replace(':', "-"));
    // the gateway speaks TLS to vendors; only a system of one's own may have none
    let scheme = if address.is_private() && address.scheme == Scheme::Http { "http" } else { "https" };
    let origin = format!("{scheme}://{}{}", host.to_ascii_lowercase(), address.port);
    let path = format!("{}{}", address.path, address.query);
    let url = format!("{}/out/{name}{path}", settings.gateway.trim_end_matches('/'));
    Some(Through { name, origin, path, url })
}

/// Whether an address is the gateway's own.
pub fn goes_through(url: &str, settings: &Settings<'_>) -> bool {
    let bare = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
    let gateway = bare(settings.gateway);
    let url = bare(url);
    !gateway.is_empty() && url.strip_prefix(gateway.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

impl Through {
    /// The new address for people: without the query, and without segments that may be keys.
    pub fn shown(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let base = self.url.strip_suffix(self.path.as_str()).unwrap_or_default();
        format!("{base}{}", told(path, "…"))
    }

    /// The path of a grant: expressions and what may be a key become `*`.
    pub fn call_path(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let told = told(path, "*");
        let segments: Vec<&str> = told.split('/').map(|segment| if segment.contains("{{") { "*" } else { segment }).collect();
        let path = segments.join("/");
        if path.starts_with('/') { path } else { format!("/{path}") }
    }

    /// The section of `vestibule.toml` for the destination.
    pub fn section(&self, proof: Proof<'_>) -> String {
        let variable = variable(&self.name);
        let mut lines = format!("[out.{}]\nto = \"{}\"", self.name, self.origin);
        // writing to a String cannot fail
        let _ = match proof {
            Proof::Bearer => write!(lines, "\ncredential = {{ bearer = \"env:{variable}_KEY\" }}"),
            Proof::Basic => write!(lines, "\ncredential = {{ basic = \"env:{variable}_KEY\" }}"),
            Proof::Header(name) => {
                let name = name.to_ascii_lowercase();
                write!(lines, "\ncredential = {{ header = {{ name = \"{name}\", value = \"env:{variable}_KEY\" }} }}")
            }
            Proof::Elsewhere => write!(lines, "\n{ELSEWHERE}"),
            Proof::None => Ok(()),
        };
        if self.is_private() {
            lines.insert_str(0, &format!("{PRIVATE}\n"));
        }
        self.snippet(&lines)
    }

    /// The grant for the call of a step: who may make it, and where tokens of the `wanted` categories become values again;
    /// of none where nothing is to be opened.
    pub fn grant(&self, scenario: &Scenario<'_>, step: &Step<'_>, wanted: Option<fn(&Category) -> bool>) -> String {
        self.snippet(&plan::grant(scenario, step, self, wanted))
    }

    /// Lines of the configuration as a text for people shows them; marked as comments where a person must first make the
    /// destination one that the gateway calls.
    fn snippet(&self, lines: &str) -> String {
        let mark = if self.is_private() { "# " } else { "" };
        let lines = lines.lines().map(|line| format!("    {}{line}", if line.starts_with('#') { "" } else { mark }));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A name or address inside somebody's network, or without TLS: it must be pinned by hand.
    fn is_private(&self) -> bool {
        Origin::parse(&self.origin).is_err()
    }
}

/// Where a key stood to which the gateway adds none.
const ELSEWHERE: &str = "# decide: the key stood in the address or the body; the gateway adds keys as bearer, basic or header: see what else the vendor takes";
/// What a destination needs that is not out in the open.
const PRIVATE: &str = "# decide: this destination is inside a network or without TLS. Give it https, pin it with `address = \"IP:PORT\"` (and `ca`), and take the marks off.";

/// The section for a route in: what the source posts to, how it proves itself, and where its events are delivered.
pub fn route_in(name: &str, workflow: &str) -> String {
    let variable = variable(name);
    format!(
        "    [in.{name}]\n    path = \"/{name}\"\n    secret = \"env:{variable}_SECRET\"\n    deliver = {{ workflow = \"{workflow}\", url = \"env:{variable}_HOOK\" }}"
    )
}

/// What the gateway must add where a credential stood in this spot.
pub fn proof<'n>(spot: &'n Spot<'_>) -> Proof<'n> {
    use crate::model::Role;
    let begins = |word: &str| spot.value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match spot.role {
        Role::User | Role::Password => Proof::Basic,
        Role::Header if spot.name.eq_ignore_ascii_case("authorization") && begins("basic ") => Proof::Basic,
        Role::Header if spot.name.eq_ignore_ascii_case("authorization") => Proof::Bearer,
        Role::Header if is_header_name(&spot.name) => Proof::Header(&spot.name),
        Role::Header | Role::Headers => Proof::Bearer,
        _ => Proof::Elsewhere,
    }
}

/// The name of a route to a host: the vendor's id for its main host, and the host without `.com` for any other. Two hosts share a name
/// only if dots and dashes are all that tells them apart: `api.acme.com` is `api-acme`, `acme.io` is `acme-io`.
pub fn route_name(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let is_main = |vendor: &&vendor::Vendor| vendor.kind != vendor::VendorKind::Other && vendor.host == Some(host.as_str());
    if let Some(vendor) = vendor::by_host(&host).filter(is_main) {
        return vendor.id.to_owned();
    }
    let labels = host.strip_suffix(".com").unwrap_or(&host).split('.').filter(|label| !is_random(label));
    let short = slug(&labels.collect::<Vec<_>>().join("."));
    let name = if vendor::by_id(&short).is_some() { slug(&host) } else { short };
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { slug(&format!("host-{name}")) }
}

/// The name of a scenario as the configuration writes it.
pub fn workflow_name(scenario: &Scenario<'_>) -> String {
    let name = slug(&scenario.name);
    match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => name,
        Some(_) => format!("flow-{name}"),
        None => "my-scenario".to_owned(),
    }
}

/// How a workflow key is kept in a platform rather than typed into a step.
pub fn keep_key(platform: Platform) -> &'static str {
    match platform {
        Platform::Make => {
            "in Make, choose “API key” under “Authentication type” of the HTTP module and create a credential with the header `Authorization` and the value `Bearer <workflow key>`"
        }
        Platform::N8n => {
            "in n8n, choose “Generic Credential Type”, “Header Auth” and create a credential with the name `Authorization` and the value `Bearer <workflow key>`"
        }
        Platform::Zapier => {
            "in Zapier, put `Authorization` with `Bearer <workflow key>` among the headers of “Webhooks by Zapier”: this key opens nothing but the calls its grants name"
        }
        Platform::File => "send the header `Authorization: Bearer <workflow key>`, read from the environment",
    }
}

/// The step with which a platform calls an address.
pub fn http_step(platform: Platform) -> &'static str {
    match platform {
        Platform::Make => "the module HTTP › Make a request",
        Platform::N8n => "the node HTTP Request",
        Platform::Zapier => "the action Webhooks by Zapier › Custom Request",
        Platform::File => "an HTTP request",
    }
}

/// The variable of the environment that holds what belongs to this name.
fn variable(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

/// Lower case letters, digits and single dashes, at most 40.
pub fn slug(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if name.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(name.trim_end_matches('-').len());
    name
}

/// A path in which whatever may be a key gives way to `hidden`: behind the word `hook` nothing is told.
fn told(path: &str, hidden: &str) -> String {
    let mut hooks = false;
    let mut tell = |segment: &str| {
        let open = !hooks && !may_be_key(segment);
        hooks = hooks || (segment.to_ascii_lowercase().contains("hook") && !segment.contains("{{")) || segment == "services";
        if open || segment.is_empty() { segment.to_owned() } else { hidden.to_owned() }
    };
    path.split('/').map(&mut tell).collect::<Vec<String>>().join("/")
}

/// Segments of letters and digits are ids at best and keys at worst: a text for people shows none.
fn may_be_key(segment: &str) -> bool {
    let mixed = segment.bytes().any(|b| b.is_ascii_digit()) && segment.bytes().any(|b| b.is_ascii_alphabetic());
    let long_word = segment.len() >= 24 && !segment.contains(['-', '_']);
    !segment.contains("{{")
        && ((segment.len() >= 8 && mixed) || long_word || segment.contains([':', '@', '=']) && segment.len() >= 8)
}

/// Some services give each customer a host that is itself the key; such a label is no part of a name.
fn is_random(label: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| label.as_bytes().iter().any(kind);
    label.len() >= 12 && !label.contains('-') && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Auth, Kind, Reach, Request, Role};
    use crate::source::Place;

    fn step(url: &'static str) -> Step<'static> {
        let spot =
            Spot { role: Role::Url, name: "url".into(), value: url.into(), dynamic: true, is_text: true, place: Place::FILE };
        Step {
            id: "1".into(),
            name: "Ask".into(),
            module: "http:ActionSendData".into(),
            version: None,
            place: Place::FILE,
            disabled: false,
            reach: Reach::Flow,
            kind: Kind::Request(Request { method: None, auth: Auth::None, verifies_tls: None, follows_redirects: None }),
            connections: Vec::new(),
            spots: vec![spot],
            handles_errors: false,
            understood: true,
        }
    }

    fn by(url: &'static str) -> Option<Through> {
        let mark = |_: &str| String::new();
        let today = jiff::civil::date(2026, 11, 22);
        through(&step(url), &Settings { mark: &mark, today, gateway: "https://gate.example.com/", zones: &[] })
    }

    #[test]
    fn a_request_is_rewritten_to_the_gateway() {
        let found = by("https://api.openai.com/v1/chat/{{1.id}}?limit=2").unwrap();
        assert_eq!(found.name, "openai");
        assert_eq!(found.origin, "https://api.openai.com");
        assert_eq!(found.url, "https://gate.example.com/out/openai/v1/chat/{{1.id}}?limit=2");
        assert_eq!(found.shown(), "https://gate.example.com/out/openai/v1/chat/{{1.id}}");
        assert_eq!(found.call_path(), "/v1/chat/*");
        assert_eq!(
            found.section(Proof::Header("X-Key")),
            "    [out.openai]\n    to = \"https://api.openai.com\"\n    credential = { header = { name = \"x-key\", value = \"env:OPENAI_KEY\" } }"
        );
        assert_eq!(by("http://api.acme.co.uk:8443").unwrap().origin, "https://api.acme.co.uk:8443");
        assert_eq!(by("http://10.0.0.5/x").unwrap().origin, "http://10.0.0.5");
    }

    #[test]
    fn what_is_computed_or_goes_through_already_is_left_alone() {
        assert!(by("{{1.url}}").is_none());
        assert!(by("https://{{1.account}}.zendesk.com/x").is_none());
        assert!(by("https://GATE.example.com/out/openai/v1").is_none());
        assert!(by("https://gate.example.com.evil.example/out").is_some());
    }

    #[test]
    fn texts_for_people_show_no_key() {
        assert_eq!(
            by("https://api.telegram.org/bot12345:abc/send").unwrap().shown(),
            "https://gate.example.com/out/telegram/…/send"
        );
        assert_eq!(
            by("https://hooks.zapier.com/hooks/catch/123/abc/").unwrap().shown(),
            "https://gate.example.com/out/hooks-zapier/hooks/…/…/…/"
        );
        assert_eq!(
            by("https://x.example/h/a1b2c3d4e5f6g7/y?k=v").unwrap().shown(),
            "https://gate.example.com/out/x-example/h/…/y"
        );
    }

    #[test]
    fn routes_have_short_names() {
        for (host, name) in [
            ("harvest.greenhouse.io", "greenhouse"),
            ("boards-api.greenhouse.io", "boards-api-greenhouse-io"),
            ("greenhouse.com", "greenhouse-com"),
            ("api.acme.com", "api-acme"),
            ("www.acme.com", "www-acme"),
            ("Acme.com", "acme"),
            ("acme.co.uk", "acme-co-uk"),
            ("10.0.0.5", "host-10-0-0-5"),
            ("nas", "nas"),
            ("eo3k7wq2zp9xm4.m.pipedream.example", "m-pipedream-example"),
        ] {
            assert_eq!(route_name(host), name);
        }
        assert_eq!(slug(" Résumé  screening! "), "r-sum-screening");
    }
}
