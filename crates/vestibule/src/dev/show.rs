//! The three views: what the automation platform saw, what the destination got, what the log holds.

use super::parties::{Seen, Shown};
use crate::ops::audit::readable;
use crate::terminal::fill;
use serde_json::Value;
use vestibule_core::audit::Leaf;
use vestibule_core::token::{self, TokenText};

/// Columns from which three views fit beside each other.
const BESIDE: usize = 120;
/// Columns beyond which wider views are no easier to read.
pub const WIDEST: usize = 160;

/// One JSON object: `platform` and `destination` as the bytes their sockets recorded, `log` as the leaves.
pub fn json(seen: &Seen, log: &[Leaf<'_>]) -> String {
    let platform = format!("{}{}", bytes(&seen.delivered), bytes(&seen.answered));
    let destination = String::from_utf8_lossy(&seen.arrived.body).into_owned();
    let log: Vec<Value> = (1..).zip(log).map(|(seq, leaf)| readable(seq, leaf)).collect();
    serde_json::json!({ "platform": platform, "destination": destination, "log": log }).to_string()
}

/// How a page looks.
#[derive(Clone, Copy)]
pub struct Page {
    /// Its columns.
    pub width: usize,
    /// With colours.
    pub colour: bool,
}

/// The first round, for people: what was sent where, the three views, what they show.
pub fn text(url: &str, seen: &Seen, log: &[Leaf<'_>], own: bool, page: Page) -> String {
    let sent = if own { "your JSON" } else { "a signed job application" };
    let fill = |text: &str| fill(text, 0, page.width);
    format!(
        "\n{}{}\n{}\n{}",
        fill(&format!("Vestibule sent {sent} through itself at {url}")),
        fill("career site -> gateway -> automation platform -> gateway -> applicant tracking system (ATS)"),
        views(seen, log, page),
        fill(
            "The platform holds tokens only. The ATS got the real values with a key that the platform never had. The log \
             proves both and holds none of them: tokens stand there as fingerprints, people as pseudonyms."
        )
    )
}

/// The three views of one round: beside each other where they fit, below each other elsewhere.
pub fn views(seen: &Seen, log: &[Leaf<'_>], page: Page) -> String {
    let log: Vec<String> = log.iter().map(line).collect();
    let views = [("THE PLATFORM SAW", platform(seen)), ("THE ATS GOT", destination(seen)), ("THE LOG HOLDS", log.join("\n"))];
    arranged(&views, page)
}

/// The first token the platform saw.
pub fn first_token(seen: &Seen) -> Option<String> {
    let body = String::from_utf8_lossy(&seen.delivered.body);
    let found = token::find(&body, "token.invalid").into_iter().find_map(|found| found.block.ok())?;
    Some(TokenText::new(&found).as_str().to_owned())
}

/// One line about an event that came through later.
pub fn short(seen: &Seen) -> String {
    let event = seen.delivered.event.as_deref().unwrap_or("an event");
    let status = seen.answered.head.lines().next().unwrap_or_default();
    format!("{event} came through; the call was answered {status}")
}

fn platform(seen: &Seen) -> String {
    let interesting = ["content-type", "webhook-id", "webhook-signature"];
    format!(
        "{}\n{}\n\nit called the gateway and got\n{}\n{}",
        head(&seen.delivered, &interesting),
        pretty(&seen.delivered.body),
        seen.answered.head.lines().next().unwrap_or_default(),
        pretty(&seen.answered.body)
    )
}

fn destination(seen: &Seen) -> String {
    // the key itself is the gateway's secret, also on a screen
    let auth = seen.arrived.head.lines().any(|line| line.to_ascii_lowercase().starts_with("authorization: basic "));
    let note = if auth { "authorization: Basic (the gateway's)" } else { "" };
    format!("{}\n{note}\n{}", head(&seen.arrived, &["content-type"]), pretty(&seen.arrived.body))
}

fn line(leaf: &Leaf<'_>) -> String {
    let mut out = format!("{} {}", leaf.action, leaf.actor);
    if !leaf.host.is_empty() {
        out.push_str(&format!(" -> {}", leaf.host));
    }
    if leaf.status > 0 {
        out.push_str(&format!(" {}", leaf.status));
    }
    if leaf.outcome != "ok" {
        out.push_str(&format!(" [{}]", leaf.outcome));
    }
    if !leaf.fields.is_empty() {
        out.push_str(&format!("\n  fields {}", leaf.fields.join(", ")));
    }
    if !leaf.tokens.is_empty() {
        let many = if leaf.tokens.len() == 1 { "" } else { "s" };
        out.push_str(&format!("\n  {} token fingerprint{many}", leaf.tokens.len()));
    }
    if let Some(subject) = leaf.subjects.first() {
        let name = vestibule_core::id::base32(&subject.0);
        out.push_str(&format!("\n  subject {}", name.get(..10).unwrap_or(&name)));
    }
    out
}

fn bytes(shown: &Shown) -> String {
    format!("{}\r\n{}\r\n", shown.head, String::from_utf8_lossy(&shown.body))
}

fn head(shown: &Shown, interesting: &[&str]) -> String {
    let mut lines = shown.head.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let kept = lines.filter(|line| interesting.iter().any(|name| line.starts_with(name)));
    std::iter::once(first).chain(kept.map(str::to_owned)).collect::<Vec<_>>().join("\n")
}

/// Indented JSON; at most a screenful.
fn pretty(body: &[u8]) -> String {
    const LINES: usize = 40;
    let out = indented(body);
    let lines: Vec<&str> = out.lines().collect();
    if lines.len() <= LINES {
        return out;
    }
    let shown = lines.iter().take(LINES).copied().collect::<Vec<_>>().join("\n");
    format!("{shown}\n… {} more lines", lines.len() - LINES)
}

/// JSON with a line for each member, its numbers and order untouched.
pub(crate) fn indented(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut out = String::new();
    let (mut depth, mut inside, mut escaped) = (0usize, false, false);
    for c in text.chars() {
        if inside {
            out.push(c);
            inside = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                inside = true;
                out.push(c);
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

fn arranged(views: &[(&str, String)], page: Page) -> String {
    if page.width >= BESIDE {
        return beside(views, page);
    }
    let below: Vec<String> = views.chunks(1).map(|view| beside(view, page)).collect();
    below.join("\n")
}

fn beside(columns: &[(&str, String)], page: Page) -> String {
    const GAP: usize = 3;
    let count = columns.len().max(1);
    let width = (page.width - GAP * (count - 1)) / count;
    let wrapped: Vec<Vec<String>> = columns.iter().map(|(_, text)| wrap(text, width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let line = |cells: Vec<String>| format!("{}\n", cells.join(&" ".repeat(GAP)).trim_end());
    let title = |(title, _): &(&str, String)| {
        let title = format!("{title:<width$}");
        if page.colour { format!("\x1b[1m{title}\x1b[0m") } else { title }
    };
    let mut out = line(columns.iter().map(title).collect());
    out.push_str(&line(vec!["-".repeat(width); count]));
    for row in 0..height {
        let cell = |column: &Vec<String>| format!("{:<width$}", column.get(row).map_or("", String::as_str));
        out.push_str(&line(wrapped.iter().map(cell).collect()));
    }
    out
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let mut rest: Vec<char> = line.chars().collect();
        let mut first = true;
        while !rest.is_empty() || first {
            let pad = if first { String::new() } else { " ".repeat((indent + 2).min(width / 2)) };
            let room = width - pad.chars().count();
            let tail = rest.split_off(rest.len().min(room));
            out.push(format!("{pad}{}", rest.iter().collect::<String>()));
            rest = tail;
            first = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn pretty_keeps_numbers_and_order() {
        assert_eq!(
            pretty(br#"{"b":1.0E+2,"a":["x, y",{}]}"#),
            "{\n  \"b\": 1.0E+2,\n  \"a\": [\n    \"x, y\",\n    {\n      \n    }\n  ]\n}"
        );
    }

    fn shown(head: &str, body: &str) -> Shown {
        Shown { event: Some("evt_6dgbe105m4zmevm3r5ztg4y234".into()), head: head.into(), body: body.into() }
    }

    #[test]
    fn no_line_is_longer_than_the_page() {
        let long = format!("{{\"note\":\"{}\",\"a\":[[[1]]]}}", "x".repeat(300));
        let head = format!("POST /hook HTTP/1.1\r\nwebhook-signature: v1,{}\r\n", "k".repeat(90));
        let seen = Seen {
            delivered: shown(&head, &long),
            answered: shown("HTTP/1.1 201 Created", "{}"),
            arrived: shown("POST /v1/anything HTTP/1.1", &long),
        };
        for (width, beside) in [(40, false), (80, false), (100, false), (120, true), (160, true)] {
            let page = text("https://localhost:33821", &seen, &[], true, Page { width, colour: false });
            let longest = page.lines().map(|line| line.chars().count()).max();
            assert!(longest.is_some_and(|longest| longest <= width), "{width}: {page}");
            let titles = page.lines().any(|line| line.contains("THE PLATFORM SAW") && line.contains("THE LOG HOLDS"));
            assert_eq!((titles, page.matches('x').count()), (beside, 600), "{width}: nothing is left out: {page}");
        }
    }
}
