//! What `dead`, `held`, `whois`, `subject erase`, `backup`, `restore` and `try` say.

use super::{at, counted, is, list, log, number, table, text};
use serde_json::Value;

pub(super) fn dead(answer: &Value) -> String {
    let letters = list(answer, "letters");
    if letters.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let names = ["event", "route", "mode", "workflow", "dead"];
    let reason = |letter: &Value| match number(letter, "status") {
        0 => text(letter, "reason").to_owned(),
        status => format!("{} {status}", text(letter, "reason")),
    };
    let rows: Vec<Vec<String>> = letters
        .iter()
        .map(|letter| {
            let id = number(letter, "id").to_string();
            let rest = names.iter().map(|name| text(letter, name).to_owned());
            [id].into_iter().chain(rest).chain([reason(letter), number(letter, "attempts").to_string()]).collect()
        })
        .collect();
    let head = ["id", "event", "route", "mode", "workflow", "given up", "reason", "attempts"];
    let mut out = table(&head, &rows);
    let count = number(answer, "count");
    if count > rows.len() as u64 {
        out += &format!("and {} more\n", count - rows.len() as u64);
    }
    out
}

pub(super) fn changed(answer: &Value, name: &str, word: &str) -> String {
    let found = number(answer, "found");
    if is(answer, "dry_run") {
        let fit = if found == 1 { "fits" } else { "fit" };
        return format!("{} {fit}; nothing was changed\n", counted(found, "dead letter", "dead letters"));
    }
    format!("{} of {} {word}\n", number(answer, name), counted(found, "dead letter", "dead letters"))
}

pub(super) fn held(answer: &Value) -> String {
    let events = list(answer, "events");
    if events.is_empty() {
        return "no event waits for its owner\n".to_owned();
    }
    let names = ["event", "route", "mode", "accepted", "until"];
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            let id = number(event, "id").to_string();
            [id].into_iter().chain(names.iter().map(|name| text(event, name).to_owned())).collect()
        })
        .collect();
    table(&["id", "event", "route", "mode", "accepted", "goes on at"], &rows)
}

pub(super) fn whois(answer: &Value) -> String {
    let lines = [
        ("state", "state"),
        ("mode", "mode"),
        ("field", "field"),
        ("category", "category"),
        ("route", "route"),
        ("event", "event"),
        ("made", "made"),
        ("expires", "expires"),
        ("erased", "erased"),
        ("realm", "realm"),
        ("person", "subject"),
    ];
    let mut out = String::new();
    for (label, name) in lines {
        if !text(answer, name).is_empty() {
            out += &format!("{label:<10} {}\n", text(answer, name));
        }
    }
    let readers: Vec<&str> = list(answer, "opens_for").iter().filter_map(Value::as_str).collect();
    out + &format!("{:<10} {}\n", "opens for", if readers.is_empty() { "nobody".to_owned() } else { readers.join(", ") })
}

pub(super) fn erased(answer: &Value) -> String {
    let people = list(answer, "people");
    if people.is_empty() && is(answer, "already") {
        return one_erased(answer);
    }
    let mut out = if people.is_empty() { one_erased(answer) } else { String::new() };
    for one in people {
        let error = at(one, "error");
        let said = if error.is_null() {
            one_erased(one)
        } else {
            format!("not erased: {} [{}]\n", text(error, "message"), text(error, "code"))
        };
        out += &format!("line {}: {said}", number(one, "line"));
    }
    if number(answer, "failed") > 0 {
        out += &format!("{} of {} were not erased\n", number(answer, "failed"), people.len());
    }
    out += "make a new copy of the key store now: a restore needs its erasure list\n";
    let copies = list(answer, "copies_elsewhere");
    if !copies.is_empty() {
        out += "\nOut of reach here are copies in\n";
    }
    for system in copies {
        let keeps: Vec<String> =
            list(system, "keeps").iter().map(|keep| format!("{} for {}", text(keep, "what"), text(keep, "for"))).collect();
        let keeps = if keeps.is_empty() { String::new() } else { format!(": {}", keeps.join(", ")) };
        out += &format!("  {}{keeps}\n", text(system, "system"));
    }
    out
}

fn one_erased(answer: &Value) -> String {
    if is(answer, "already") {
        return "this person was erased before\n".to_owned();
    }
    let went = at(answer, "went");
    let mut out = format!(
        "erased: {}, {}, {}, {}, {}\n",
        counted(number(went, "records"), "record", "records"),
        counted(number(went, "index_rows"), "index row", "index rows"),
        counted(number(went, "bodies"), "waiting body", "waiting bodies"),
        counted(number(went, "deliveries"), "delivery", "deliveries"),
        counted(number(went, "answers"), "kept answer", "kept answers"),
    );
    if went.is_null() {
        out = "erased\n".to_owned();
    }
    if answer.get("scrubbed") == Some(&Value::Bool(false)) {
        out += "old sealed bytes stay in the write-ahead log until the next checkpoint: see `vestibule explain store.not_scrubbed`\n";
    }
    out
}

