//! Scenarios that start at each event and handle no error.

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::{EntryBy, Kind, Platform, Reach};

/// See [`META`].
pub struct MissingErrorHandling;

static META: Meta = Meta {
    id: "missing-error-handling",
    title: "An error goes unnoticed, or stops everything",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Builder],
    what: "A scenario that starts at each event, sends something to others, and has neither an error branch nor an error workflow; one finding for each scenario.",
    why: "In Make, one unhandled error can switch an instant scenario off: later applications then wait or are lost. In n8n the run stops, and nobody is told.",
    remedy: "Add an error handler to the steps that call others, or let the gateway deliver, which tries again for three days and keeps what could not be delivered.\n\nBefore:\n    Webhook -> Create candidate\n\nAfter:\n    Webhook -> Create candidate (error handler: Break, 3 attempts)",
    leaves_out: "Scenarios that run by the clock: the next run takes up what was left. Zapier, which handles errors outside the Zap.",
    requirements: &["R97", "R98", "R114"],
};

impl Check for MissingErrorHandling {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let scenario = cx.scenario;
        let by_event = |step: &crate::model::Step<'_>| {
            matches!(
                step.entry().map(|entry| entry.by),
                Some(EntryBy::Webhook | EntryBy::AppWebhook | EntryBy::Mail | EntryBy::Form)
            )
        };
        let starts = scenario.steps.iter().find(|step| by_event(step) && !step.disabled);
        let (severity, remedy) = match scenario.platform {
            Platform::Make => (
                META.severity,
                "In Make, right-click the module that calls others, choose “Add error handler” and take Break with automatic completion; and allow the storing of incomplete executions only if their data may be kept.",
            ),
            Platform::N8n => (
                Severity::Info,
                "In n8n, open the workflow's settings and choose an error workflow that tells somebody, and switch “Retry On Fail” on for the nodes that call others.",
            ),
            _ => return,
        };
        let handled =
            scenario.error_workflow || scenario.steps.iter().any(|step| step.handles_errors || step.reach == Reach::OnError);
        let calls =
            || scenario.steps.iter().any(|step| matches!(step.kind, Kind::Request(_) | Kind::App { .. }) && !step.disabled);
        let (Some(start), false, true) = (starts, handled, calls()) else { return };
        if scenario.instant == Some(false) {
            return;
        }
        let message = match scenario.platform {
            Platform::Make => "The scenario starts at each event and handles no error: one failed call can switch it off.",
            _ => "The workflow starts at each event and handles no error: a failed run stops, and nobody is told.",
        };
        cx.report(Draft::new(&META, &start.place, message, remedy).step(start).severity(severity));
    }
}
