//! Answers for people, made from the JSON that `--json` prints.
//!
//! Nothing is computed here: what is not in the JSON is not shown.

mod keys;
mod log;
mod status;
mod views;

use serde_json::Value;

/// The text of an answer; `view` names the command.
pub(super) fn render(view: &str, answer: &Value) -> String {
    match view {
        "init" => keys::init(answer),
        "status" => status::status(answer),
        "keys.create" => keys::create(answer),
        "keys.list" => keys::list_keys(answer),
        "keys.revoke" => keys::revoke(answer),
        "keys.signing" => keys::signing(answer),
        "rotate" => keys::rotate(answer),
        "rotate.root" => keys::root(answer),
        "dead.list" => views::dead(answer),
        "dead.redeliver" => views::changed(answer, "due", "due again"),
        "dead.discard" => views::changed(answer, "discarded", "thrown away"),
        "dead.enable" => {
            format!("`{}` delivers again; {} waited\n", text(answer, "route"), number(answer, "due"))
        }
        "held.list" => views::held(answer),
        "held.release" => format!("{} goes on by `{}`\n", text(answer, "event"), text(answer, "route")),
        "held.drop" => format!("what {} held is gone\n", text(answer, "event")),
        "whois" => views::whois(answer),
        "subject.erase" => views::erased(answer),
        "backup" => views::backup(answer),
        "restore" => views::restore(answer),
        "log.accept_gap" => views::accepted_gap(answer),
        "log.verify" => log::verify(answer),
        "log.show" => log::show(answer),
        "try" => views::three(answer),
        _ => format!("{answer:#}\n"),
    }
}

/// A number with its word.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A text member; empty where there is none.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number member; 0 where there is none.
fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Whether a member is true.
fn is(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The elements of a list member.
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member of a member.
fn at<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The text in lines that a terminal of this width shows whole. Lines break between words, so that nothing that is copied is
/// torn; what holds commands to copy stays as it is.
pub(super) fn fitted(view: &str, text: &str, width: usize) -> String {
    if !matches!(view, "status" | "keys.list" | "dead.list" | "held.list" | "log.show") {
        return text.to_owned();
    }
    text.lines().map(|line| folded(line, width) + "\n").collect()
}

fn folded(line: &str, width: usize) -> String {
    let lead = line.len() - line.trim_start().len();
    let indent = " ".repeat((lead + 8).min(width / 2));
    let (mut out, mut rest, mut room) = (String::new(), line, width);
    while rest.chars().count() > room {
        let blanks = || rest.char_indices().enumerate().filter(|(_, (at, c))| *c == ' ' && *at >= lead);
        let within = blanks().take_while(|(count, _)| *count <= room).last();
        let Some((_, (at, _))) = within.filter(|(count, _)| *count > 0).or_else(|| blanks().find(|(count, _)| *count > 0)) else {
            break;
        };
        let (start, end) = rest.split_at(at);
        out += start.trim_end();
        out += &format!("\n{indent}");
        (rest, room) = (end.trim_start(), width - indent.len());
    }
    out + rest
}

/// Columns as wide as their widest cell, two blanks apart.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([name.len()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut out = line(head);
    for row in rows {
        out += &line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "person", "people")), ["0 people", "1 person", "2 people"]);
        let one = json!({ "found": 1, "due": 1, "size": 1, "ok": true, "counts": { "subjects": 1, "leaves": 1 }, "went": { "records": 1 } });
        for view in ["dead.redeliver", "log.verify", "status", "subject.erase"] {
            let shown = render(view, &one);
            assert!(
                !["1 dead letters", "1 leaves", "1 people", "1 records"].iter().any(|wrong| shown.contains(wrong)),
                "{shown}"
            );
        }
    }

    #[test]
    fn lines_fit_the_terminal_and_lose_no_word() {
        let key = json!({ "id": "l71u76LHw7", "workflow": "candidate-intake", "mode": "live", "state": "stands",
            "expires": "2026-11-22T10:15:30Z", "last_used": "2026-11-22T10:15:30Z", "owner": "dana@example.com" });
        let refused = json!({ "route": "careers-apply", "count": 3, "code": "signature.mismatch", "what": "signature does not match",
            "fix": vestibule_core::problem::find("signature.mismatch").map(|entry| entry.fix) });
        let answer = json!({ "keys": [key], "running": true, "refused": [refused], "log": { "head": format!("vh1-{}", "x".repeat(100)) } });
        for (view, width) in [("keys.list", 80), ("status", 80), ("status", 120)] {
            let whole = render(view, &answer);
            let shown = fitted(view, &whole, width);
            let long = |line: &&str| line.chars().count() > width && !line.contains("vh1-");
            assert_eq!(shown.lines().find(long), None);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&shown), words(&whole));
        }
        assert_eq!(fitted("keys.create", &"word ".repeat(50), 80), "word ".repeat(50), "what is copied stays in one piece");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_owned(), "bbb".to_owned()], vec!["cccc".to_owned(), String::new()]];
        assert_eq!(table(&["x", "y"], &rows), "x     y\na     bbb\ncccc\n");
    }

    #[test]
    fn a_key_is_shown_with_the_place_it_goes_to() {
        let answer = json!({ "key": "vst_test_x", "id": "x", "workflow": "intake", "mode": "test", "expires": "2027", "url": "https://g/out/" });
        let shown = render("keys.create", &answer);
        for part in ["vst_test_x", "Authorization", "Bearer vst_test_x", "https://g/out/", "HTTP"] {
            assert!(shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn every_view_survives_an_empty_answer() {
        let views = "init status keys.create keys.list keys.revoke keys.signing rotate rotate.root dead.list dead.redeliver \
            dead.discard dead.enable held.list held.release held.drop whois subject.erase backup restore log.verify log.show try";
        for view in views.split_whitespace() {
            assert!(render(view, &json!({})).ends_with('\n'), "{view}");
        }
    }
}
