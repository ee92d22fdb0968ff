//! How a workflow starts, and who may start it.

use vestibule_core::document::{Document, Kind, NodeId};

use super::super::{Entry, EntryBy, Protection};
use super::{kinds, text, text_at};
use crate::source::{At, Place};

/// Triggers for which n8n asks the vendor at intervals.
const POLLING: [&str; 16] = [
    "airtableTrigger",
    "clockifyTrigger",
    "databricksTrigger",
    "gmailTrigger",
    "googleBusinessProfileTrigger",
    "googleCalendarTrigger",
    "googleDriveTrigger",
    "googleSheetsTrigger",
    "microsoftOneDriveTrigger",
    "microsoftOutlookTrigger",
    "notionTrigger",
    "rssFeedReadTrigger",
    "salesforceTrigger",
    "seaTableTrigger",
    "togglTrigger",
    "emailReadImap",
];
/// Triggers that listen to a queue, a file or n8n itself.
const LISTENING: [&str; 11] = [
    "amqpTrigger",
    "kafkaTrigger",
    "localFileTrigger",
    "mqttTrigger",
    "n8nTrigger",
    "postgresTrigger",
    "rabbitmqTrigger",
    "redisTrigger",
    "sseTrigger",
    "workflowTrigger",
    "activationTrigger",
];

/// The entry that a trigger is; `node` is the node, `parameters` its settings.
pub(super) fn read(tape: &Document<'_>, node: NodeId, parameters: Option<NodeId>, module: &str) -> Entry {
    let member = |name: &str| tape.member(parameters?, name);
    let here = Place::Node(node);
    let closed = |by: EntryBy| Entry { by, protection: Protection::None, method: None, place: here.clone() };
    let asked = || asked(tape, node, parameters);
    match kinds::short(module) {
        "webhook" => {
            let At { value: protection, place } = asked();
            Entry { by: EntryBy::Webhook, protection, method: method(tape, parameters), place }
        }
        "formTrigger" => {
            let At { value: protection, place } = asked();
            Entry { by: EntryBy::Form, protection, method: None, place }
        }
        "mcpTrigger" => {
            let At { value: protection, place } = asked();
            Entry { by: EntryBy::Mcp, protection, method: None, place }
        }
        "chatTrigger" => {
            let public = member("public");
            let is = |kind: Kind| public.is_some_and(|public| tape.node(public).kind() == kind);
            if is(Kind::True) {
                let At { value: protection, place } = asked();
                Entry { by: EntryBy::Chat, protection, method: None, place }
            } else if is(Kind::String) {
                let place = public.map_or(here.clone(), Place::Node);
                Entry { by: EntryBy::Chat, protection: Protection::Unseen, method: None, place }
            } else {
                closed(EntryBy::Chat)
            }
        }
        "manualChatTrigger" => closed(EntryBy::Chat),
        "scheduleTrigger" | "cron" | "interval" => closed(EntryBy::Schedule),
        "executeWorkflowTrigger" | "errorTrigger" => closed(EntryBy::Scenario),
        "manualTrigger" | "start" | "evaluationTrigger" | "simulateTrigger" => closed(EntryBy::Manual),
        name if member("pollTimes").is_some() || POLLING.contains(&name) => closed(EntryBy::Polling),
        name if LISTENING.contains(&name) => closed(EntryBy::Other),
        _ => Entry { by: EntryBy::AppWebhook, protection: Protection::Unseen, method: None, place: here },
    }
}

/// `authentication` is left out of the file where it is `none`; a list of addresses is a protection too.
fn asked(tape: &Document<'_>, node: NodeId, parameters: Option<NodeId>) -> At<Protection> {
    let setting = parameters.and_then(|parameters| text_at(tape, parameters, "authentication"));
    let options = parameters.and_then(|parameters| tape.member(parameters, "options"));
    let addresses = options.and_then(|options| text(tape, options, "ipWhitelist"));
    let (value, place) = match setting {
        Some(At { value, place }) if value == "none" => (Protection::Open, place),
        Some(At { value, place }) if value.starts_with('=') => (Protection::Unseen, place),
        Some(At { place, .. }) => (Protection::Guarded, place),
        None => (Protection::Open, Place::Node(node)),
    };
    let guarded_by_address = value == Protection::Open && addresses.is_some_and(|addresses| !addresses.trim().is_empty());
    At { value: if guarded_by_address { Protection::Guarded } else { value }, place }
}

fn method(tape: &Document<'_>, parameters: Option<NodeId>) -> Option<String> {
    let Some(node) = parameters.and_then(|parameters| tape.member(parameters, "httpMethod")) else {
        let several = parameters.and_then(|parameters| tape.member(parameters, "multipleMethods"));
        let several = several.is_some_and(|several| tape.node(several).kind() == Kind::True);
        return Some(if several { "ANY" } else { "GET" }.to_owned());
    };
    match tape.node(node).kind() {
        Kind::Array if tape.children(node).count() == 1 => {
            tape.children(node).next().map(|only| tape.string(only).to_ascii_uppercase())
        }
        Kind::Array => Some("ANY".to_owned()),
        _ => {
            let method = tape.string(node);
            (!method.starts_with('=')).then(|| if method.is_empty() { "GET".to_owned() } else { method.to_ascii_uppercase() })
        }
    }
}
