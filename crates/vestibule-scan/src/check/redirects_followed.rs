//! Requests that carry a credential and follow redirects to other hosts.

use std::collections::HashSet;

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::credential::CredentialKind;
use crate::finding::{Confidence, Severity};
use crate::model::{Auth, Role, Spot};

/// See [`META`].
pub struct RedirectsFollowed;

static META: Meta = Meta {
    id: "redirects-followed",
    title: "Credential follows redirects",
    severity: Severity::Low,
    confidence: Confidence::Low,
    personas: &[Persona::Security],
    what: "Requests with a credential of a header or query of their own that follow redirects; one finding for each scenario.",
    why: "If the vendor's server, or somebody who controls one of its pages, answers with a redirect, the platform sends the request again to the new host. Headers with names of their own usually go along.",
    remedy: "Switch “Follow redirect” off for calls to an API: it should not redirect. The gateway never follows a redirect with a credential to another host.\n\nBefore:\n    Follow redirect: Yes\n\nAfter:\n    Follow redirect: No",
    leaves_out: "Requests that do not say whether they follow redirects, and those that only carry an `Authorization` header, which common clients drop at another host.",
    requirements: &["R61", "R43"],
};

impl Check for RedirectsFollowed {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let own = |spot: &Spot<'_>| {
            matches!(spot.role, Role::Header | Role::Query | Role::Body | Role::Field)
                && !spot.name.eq_ignore_ascii_case("authorization")
        };
        let typed: HashSet<usize> = cx
            .credentials
            .iter()
            .filter(|credential| credential.kind == CredentialKind::Secret)
            .filter(|credential| {
                cx.scenario.steps.get(credential.step).and_then(|step| step.spots.get(credential.spot)).is_some_and(own)
            })
            .map(|credential| credential.step)
            .collect();
        let mut found = Vec::new();
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(request) = step.request() else { continue };
            let Some(follows) = request.follows_redirects.as_ref().filter(|follows| follows.value) else { continue };
            let stored = request.auth == Auth::Stored && step.module.contains("APIKey");
            let direct = cx.facts.step(index).is_some_and(|facts| !facts.through_gateway);
            if direct && (stored || typed.contains(&index)) {
                found.push((step, follows));
            }
        }
        let Some((step, follows)) = found.first() else { return };
        let names: Vec<String> = found.iter().map(|(step, _)| words::called(step)).collect();
        let message = format!(
            "{} with a key in a header or parameter of its own would follow a redirect to another host: {}.",
            words::count(found.len(), "request"),
            words::some(&names, 6)
        );
        let remedy = "Switch “Follow redirect” (n8n: “Redirects”) off in these steps, or call through the gateway, which never sends a credential to another host.";
        cx.report(Draft::new(&META, &follows.place, message, remedy).step(step));
    }
}
