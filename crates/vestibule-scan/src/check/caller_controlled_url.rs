//! Requests whose host comes from whoever starts the scenario.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::expression;
use crate::finding::{Confidence, Severity};
use crate::model::{EntryBy, Kind, Protection, Role, Step};
use crate::remedy::address::Host;

/// Set values that are looked through on the way back to an entry.
const HOPS: usize = 4;
/// Values of a step that are looked through.
const MOST: usize = 1_000;

/// See [`META`].
pub struct CallerControlledUrl;

static META: Meta = Meta {
    id: "caller-controlled-url",
    title: "The caller decides where a request goes",
    severity: Severity::High,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A request whose host is taken from the data that started the scenario: from a webhook, form, chat or MCP server.",
    why: "A stranger can make the platform call any address in its name, with the headers and data of the step: a server of their own, to collect what is sent, or, on a platform of your own, systems inside your network.",
    remedy: "Put the host into the step and take only a part of the path from the caller, or choose the address from a list.\n\nBefore:\n    URL  {{1.callback_url}}\n\nAfter:\n    URL  https://gate.example.com/out/ats/candidates/{{1.candidate_id}}",
    leaves_out: "Hosts from variables of the platform, from earlier answers of vendors and from code. Where a credential protects the entry, and for forms, the finding weighs less.",
    requirements: &["R71", "R43", "R114"],
};

impl Check for CallerControlledUrl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            if !matches!(step.kind, Kind::Request(_)) {
                continue;
            }
            let Some(url) = step.url().filter(|url| url.dynamic) else { continue };
            let host = cx.facts.step(index).and_then(|facts| facts.address).map(|address| address.host);
            if host != Some(Host::Computed) {
                continue;
            }
            let Some((entry_step, protection)) = entry_behind(cx, index, &url.value) else { continue };
            let asked = protection == Protection::Guarded || entry_step.entry().is_some_and(|entry| entry.by == EntryBy::Form);
            let severity = if asked { Severity::Medium } else { META.severity };
            let message =
                format!("The request goes wherever {} says: whoever starts the scenario decides.", words::called(entry_step));
            let remedy = "Write the host into the step and take at most a part of the path from the caller. If several hosts are needed, choose among them by a router or switch with fixed addresses; through the gateway only hosts with a route can be reached.";
            cx.report(Draft::new(&META, &url.place, message, remedy).step(step).severity(severity));
        }
    }
}

/// The entry whose data the first expression of the address reads, through values that were set on the way.
fn entry_behind<'s, 'd>(cx: &Context<'s, 'd>, user: usize, text: &str) -> Option<(&'s Step<'d>, Protection)> {
    let platform = cx.scenario.platform;
    let mut text = text.to_owned();
    let mut user = user;
    for _ in 0..HOPS {
        // what stands first decides where the request goes
        let Some((_, expression::Piece::Expression(first))) = expression::pieces(platform, &text).into_iter().find(leads) else {
            return None;
        };
        let used = expression::references(platform, first);
        let reference = used.first()?;
        let source = cx.facts.source(cx.scenario, user, reference)?;
        let step = cx.scenario.steps.get(source)?;
        match &step.kind {
            Kind::Entry(entry) => {
                let from_outside = matches!(entry.by, EntryBy::Webhook | EntryBy::Form | EntryBy::Chat | EntryBy::Mcp);
                return (from_outside && !reference.field.is_empty()).then_some((step, entry.protection));
            }
            Kind::Assign => {
                let name = reference.field.last()?;
                let set = step
                    .spots
                    .iter()
                    .take(MOST)
                    .find(|spot| spot.role == Role::Assigned && spot.dynamic && spot.name == *name)?;
                let next = set.value.to_string();
                (text, user) = (next, source);
            }
            _ => return None,
        }
    }
    None
}

/// `https://` in front of an expression decides nothing.
fn leads(piece: &(usize, expression::Piece<'_>)) -> bool {
    !matches!(piece, (_, expression::Piece::Literal(text)) if matches!(text.trim(), "" | "http://" | "https://"))
}
