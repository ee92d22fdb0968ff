//! Requests that accept any certificate.

use memchr::memmem;

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::{Platform, Role, Spot};
use crate::source::Place;

/// See [`META`].
pub struct TlsVerificationOff;

static META: Meta = Meta {
    id: "tls-verification-off",
    title: "Certificates are not checked",
    severity: Severity::High,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A request, or a connection of another module, that accepts any certificate: `rejectUnauthorized: false`, “Ignore SSL issues”, `curl -k`, `verify=False`. It weighs less for addresses of one's own network.",
    why: "The connection is encrypted, but to whoever answers. Somebody between the platform and the vendor can present a certificate of their own, read everything and change it.",
    remedy: "Switch the check on again. If it fails, the certificate has expired, is for another name, or is from an authority of your own: renew it, or name your authority in the gateway.\n\nBefore:\n    Reject connections that are using unverified certificates: No\n\nAfter, in vestibule.toml:\n    [out.ats]\n    to = \"https://ats.internal\"\n    address = \"10.0.0.5:443\"\n    ca = \"/etc/vestibule/ats-ca.pem\"",
    leaves_out: "Requests that do not say: the platforms check by default. Stored connections keep this setting outside the export.",
    requirements: &["R61", "R60", "R59"],
};

impl Check for TlsVerificationOff {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let off = step.request().and_then(|request| request.verifies_tls.as_ref()).filter(|verifies| !verifies.value);
            let setting = |spot: &&Spot<'_>| is_setting_off(&spot.name, &spot.value);
            let said = off
                .map(|off| (&off.place, "setting"))
                .or_else(|| step.spots.iter().find(setting).map(|spot| (&spot.place, "setting")));
            let code = || {
                step.spots
                    .iter()
                    .find(|spot| matches!(spot.role, Role::Code | Role::Command) && is_code_off(spot))
                    .map(|spot| (&spot.place, "code"))
            };
            let Some((place, what)) = said.or_else(code) else { continue };
            let private = cx.facts.step(index).and_then(|facts| facts.address).is_some_and(|address| address.is_private());
            let severity = if private { Severity::Low } else { META.severity };
            let where_to = if private { "an address of your own network" } else { "whoever answers at the address" };
            let message = match what {
                "code" => "The code talks to any server that answers, whatever its certificate says.".to_owned(),
                _ => format!("The step accepts any certificate, so it trusts {where_to}."),
            };
            report(cx, place, step, severity, message);
        }
    }
}

fn report(cx: &mut Context<'_, '_>, place: &Place, step: &crate::model::Step<'_>, severity: Severity, message: String) {
    let how = match (cx.scenario.platform, &step.kind) {
        (Platform::Make, _) => {
            "In Make, open the HTTP module, show the advanced settings and set “Reject connections that are using unverified (self-signed) certificates” to Yes."
        }
        (Platform::N8n, crate::model::Kind::Code) => {
            "Remove the option from the code, and name the authority of your own certificate instead (`ca`)."
        }
        (Platform::N8n, _) => "In n8n, open the node's options and switch “Ignore SSL Issues” off.",
        _ => "Remove the option that switches the check off.",
    };
    let remedy = format!(
        "{how} If the call then fails, the certificate has expired, is for another name or is your own: renew it, or call through the gateway and name your authority there as `ca`; the gateway never skips the check."
    );
    cx.report(Draft::new(&META, place, message, remedy).step(step).severity(severity));
}

/// Settings of modules, by the names that platforms and libraries give them.
fn is_setting_off(name: &str, value: &str) -> bool {
    const ON_IS_OFF: [&str; 6] = [
        "allowunauthorizedcerts",
        "ignoresslissues",
        "insecureskipverify",
        "trustservercertificate",
        "allowselfsigned",
        "skiptlsverify",
    ];
    const OFF_IS_OFF: [&str; 3] = ["rejectunauthorized", "verifyssl", "sslverify"];
    // most names have none of these lengths: no lower case is made for them
    if !(9..=22).contains(&name.len()) || !matches!(value, "true" | "false") {
        return false;
    }
    let name = name.to_ascii_lowercase();
    if value == "true" { ON_IS_OFF.contains(&name.as_str()) } else { OFF_IS_OFF.contains(&name.as_str()) }
}

fn is_code_off(spot: &Spot<'_>) -> bool {
    let text = spot.value.as_bytes();
    let has = |needle: &str| memmem::find(text, needle.as_bytes()).is_some();
    let after = |name: &str, values: &[&str]| {
        memmem::find_iter(text, name.as_bytes()).any(|at| {
            let rest = spot.value.get(at + name.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches([' ', '"', '\'', ']', ':', '=', '\t']);
            values.iter().any(|value| rest.starts_with(value))
        })
    };
    after("rejectUnauthorized", &["false"])
        || after("NODE_TLS_REJECT_UNAUTHORIZED", &["0"])
        || after("verify", &["False"])
        || has("CERT_NONE")
        || (spot.role == Role::Command && has("curl ") && (has(" -k ") || has(" --insecure") || has(" -sk ") || has(" -ks ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &'static str) -> bool {
        let role = if text.contains("curl") { Role::Command } else { Role::Code };
        is_code_off(&Spot { role, name: "code".into(), value: text.into(), dynamic: false, is_text: true, place: Place::FILE })
    }

    #[test]
    fn code_that_skips_the_check_is_known() {
        for text in [
            "new https.Agent({ rejectUnauthorized: false })",
            "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'",
            "requests.get(u, verify=False)",
            "curl -k https://x",
            "curl -s --insecure https://x",
        ] {
            assert!(code(text), "{text}");
        }
        for text in [
            "new https.Agent({ rejectUnauthorized: true })",
            "verify(token)",
            "verify = True",
            "curl -K config https://x",
            "curl https://x/-k/",
        ] {
            assert!(!code(text), "{text}");
        }
    }
}
