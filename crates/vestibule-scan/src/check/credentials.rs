//! What the checks of credentials share: which of them speaks about a value, where the value stands, and how it gets out of the file.
//!
//! Each value is told once, by the check that fits best.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Context, Draft, Meta};
use crate::credential::{Credential, CredentialKind};
use crate::finding::Severity;
use crate::model::{Platform, Role, Scenario, Spot, Step};
use crate::remedy;
use crate::vendor;

/// Which check speaks about a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `hardcoded-credential`
    Hardcoded,
    /// `credential-in-pinned-data`
    Pinned,
    /// `secret-url`
    SecretUrl,
    /// `placeholder-left`
    Placeholder,
}

/// What a credential is to be called.
pub fn verdict(scenario: &Scenario<'_>, credential: &Credential) -> Verdict {
    let role = spot(scenario, credential).map(|(_, spot)| spot.role);
    match (credential.kind, role) {
        (CredentialKind::Placeholder, _) => Verdict::Placeholder,
        (CredentialKind::SecretUrl, _) => Verdict::SecretUrl,
        (CredentialKind::Secret, Some(Role::Pinned)) if scenario.platform != Platform::File => Verdict::Pinned,
        (CredentialKind::Secret, _) => Verdict::Hardcoded,
    }
}

/// Every credential with this verdict, with its step and spot.
pub fn with<'s, 'd>(
    cx: &Context<'s, 'd>,
    verdict: Verdict,
) -> impl Iterator<Item = (&'s Credential, &'s Step<'d>, &'s Spot<'d>)> + use<'s, 'd> {
    let (scenario, credentials, facts) = (cx.scenario, cx.credentials, cx.facts);
    let told = credentials.iter().zip(&facts.verdicts).filter(move |(_, told)| **told == verdict);
    told.filter_map(move |(credential, _)| spot(scenario, credential).map(|(step, spot)| (credential, step, spot)))
}

/// A finding about a credential, marked by its value.
pub fn report(
    cx: &mut Context<'_, '_>,
    meta: &'static Meta,
    found: (&Credential, &Step<'_>, &Spot<'_>),
    severity: Severity,
    message: String,
    remedy: String,
) {
    let (credential, step, _) = found;
    let mark = (cx.settings.mark)(&credential.secret.0);
    let draft = Draft::new(meta, &credential.place, message, remedy).step(step).about(&credential.name);
    cx.report(draft.severity(severity).confidence(credential.confidence).value(mark));
}

/// Where it stands, in the middle of a sentence: "the header `X-Api-Key`".
pub fn stands(credential: &Credential, spot: &Spot<'_>) -> String {
    let (part, of) = match spot.role {
        Role::Url => ("the URL", "of the URL"),
        Role::Header => ("a header", ""),
        Role::Headers => ("the headers", "among the headers"),
        Role::Query => ("the query", "of the query"),
        Role::Field => ("a field", ""),
        Role::Body => ("the body", "of the body"),
        Role::User | Role::Password => ("the basic authentication", "of the basic authentication"),
        Role::Code => ("the code", "in the code"),
        Role::Command => ("the command", "in the command"),
        Role::Assigned => ("a value that is set", ""),
        Role::Note => ("a note", "in a note"),
        Role::Pinned => ("kept sample data", "in kept sample data"),
        Role::Condition => ("a condition", "in a condition"),
        Role::Label => ("a label", "in a label"),
        Role::Reply => ("the answer", "of the answer"),
        Role::Setting => ("a setting", ""),
    };
    let name = match (spot.role, credential.name.trim()) {
        // the address itself is called so
        (Role::Url, name) if ["url", "uri", "endpoint"].iter().any(|word| name.eq_ignore_ascii_case(word)) => "",
        (_, name) => name,
    };
    if name.is_empty() || name.len() > 60 || name.contains(credential.secret.0.as_str()) {
        return part.to_owned();
    }
    let word = match spot.role {
        Role::Header | Role::Headers => "the header",
        Role::Query | Role::Url => "the parameter",
        Role::Setting => "the setting",
        Role::Assigned => "the value",
        Role::Code | Role::Command => "the variable",
        _ => "the field",
    };
    if of.is_empty() { format!("{word} `{name}`") } else { format!("{word} `{name}` {of}") }
}

/// What is left to do where a key has been seen in a file, in order.
pub fn move_out(cx: &Context<'_, '_>, credential: &Credential, step: &Step<'_>, spot: &Spot<'_>) -> String {
    let vendor =
        credential.vendor.and_then(vendor::by_id).or_else(|| cx.facts.step(credential.step).and_then(|facts| facts.vendor));
    let host = cx.facts.step(credential.step).and_then(|facts| facts.address).and_then(|address| address.known_host());
    let issuer = vendor.map(|vendor| vendor.name.to_owned()).or_else(|| host.map(|host| format!("`{host}`")));
    let issuer = issuer.unwrap_or_else(|| "its vendor".to_owned());
    let withdraw = format!(
        "Withdraw it at {issuer} and make a new one: every copy of this file, every version and every export holds the old one."
    );
    if cx.scenario.platform == Platform::File {
        return format!(
            "{withdraw} Keep the new one in a secret manager or an environment variable and take the old one out of this file and its history. \
             In `vestibule.toml` it is named only, as `env:NAME` or `file:/path`."
        );
    }
    let moved = match (step.request().and_then(|_| remedy::through(step, cx.settings)), spot.role) {
        (
            Some(through),
            Role::Header
            | Role::Headers
            | Role::Query
            | Role::Body
            | Role::Field
            | Role::User
            | Role::Password
            | Role::Url
            | Role::Setting,
        ) => {
            format!(
                "\nGive the new one to the gateway only, in `vestibule.toml`:\n{}\nIn the step, put `{}` as the URL, remove {} and let the step prove itself with a workflow key: {}.",
                through.section(remedy::proof(spot)),
                through.shown(),
                stands(credential, spot),
                remedy::keep_key(cx.scenario.platform),
            )
        }
        _ => format!(" {}", keep(cx.scenario.platform, spot.role)),
    };
    let oauth = match vendor {
        Some(vendor) if vendor.oauth => format!(
            "\n{} offers OAuth: a connection by OAuth ends with the person's access and is limited in scope.",
            vendor.name
        ),
        _ => String::new(),
    };
    format!("{withdraw}{moved}{oauth}")
}

