//! Settings by which the platform keeps the data of each run.

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::Platform;
use crate::source::Place;

/// See [`META`].
pub struct RunDataKept;

static META: Meta = Meta {
    id: "run-data-kept",
    title: "The platform keeps the data of each run",
    severity: Severity::Medium,
    confidence: Confidence::High,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "Make: “Data is confidential” is off, or failed runs are stored with their data. n8n: the data of runs is saved. One finding for each scenario; it weighs more where personal data passes.",
    why: "Everything that passed stands in the execution log for weeks, for everybody with access to the account, long after the person asked for erasure.",
    remedy: "Switch the keeping off where it is not needed for repair, or let the scenario hold tokens: then the log holds tokens, which die with the person's key.\n\nBefore:\n    Data is confidential: No\n\nAfter:\n    Data is confidential: Yes",
    leaves_out: "How long the platform keeps it, which is a matter of plan and settings of the server; Zapier, which always keeps it and has no such setting in the file. n8n's default is told only where personal data passes.",
    requirements: &["R7", "R102", "R17", "R114"],
};

impl Check for RunDataKept {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let found = match cx.scenario.platform {
            Platform::Make => make(cx),
            Platform::N8n => n8n(cx),
            Platform::Zapier | Platform::File => None,
        };
        if let Some((place, severity, confidence, message, remedy)) = found {
            cx.report(Draft::new(&META, place, message, remedy).severity(severity).confidence(confidence));
        }
    }
}

type Found<'s> = Option<(&'s Place, Severity, Confidence, String, &'static str)>;

fn make<'s>(cx: &Context<'s, '_>) -> Found<'s> {
    let logging = &cx.scenario.logging;
    let personal = cx.facts.personal;
    let failed = logging.keeps_failed.as_ref().filter(|keeps| keeps.value);
    let severity = if personal { META.severity } else { Severity::Info };
    let off = "In Make, open the scenario's settings and switch “Data is confidential” on. Runs can then no longer be looked into, so test first; or let the scenario hold tokens.";
    match (&logging.confidential, failed) {
        (Some(confidential), _) if !confidential.value => {
            let also = if failed.is_some() { ", and failed runs are stored with their data" } else { "" };
            let passes = if personal { "; personal data passes here" } else { "" };
            let message = format!("“Data is confidential” is off: Make keeps the data of each run{also}{passes}.");
            Some((&confidential.place, severity, META.confidence, message, off))
        }
        (_, Some(failed)) if personal => {
            let message = "Failed runs are stored with their data, and personal data passes here.".to_owned();
            let remedy = "In Make, open the scenario's settings and switch “Allow storing of incomplete executions” off, or let the scenario hold tokens: the gateway tries deliveries again by itself.";
            Some((&failed.place, Severity::Low, META.confidence, message, remedy))
        }
        (None, _) if personal => {
            let message = "The file does not say whether Make keeps the data of each run; personal data passes here.".to_owned();
            Some((&cx.scenario.place, Severity::Info, Confidence::Low, message, off))
        }
        _ => None,
    }
}

fn n8n<'s>(cx: &Context<'s, '_>) -> Found<'s> {
    if !cx.facts.personal {
        return None;
    }
    let remedy = "In n8n, open the workflow's settings and set “Save successful production executions” to “Do not save”; and prune the rest on the server (EXECUTIONS_DATA_PRUNE, EXECUTIONS_DATA_MAX_AGE).";
    match &cx.scenario.logging.keeps_good {
        Some(keeps) if keeps.value => Some((
            &keeps.place,
            META.severity,
            META.confidence,
            "n8n saves the data of each run, and personal data passes here.".to_owned(),
            remedy,
        )),
        Some(_) => None,
        None => {
            let message =
                "The workflow does not switch off that n8n saves the data of each run, and personal data passes here.".to_owned();
            Some((&cx.scenario.place, Severity::Info, Confidence::Low, message, remedy))
        }
    }
}
