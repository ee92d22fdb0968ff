//! What `init`, `keys` and `rotate` say.

use super::{at, is, list, number, table, text};
use crate::system;
use serde_json::Value;

pub(super) fn init(answer: &Value) -> String {
    let [config, kit, send] = ["config", "kit", "send"].map(|name| system::in_shell(text(answer, name)));
    let program = system::program();
    format!(
        "made in {folder}:\n  \
         vestibule.toml     what the gateway does; it runs as it is\n  \
         recovery-kit.txt   root key and backup identity: take it away from this machine, then delete it here\n  \
         send-example.sh    sends a signed example event\n\n\
         next\n  \
         1. {program} serve --config {config}\n  \
         2. in another terminal: sh {send}\n  \
         3. {program} status --config {config}\n  \
         4. read {kit}: what to back up, and what never to put beside it\n\n\
         root key fingerprint {fingerprint}; backups are encrypted to {recipient}\n\
         the certificate in {folder}/tls is of this machine's own making: replace it before others call here\n",
        folder = text(answer, "folder"),
        fingerprint = text(answer, "fingerprint"),
        recipient = text(answer, "recipient"),
    )
}

pub(super) fn create(answer: &Value) -> String {
    let key = text(answer, "key");
    let url = text(answer, "url");
    let ended = match text(answer, "workflow_ended") {
        "" => String::new(),
        ended => {
            format!("warning: its workflow ended at {ended}: the key opens nothing until `expires` of the workflow is moved\n")
        }
    };
    let program = system::program();
    format!(
        "{key}\n\n{ended}\
         This is shown once. It is a {mode} key of `{workflow}`, owner {owner}, until {expires}; `{program} keys revoke {id}` ends it.\n\n\
         Make     HTTP > Make a request: URL {url}NAME/…, then under Headers add\n           \
         Name   Authorization\n           \
         Value  Bearer {key}\n         \
         (a keychain of type API key with the placement \"in the header\" keeps it out of the scenario)\n\
         Zapier   Webhooks by Zapier > Custom Request: Headers  Authorization | Bearer {key}\n\
         n8n      HTTP Request > Authentication > Generic > Header Auth: Authorization = Bearer {key}\n",
        mode = text(answer, "mode"),
        workflow = text(answer, "workflow"),
        owner = text(answer, "owner"),
        expires = text(answer, "expires"),
        id = text(answer, "id"),
    )
}

pub(super) fn list_rows(keys: &[Value]) -> String {
    let cell = |key: &Value, name: &str| {
        let text = text(key, name);
        if text.is_empty() { "-".to_owned() } else { text.to_owned() }
    };
    let names = ["id", "workflow", "mode", "state", "expires", "last_used", "owner"];
    let rows: Vec<Vec<String>> = keys.iter().map(|key| names.iter().map(|name| cell(key, name)).collect()).collect();
    table(&["id", "workflow", "mode", "state", "expires", "last used", "owner"], &rows)
}

pub(super) fn list_keys(answer: &Value) -> String {
    match list(answer, "keys") {
        [] => format!("no keys; `{} keys create --workflow NAME` makes one\n", system::program()),
        keys => list_rows(keys),
    }
}

pub(super) fn revoke(answer: &Value) -> String {
    let word = if is(answer, "already") { "was revoked already, at" } else { "revoked at" };
    let mut out = format!("{} of `{}` {word} {}\n", text(answer, "id"), text(answer, "workflow"), text(answer, "revoked"));
    if is(answer, "whole_key_given") {
        out += "note: the whole key was in the arguments, and the history of the shell keeps it: the ten characters of its id are enough\n";
    }
    out
}

pub(super) fn signing(answer: &Value) -> String {
    let mut out = String::new();
    for secret in list(answer, "secrets") {
        out += secret.as_str().unwrap_or_default();
        out.push('\n');
    }
    out += &format!(
        "\nDeliveries of `{}` are signed with {} (Standard Webhooks, header webhook-signature).\n",
        text(answer, "route"),
        if list(answer, "secrets").len() > 1 { "each of these, the newest first" } else { "this" },
    );
    if is(answer, "configured") {
        out += "It is the one that the configuration names.\n";
    }
    out
}

pub(super) fn rotate(answer: &Value) -> String {
    let mut out = String::new();
    for key in list(answer, "rotated") {
        out += &format!("{:<12} version {} is active\n", text(key, "kind"), number(key, "version"));
    }
    out += &format!("{} stored rows put under the new keys\n", number(answer, "rows_moved"));
    match number(answer, "rows_tampered") {
        0 => {}
        rows => {
            out +=
                &format!("{rows} rows were not written by this gateway and were left: see `vestibule explain store.tampered`\n")
        }
    }
    for key in list(answer, "destroyed") {
        out += &format!("{:<12} version {} destroyed\n", text(key, "kind"), number(key, "version"));
    }
    out + &erasure(at(answer, "erasure"))
}

/// Whether erased people stay erased in every backup.
pub(super) fn erasure(state: &Value) -> String {
    let days = number(state, "days");
    if list(state, "overdue").is_empty() {
        return format!("erased people are unreadable in every backup after at most {days} days\n");
    }
    let mut out = format!("the erasure promise is broken: keys older than {days} days still open backups\n");
    for key in list(state, "overdue") {
        let why = text(key, "why");
        out += &format!("  {} version {}: {why}", text(key, "kind"), number(key, "version"));
        if let Some(entry) = vestibule_core::problem::find(why) {
            out += &format!(" ({})", entry.fix);
        }
        out.push('\n');
    }
    out
}

pub(super) fn root(answer: &Value) -> String {
    let (file, before) = (text(answer, "file"), text(answer, "configured"));
    let mut out = format!("the key store is sealed under the root key with fingerprint {}\n\n", text(answer, "root"));
    if is(answer, "made") {
        out += &format!("a new root key was made in {file}: put a copy into the recovery kit\n");
    }
    out += &format!(
        "now\n  1. set `root = \"file:{file}\"` under [keys], instead of {before}: the next start needs it\n  \
         2. make a new copy of the key store; older copies open with the former root key only\n  \
         3. keep the former root key as long as those copies, then destroy it\n",
    );
    out
}