/// Where a platform keeps a credential.
fn keep(platform: Platform, role: Role) -> &'static str {
    match (platform, role) {
        (_, Role::Note | Role::Label) => {
            "Delete it from the text. Keep the new one where the platform keeps credentials, or in the gateway."
        }
        (Platform::N8n, Role::Code | Role::Command) => {
            "Call the vendor with an HTTP Request node and a stored credential, or through the gateway, instead of from code; code cannot use n8n's credentials."
        }
        (Platform::N8n, _) => {
            "Create a credential in n8n (Credentials › Add credential), choose it in the node and remove the typed value."
        }
        (Platform::Make, Role::Code | Role::Command) => {
            "Call the vendor with the HTTP module and a stored credential, or through the gateway, instead of from code."
        }
        (Platform::Make, _) => {
            "Create a connection or a keychain entry in Make, choose it in the module and remove the typed value."
        }
        (Platform::Zapier, Role::Code | Role::Command) => {
            "Zapier has no store for keys of code steps: call the vendor through the gateway, which adds the key, or use the vendor's own Zapier app."
        }
        (Platform::Zapier, _) => {
            "Use the vendor's own Zapier app with a connected account, or call the vendor through the gateway, which adds the key."
        }
        (Platform::File, _) => "Keep the new one in a secret manager or an environment variable.",
    }
}

fn spot<'s, 'd>(scenario: &'s Scenario<'d>, credential: &Credential) -> Option<(&'s Step<'d>, &'s Spot<'d>)> {
    let step = scenario.steps.get(credential.step)?;
    Some((step, step.spots.get(credential.spot)?))
}

/// The key says itself that it opens a test account.
pub fn is_test_key(value: &str) -> bool {
    const PREFIXES: [&str; 7] = ["sk_test_", "rk_test_", "pk_test_", "vst_test_", "test_sk_", "whsec_test_", "sandbox_"];
    PREFIXES.iter().any(|prefix| value.starts_with(prefix))
}

/// So short or so common that it is tried first.
pub fn is_guessable(value: &str) -> bool {
    const COMMON: [&str; 24] = [
        "password",
        "passwort",
        "passw0rd",
        "p@ssw0rd",
        "p@ssword",
        "secret",
        "admin",
        "administrator",
        "root",
        "letmein",
        "welcome",
        "qwerty",
        "qwertz",
        "azerty",
        "changeme",
        "change",
        "default",
        "guest",
        "master",
        "iloveyou",
        "abc",
        "pass",
        "geheim",
        "sommer",
    ];
    let bare = value.trim().trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation()).to_ascii_lowercase();
    let only_digits = value.len() < 12 && value.bytes().all(|b| b.is_ascii_digit());
    !value.contains(char::is_whitespace)
        && (value.chars().count() < 8 || only_digits || (value.len() <= 16 && COMMON.contains(&bare.as_str())))
}

/// A JSON Web Token whose time is over. Nothing is verified: only its own date is read.
pub fn has_expired(value: &str, today: jiff::civil::Date) -> bool {
    let token = value.rsplit(' ').next().unwrap_or(value);
    if !token.starts_with("eyJ") {
        return false;
    }
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
    let claims = payload.and_then(|payload| serde_json::from_slice::<serde_json::Value>(&payload).ok());
    let until =
        claims.and_then(|claims| claims.get("exp")?.as_i64()).and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    until.is_some_and(|until| until.to_zoned(jiff::tz::TimeZone::UTC).date() < today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_known() {
        for value in ["changeme123", "Passw0rd!", "Welcome2024", "hunter2", "12345678901", "admin"] {
            assert!(is_guessable(value), "{value}");
        }
        for value in ["kT9-vRz42-LmQ8", "correct horse battery", "a1b2c3d4e5f6a7b8", "Sunflower-Meadow"] {
            assert!(!is_guessable(value), "{value}");
        }
    }

    #[test]
    fn a_token_is_over_by_its_own_date() {
        let token = |claims: &str| format!("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let today = jiff::civil::date(2026, 11, 22);
        assert!(has_expired(&token(r#"{"exp":1600000000}"#), today));
        assert!(has_expired(&format!("Bearer {}", token(r#"{"exp":1600000000}"#)), today));
        assert!(!has_expired(&token(r#"{"exp":4102444800}"#), today));
        assert!(!has_expired(&token(r#"{"sub":"x"}"#), today));
        assert!(!has_expired("eyJ.", today) && !has_expired("", today));
    }
}
