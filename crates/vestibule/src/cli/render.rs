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
        "log.verify" => log::verify(answer),
        "log.show" => log::show(answer),
        "try" => views::three(answer),
        _ => format!("{answer:#}\n"),
    }
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