pub(super) fn backup(answer: &Value) -> String {
    let broken = match number(answer, "broken_leaf") {
        0 => String::new(),
        leaf => format!(
            "warning[log.broken]: the log in it does not verify at leaf {leaf}; restoring it takes `--with-broken-log` too\n"
        ),
    };
    broken
        + &format!(
            "{}: {} bytes of database as of {}, checked, then encrypted\n\
         state {}\nlog head {}\n\n\
         The key store is not in it, and must never lie beside it: without a copy of the key store nobody can read this backup.\n",
            text(answer, "file"),
            number(answer, "bytes"),
            text(answer, "made"),
            text(answer, "digest"),
            text(answer, "head"),
        )
}

pub(super) fn restore(answer: &Value) -> String {
    let mut out = format!(
        "restored the database as of {} to {}\nstate {}\n",
        text(answer, "made"),
        text(answer, "database"),
        text(answer, "digest"),
    );
    let again = number(answer, "erased_again");
    let were = if again == 1 { "was" } else { "were" };
    out += &format!("{} erased since then {were} erased again\n", counted(again, "person", "people"));
    if is(answer, "gap_accepted") {
        out += "erasures may be missing: the key store was not newer than the backup, and that was accepted\n";
    }
    if !text(answer, "old_database").is_empty() {
        out += &format!("the database before is kept as {}: delete it when all is well\n", text(answer, "old_database"));
    }
    out += &format!("tokens are made under version {} from now on\n", number(answer, "token_version"));
    out + &standing(answer)
}

pub(super) fn accepted_gap(answer: &Value) -> String {
    let mut out = format!(
        "going on with {}: {} leaves of the log where {} were known, and that is in the log\n",
        text(answer, "database"),
        number(answer, "found"),
        number(answer, "known"),
    );
    out += &format!("{} people erased since then were erased again\n", number(answer, "erased_again"));
    out += &format!("tokens are made under version {} from now on\n", number(answer, "token_version"));
    out + &standing(answer)
}

/// The workflow keys of an older database.
fn standing(answer: &Value) -> String {
    match list(answer, "keys_that_stand") {
        [] => String::new(),
        keys => {
            let rows = super::keys::list_rows(keys);
            format!("\nThese workflow keys stand. Revoke again what was revoked since then.\n{rows}")
        }
    }
}

pub(super) fn three(answer: &Value) -> String {
    let mut out = "What the platform sees".to_owned();
    if !text(answer, "workflow").is_empty() {
        out += &format!(" (`{}`; tokens here are samples)", text(answer, "workflow"));
    }
    out.push('\n');
    out += &if is(answer, "ignored") {
        "  nothing: a condition of the route (`when`) does not hold, so the event is ignored and nothing of it is kept\n"
            .to_owned()
    } else if is(answer, "held") {
        "  nothing yet: the event waits, because it holds values that no rule names\n".to_owned()
    } else {
        let note =
            if text(answer, "workflow").is_empty() { "  nothing yet: the route has no `deliver`; it would be\n" } else { "" };
        note.to_owned() + &indented(&crate::dev::indented(text(answer, "delivered").as_bytes()))
    };
    out += "\nWhat destinations can get\n";
    let destinations = list(answer, "destination");
    if is(answer, "ignored") {
        out += "  nothing\n";
    } else if destinations.is_empty() {
        out += "  nothing: no grant names the workflow of this route\n";
    }
    for call in destinations {
        let to = match text(call, "to") {
            "" => "nowhere: in test mode it is refused without `test_to`".to_owned(),
            to => format!("at {to}"),
        };
        out += &format!("  {} {}, {to}\n", text(call, "out"), text(call, "call"));
        for (place, values) in at(call, "may_get").as_object().into_iter().flatten() {
            let values: Vec<String> = values
                .as_array()
                .into_iter()
                .flatten()
                .map(|value| format!("{} ({})", at(value, "value"), text(value, "field")))
                .collect();
            let shown = if values.is_empty() { "nothing of this document".to_owned() } else { values.join(" or ") };
            out += &format!("    {place}: {shown}\n");
        }
    }
    out += "\nWhat the log holds\n";
    out + &format!("  {}", log::line(at(answer, "log")))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
