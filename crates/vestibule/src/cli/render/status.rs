//! What `status` says.

use super::keys::{erasure, list_rows};
use super::{at, counted, is, list, number, table, text};
use serde_json::Value;
use vestibule_core::problem;

pub(super) fn status(answer: &Value) -> String {
    let (counts, routes, log) = (at(answer, "counts"), at(answer, "routes"), at(answer, "log"));
    let names = |what: &str| {
        let names: Vec<&str> = list(routes, what).iter().filter_map(Value::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let mut out = format!(
        "{}\nroutes in    {}\nroutes out   {}\nworkflows    {}\n",
        match is(answer, "running") {
            true => format!("since        {}", text(answer, "since")),
            false => "not running; this is what database and key store hold".to_owned(),
        },
        names("in"),
        names("out"),
        names("workflows"),
    );
    out += &format!(
        "events       {} accepted, {} held, {} known\n",
        number(counts, "events"),
        number(counts, "held"),
        counted(number(counts, "people"), "person", "people"),
    );
    let deliveries = at(answer, "deliveries").as_object();
    let deliveries: Vec<String> = deliveries.into_iter().flatten().map(|(state, count)| format!("{count} {state}")).collect();
    out += &format!("deliveries   {}\n", deliveries.join(", "));
    out += &format!(
        "log          {}, {} of them known to the key store; head {}\n",
        counted(number(counts, "leaves"), "leaf", "leaves"),
        number(log, "in_key_store"),
        text(log, "head"),
    );
    if is(log, "behind") {
        let fix = problem::find("log.behind_key_store").map_or("", |entry| entry.fix);
        out += &format!(
            "             this is not the newest database, and nothing is served from it [log.behind_key_store]\n             {fix}\n"
        );
    }
    out += &format!(
        "database     {} bytes, newest backup {}\n",
        number(counts, "database_bytes"),
        or_none(text(answer, "newest_backup"))
    );
    out += &format!("erasure      {}", erasure(at(answer, "erasure")));
    for paused in list(routes, "paused") {
        let (route, since, why) = (text(paused, "route"), text(paused, "since"), text(paused, "why"));
        out += &format!("\npaused       `{route}` since {since}: {why}; `vestibule dead enable {route}` lets it go on\n");
    }
    for (route, count) in at(answer, "ignored").as_object().into_iter().flatten() {
        out += &format!("\nignored      {count} x {route}: a condition of the route (`when`) did not hold\n");
    }
    if is(answer, "running") {
        out += &refused(list(answer, "refused"));
    }
    if !list(answer, "keys_ending").is_empty() {
        out += "\nkeys that end within 30 days\n";
        out += &list_rows(list(answer, "keys_ending"));
    }
    out + "\nkeys of the key store\n" + &versions(list(answer, "keys"))
}

/// Why senders and callers were refused, and what was taken in and is odd: strangers are never told, so this is where their owner finds out.
fn refused(lines: &[Value]) -> String {
    if lines.is_empty() {
        return "\nnothing was refused since the start\n".to_owned();
    }
    let mut out = "\nrefused, or worth a look, since the start\n".to_owned();
    for line in lines {
        let route = text(line, "route");
        let route = if route.is_empty() { "(no route)" } else { route };
        let status = match number(line, "status") {
            0 => String::new(),
            status => format!(", newest status {status}"),
        };
        let (count, what, code) = (number(line, "count"), text(line, "what"), text(line, "code"));
        out += &format!("  {count:>6} x {route}: {what}{status} [{code}]\n");
        if !text(line, "fix").is_empty() {
            out += &format!("           {}\n", text(line, "fix"));
        }
    }
    out
}

fn versions(keys: &[Value]) -> String {
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let days = number(key, "days");
            vec![
                text(key, "kind").to_owned(),
                number(key, "version").to_string(),
                text(key, "state").to_owned(),
                days.to_string(),
            ]
        })
        .collect();
    table(&["kind", "version", "state", "days in use"], &rows)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
