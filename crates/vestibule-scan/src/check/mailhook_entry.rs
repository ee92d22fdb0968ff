//! Scenarios that are started by an e-mail to an address of their own.

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::EntryBy;

/// See [`META`].
pub struct MailhookEntry;

static META: Meta = Meta {
    id: "mailhook-entry",
    title: "Started by e-mail from anybody",
    severity: Severity::Medium,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A mailhook: an e-mail address of the platform that starts the scenario.",
    why: "E-mail proves nothing about its sender, and the message with everything in it stays in the sent folder, in mail logs and at every relay on the way.",
    remedy: "Use a webhook: let the source post to the gateway, signed and over TLS.\n\nBefore:\n    applications@hook.example\n\nAfter, in vestibule.toml:\n    [in.applications]\n    path = \"/applications\"\n    secret = \"env:APPLICATIONS_SECRET\"\n    deliver = { workflow = \"applications\", url = \"env:APPLICATIONS_HOOK\" }",
    leaves_out: "Scenarios that read a mailbox at intervals; see `polling-plain-personal-data`.",
    requirements: &["R78", "R69"],
};

impl Check for MailhookEntry {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for step in &cx.scenario.steps {
            let Some(entry) = step.entry().filter(|entry| entry.by == EntryBy::Mail) else { continue };
            let message = "The scenario is started by an e-mail to an address of its own: anybody can send one, and its content stays in mail logs.";
            let name = crate::remedy::workflow_name(cx.scenario);
            let remedy = format!(
                "Replace the mailhook by a webhook that the gateway delivers to:\n{}\nIf the source can only send mail, let a mailbox of your own receive it, and let a program of yours post it to that route.",
                crate::remedy::route_in(&name, &name)
            );
            cx.report(Draft::new(&META, &entry.place, message, remedy).step(step));
        }
    }
}
