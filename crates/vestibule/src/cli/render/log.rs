//! What `log verify` and `log show` say.

use super::{counted, is, list, number, text};
use crate::system;
use serde_json::Value;

pub(super) fn verify(answer: &Value) -> String {
    let mut out = String::new();
    for finding in list(answer, "findings") {
        let leaf = number(finding, "leaf");
        let place = if leaf == 0 { String::new() } else { format!("leaf {leaf}: ") };
        out += &format!("error[{}]: {place}{}\n", text(finding, "code"), text(finding, "message"));
    }
    for gap in list(answer, "gaps") {
        let [leaf, first, last] = ["leaf", "first", "last"].map(|name| number(gap, name));
        let (by, at, action) = (text(gap, "by"), text(gap, "at"), text(gap, "action"));
        out += &format!(
            "note: leaf {leaf}, {at}: {by} went on without leaves {first} to {last} that the key store knew ({action})\n"
        );
    }
    let size = counted(number(answer, "size"), "leaf", "leaves");
    if is(answer, "ok") {
        out += &format!(
            "{size}, all whole\n\n{}\n\nThis is the head of the log. Keep it outside this machine, for example in a ticket or a mail to \
             yourself;\n`{} log verify --since HEAD` then shows whether anything before it was changed, removed or rolled back.\n",
            text(answer, "head"),
            system::program(),
        );
    } else {
        out += &format!("whole before the first broken place: {size}; treat this as an incident and keep the files\n");
    }
    out
}

pub(super) fn show(answer: &Value) -> String {
    let mut out = String::new();
    for leaf in list(answer, "leaves") {
        out += &line(leaf);
    }
    if out.is_empty() { "the log is empty\n".to_owned() } else { out }
}

/// A leaf in one line.
pub(super) fn line(leaf: &Value) -> String {
    let mut parts = vec![format!("{:>6}", number(leaf, "seq")), text(leaf, "at").to_owned()];
    for name in ["mode", "actor", "action", "route"] {
        parts.push(text(leaf, name).to_owned());
    }
    if !text(leaf, "host").is_empty() {
        parts.push(format!("-> {}", text(leaf, "host")));
    }
    let fields: Vec<&str> = list(leaf, "fields").iter().filter_map(Value::as_str).collect();
    if !fields.is_empty() {
        parts.push(format!("[{}]", fields.join(" ")));
    }
    if number(leaf, "others") > 0 {
        parts.push(format!("+{}", number(leaf, "others")));
    }
    parts.push(text(leaf, "outcome").to_owned());
    if number(leaf, "status") > 0 {
        parts.push(number(leaf, "status").to_string());
    }
    if number(leaf, "refers") > 0 {
        parts.push(format!("of {}", number(leaf, "refers")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ") + "\n"
}
