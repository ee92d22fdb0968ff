//! API keys and passwords for vendors that offer OAuth.

use std::collections::HashSet;

use super::credentials::Verdict;
use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::{Platform, Role, Step};
use crate::source::Place;
use crate::vendor::Vendor;

/// See [`META`].
pub struct OauthAvailable;

static META: Meta = Meta {
    id: "oauth-available",
    title: "API key where OAuth is offered",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Security, Persona::Builder],
    what: "A step that proves itself with an API key, a personal token or a password to a vendor that offers OAuth, whether the key is typed or stored; one finding for each stored credential.",
    why: "A key has all rights of whoever made it, does not expire and does not tell who uses it. An OAuth connection is limited to scopes, can be withdrawn at one place and renews itself.",
    remedy: "Choose the OAuth connection of the vendor's module, or let the gateway hold the credential: then the scenario has neither.\n\nBefore:\n    HubSpot, private app token\n\nAfter:\n    HubSpot, OAuth, scopes crm.objects.contacts.write only",
    leaves_out: "Vendors that are not in this program's table or offer keys only; service accounts, which are made for programs.",
    requirements: &["R38", "R35", "R65", "R32"],
};

impl Check for OauthAvailable {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let mut typed = cx.credentials.iter().zip(&cx.facts.verdicts).filter(|(credential, verdict)| {
            let token = ["oauth", "access token", "jwt"].iter().any(|word| credential.label.to_ascii_lowercase().contains(word));
            **verdict == Verdict::Hardcoded && !token
        });
        let mut next = typed.next();
        let mut told: HashSet<(&str, &str)> = HashSet::new();
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            // credentials stand in the order of their steps
            let mut first = None;
            while let Some((credential, _)) = next.filter(|(credential, _)| credential.step <= index) {
                let role = step.spots.get(credential.spot).map(|spot| spot.role);
                if credential.step == index && first.is_none() && role != Some(Role::Note) {
                    first = Some(credential);
                }
                next = typed.next();
            }
            let Some(vendor) = cx.facts.step(index).and_then(|facts| facts.vendor).filter(|vendor| vendor.oauth) else {
                continue;
            };
            let through = cx.facts.step(index).is_some_and(|facts| facts.through_gateway);
            if through {
                continue;
            }
            if let Some(credential) = first.filter(|_| step.request().is_some()) {
                report(cx, &credential.place, step, vendor, "A key is typed in for");
            } else if let Some(place) = stored(cx.scenario.platform, step)
                && step.connections.first().is_none_or(|connection| told.insert((vendor.id, &connection.id)))
            {
                report(cx, place, step, vendor, "A stored key or password is used for");
            }
        }
    }
}

fn report(cx: &mut Context<'_, '_>, place: &Place, step: &Step<'_>, vendor: &Vendor, what: &str) {
    let message = format!("{what} {}, which offers OAuth.", vendor.name);
    let how = match cx.scenario.platform {
        Platform::Make => {
            "In Make, use the vendor's own module, or choose OAuth 2.0 as the authentication of the HTTP module, and connect with the scopes that the scenario needs."
        }
        Platform::N8n => {
            "In n8n, choose the vendor's OAuth2 credential under “Authentication” (for an HTTP Request: Predefined Credential Type), with the scopes that the workflow needs."
        }
        _ => "Connect the vendor's own app, which uses OAuth, with the scopes that the step needs.",
    };
    let remedy = format!("{how} Then delete the key at {}.", vendor.name);
    cx.report(Draft::new(&META, place, message, remedy).step(step));
}

/// Where a stored credential says that it is no OAuth.
fn stored<'s>(platform: Platform, step: &'s Step<'_>) -> Option<&'s Place> {
    let by_module = platform == Platform::Make && (step.module.contains("APIKeyAuth") || step.module.contains("BasicAuth"));
    let by_setting = step.request().and_then(|_| {
        step.spots.iter().find(|spot| spot.name == "authenticationType" && matches!(spot.value.as_ref(), "apiKey" | "basicAuth"))
    });
    let by_kind =
        step.connections.iter().find(|connection| connection.kind.as_deref().is_some_and(|kind| is_key(platform, kind)));
    let of_module = by_module.then(|| step.connections.first().map_or(&step.place, |connection| &connection.place));
    of_module.or_else(|| by_setting.map(|spot| &spot.place)).or_else(|| by_kind.map(|connection| &connection.place))
}

/// The platform's word for the type of a connection.
fn is_key(platform: Platform, kind: &str) -> bool {
    let lower = kind.to_ascii_lowercase();
    if lower.contains("oauth") || lower.contains("serviceaccount") {
        return false;
    }
    match platform {
        Platform::N8n => {
            // accounts and tokens of programs, for which the vendor offers nothing else
            let of_service = [
                "googleApi",
                "microsoftEntraServicePrincipalApi",
                "salesforceJwtApi",
                "facebookGraphApi",
                "facebookGraphAppApi",
                "azureOpenAiApi",
            ];
            matches!(kind, "httpHeaderAuth" | "httpBasicAuth" | "httpQueryAuth" | "httpDigestAuth")
                || (kind.ends_with("Api") && !of_service.contains(&kind))
        }
        Platform::Make => {
            ["apikey", "api-key", "api_key", "basic", "private-app", "token"].iter().any(|word| lower.contains(word))
        }
        Platform::Zapier | Platform::File => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_connections_tell_keys_from_oauth() {
        assert!(
            is_key(Platform::N8n, "hubspotApi")
                && is_key(Platform::N8n, "httpHeaderAuth")
                && is_key(Platform::Make, "hubspot-private-app")
        );
        assert!(
            !is_key(Platform::N8n, "hubspotOAuth2Api")
                && !is_key(Platform::N8n, "googleApi")
                && !is_key(Platform::Make, "google-restricted")
        );
    }
}
