//! What a field's name says about the person: the category of `vestibule_core::category` that a mapped field belongs to.
//!
//! Only names are judged here, in seven languages, by their last words: `candidate_email` is an e-mail address, `emailTemplate` is
//! not. A bare `name` belongs to whatever stands around it: `candidate.name` is a person's, `file.name` is not, and a lone `name`
//! stays open until a field beside it shows that people are meant. Values are judged in [`values`].

pub mod values;

use std::sync::LazyLock;

use vestibule_core::category::{self, Category};

use crate::hash::{Map, Set};

/// What a name says.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The category.
    pub category: &'static Category,
    /// The name, with what stands around it, says it. Otherwise it says so only if the fields beside it are about people.
    pub sure: bool,
    /// The last words alone say it.
    pub alone: bool,
}

/// The category that the names on the way to a field suggest, outermost first, such as `["candidate", "email"]`.
pub fn category_of<S: AsRef<str>>(field: &[S]) -> Option<&'static Category> {
    read(field).filter(|reading| reading.sure).map(|reading| reading.category)
}

/// What the names on the way to a field say, outermost first.
pub fn read<S: AsRef<str>>(field: &[S]) -> Option<Reading> {
    let mut outer = field;
    while let Some((last, rest)) = outer.split_last() {
        let words = words(last.as_ref());
        match phrase(&words) {
            Phrase::Is { category, sure, before } => return judge(category, sure, before, rest),
            // `email.value` is called by what stands outside
            Phrase::Empty => outer = rest,
            Phrase::None => return None,
        }
    }
    None
}

fn judge<S: AsRef<str>>(category: &'static Category, sure: bool, before: &str, outer: &[S]) -> Option<Reading> {
    let table = &*TABLE;
    if before.split(' ').next().is_some_and(|head| table.head.contains(head)) {
        return None;
    }
    // the address of a sender or recipient is one of mail
    const CORRESPONDENTS: [&str; 6] = ["from", "sender", "recipient", "recipients", "cc", "bcc"];
    let corresponds = |text: &str| text.split(' ').any(|word| CORRESPONDENTS.contains(&word));
    if category.alias == "address"
        && (corresponds(before) || outer.iter().rev().take(2).any(|name| corresponds(&words(name.as_ref()))))
    {
        return category::by_alias("email").map(|category| Reading { category, sure: true, alone: false });
    }
    let context = before.split(' ').rev().find_map(|word| table.context(word));
    let context = context.or_else(|| {
        // only the next two members tell whose field it is: further out stands what the whole message is about
        outer.iter().rev().take(2).find_map(|name| words(name.as_ref()).split(' ').rev().find_map(|word| table.context(word)))
    });
    let inside_firm = || {
        let nearest = outer.last().map(|name| words(name.as_ref())).unwrap_or_default();
        nearest.rsplit(' ').next().is_some_and(|word| table.firm.contains(word))
    };
    match (sure, context) {
        (true, _) => (!inside_firm()).then_some(Reading { category, sure: true, alone: true }),
        // a message to or of a user is in the first place a message
        (false, Some(Around::Person)) => Some(Reading { category, sure: category.alias != "notes", alone: false }),
        (false, Some(Around::Thing)) => None,
        (false, None) => Some(Reading { category, sure: false, alone: false }),
    }
}

enum Phrase<'w> {
    /// The last words name a category; `before` is what stands in front of them.
    Is { category: &'static Category, sure: bool, before: &'w str },
    /// Nothing but words that say nothing.
    Empty,
    /// It is about something else.
    None,
}

/// The longest phrase at the end, after the words that may follow one.
fn phrase(words: &str) -> Phrase<'_> {
    let table = &*TABLE;
    let mut rest = words;
    // enough for "email address of the candidate (private)"
    for _ in 0..6 {
        if rest.is_empty() {
            return Phrase::Empty;
        }
        let mut longest = None;
        let mut blanks = 0;
        for (at, _) in rest.bytes().enumerate().rev().filter(|(_, byte)| *byte == b' ').take(5) {
            blanks += 1;
            if blanks > 4 {
                break;
            }
            let (before, last) = (rest.get(..at), rest.get(at + 1..));
            if let (Some(before), Some(found)) = (before, last.and_then(|last| table.phrases.get(last))) {
                longest = Some((before, *found));
            }
        }
        if blanks < 5
            && let Some(found) = table.phrases.get(rest)
        {
            longest = Some(("", *found));
        }
        if let Some((before, (category, sure))) = longest {
            return Phrase::Is { category, sure, before };
        }
        let (before, last) = rest.rsplit_once(' ').unwrap_or(("", rest));
        if !table.tail.contains(last) && !last.bytes().all(|b| b.is_ascii_digit()) {
            return compound(last, before).unwrap_or(Phrase::None);
        }
        rest = before;
    }
    Phrase::None
}

/// German writes `Bewerbertelefonnummer`: long words count at the end of longer ones.
fn compound<'w>(word: &str, before: &'w str) -> Option<Phrase<'w>> {
    const ENDS: [&str; 14] = [
        "vorname",
        "nachname",
        "telefonnummer",
        "handynummer",
        "mobilnummer",
        "geburtsdatum",
        "emailadresse",
        "mailadresse",
        "kontonummer",
        "anschreiben",
        "lebenslauf",
        "gehaltsvorstellung",
        "staatsangehorigkeit",
        "telefoonnummer",
    ];
    let end = ENDS.into_iter().find(|end| word.ends_with(end))?;
    let (category, sure) = *TABLE.phrases.get(end)?;
    Some(Phrase::Is { category, sure, before })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Person,
    Thing,
}

struct Table {
    phrases: Map<&'static str, (&'static Category, bool)>,
    person: Set<&'static str>,
    thing: Set<&'static str>,
    firm: Set<&'static str>,
    tail: Set<&'static str>,
    head: Set<&'static str>,
}

impl Table {
    fn context(&self, word: &str) -> Option<Around> {
        if self.person.contains(word) { Some(Around::Person) } else { self.thing.contains(word).then_some(Around::Thing) }
    }

    /// Lines that are not of the file's form are left out; a test holds that there is none.
    fn read(text: &'static str) -> Self {
        let mut table = Self {
            phrases: Map::default(),
            person: Set::default(),
            thing: Set::default(),
            firm: Set::default(),
            tail: Set::default(),
            head: Set::default(),
        };
        let entries = |cell: Option<&'static str>| {
            cell.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('|').map(str::trim);
            let key = cells.next().unwrap_or_default();
            let first = entries(cells.next());
            match key {
                "@person" => table.person.extend(first),
                "@thing" => table.thing.extend(first),
                "@firm" => table.firm.extend(first),
                "@tail" => table.tail.extend(first),
                "@head" => table.head.extend(first),
                alias => {
                    let Some(category) = category::by_alias(alias) else { continue };
                    table.phrases.extend(first.into_iter().map(|phrase| (phrase, (category, true))));
                    table.phrases.extend(entries(cells.next()).into_iter().map(|phrase| (phrase, (category, false))));
                }
            }
        }
        table
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("words.txt")));

/// A name as words: lower case, without accents, `camelCase`, `snake_case` and `kebab-case` taken apart by single blanks.
fn words(name: &str) -> String {
    // the end of a long question says what is asked
    const ENOUGH: usize = 160;
    let start = (name.len().saturating_sub(ENOUGH)..=name.len()).find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    let mut out = String::with_capacity(name.len().min(ENOUGH) + 8);
    let mut previous = ' ';
    let mut chars = name.get(start..).unwrap_or_default().chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            previous = ' ';
            continue;
        }
        let begins = c.is_uppercase()
            && (previous.is_lowercase() || (previous.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase())));
        let digit = c.is_ascii_digit() != previous.is_ascii_digit() && previous.is_alphanumeric();
        if (begins || digit) && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        fold(c, &mut out);
        previous = c;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Lower case without the accents of the seven languages.
fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase() {
        match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => out.push('a'),
            'ç' => out.push('c'),
            'è' | 'é' | 'ê' | 'ë' => out.push('e'),
            'ì' | 'í' | 'î' | 'ï' => out.push('i'),
            'ñ' => out.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => out.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ß' => out.push_str("ss"),
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            // accents written apart
            '\u{300}'..='\u{36f}' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn said(path: &str) -> Option<&'static str> {
        let field: Vec<&str> = path.split('.').collect();
        category_of(&field).map(|category| category.alias)
    }

    #[test]
    fn names_are_taken_apart() {
        for (name, expected) in [
            ("candidateEmail", "candidate email"),
            ("E-Mail-Adresse", "e mail adresse"),
            ("Prénom (légal)", "prenom legal"),
            ("CVUrl2", "cv url 2"),
            ("  first__name ", "first name"),
            ("Straße", "strasse"),
            ("", ""),
        ] {
            assert_eq!(words(name), expected);
        }
    }

    #[test]
    fn people_are_recognised_in_seven_languages() {
        for (path, alias) in [
            ("email", "email"),
            ("candidate.email", "email"),
            ("properties.email.value", "email"),
            ("What is your e-mail address?", "email"),
            ("E-Mail-Adresse", "email"),
            ("correo electrónico", "email"),
            ("Adresse e-mail du candidat", "email"),
            ("indirizzo email", "email"),
            ("e-mailadres", "email"),
            ("phoneNumber1", "phone"),
            ("Bewerbertelefonnummer", "phone"),
            ("firstName", "first_name"),
            ("prénom", "first_name"),
            ("apellidos", "last_name"),
            ("candidate.name", "name"),
            ("applicant_name", "name"),
            ("sender.name", "name"),
            ("Nome completo", "name"),
            ("date_of_birth", "date_of_birth"),
            ("Geburtsdatum", "date_of_birth"),
            ("salary_expectation", "salary"),
            ("Gehaltsvorstellung", "salary"),
            ("IBAN", "bank_account"),
            ("ssn", "national_id"),
            ("codiceFiscale", "tax_id"),
            ("resume", "file"),
            ("Lebenslauf", "file"),
            ("cover_letter", "cover_letter"),
            ("linkedin_url", "social_profile"),
            ("employee.address", "address"),
            ("from.value.address", "email"),
            ("disability_status", "disability"),
            ("Religionszugehörigkeit", "religion"),
            ("trade_union_membership", "union"),
            ("sick_note", "health"),
            ("criminal record", "criminal_record"),
        ] {
            assert_eq!(said(path), Some(alias), "{path}");
        }
    }

    #[test]
    fn other_things_are_not_people() {
        for path in [
            "name",
            "file.name",
            "company.name",
            "event.name",
            "channel.name",
            "fileName",
            "form_name",
            "contact form name",
            "emailTemplate",
            "email.subject",
            "email_body",
            "is_email_valid",
            "has_phone",
            "email_count",
            "sendEmail",
            "emailSent",
            "id",
            "title",
            "status",
            "race",
            "health",
            "health_check",
            "job.salary",
            "salary_range",
            "company.email",
            "address",
            "ip",
            "message",
            "phone_type",
            "resumed",
            "value",
            "",
            "user_agent",
            "candidate.id",
            "disabled",
            "wallet_address",
            "mail_merge",
            "$json",
        ] {
            assert_eq!(said(path), None, "{path}");
        }
        let open = read(&["name"]).unwrap();
        assert!(!open.sure && open.category.alias == "name");
    }

    #[test]
    fn every_line_of_the_table_is_a_category_and_no_phrase_stands_twice() {
        let mut seen = Set::default();
        for line in include_str!("words.txt").lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '@'])) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(cells.len() <= 3 && category::by_alias(cells[0]).is_some(), "{line}");
            for phrase in cells[1..].iter().flat_map(|cell| cell.split(',')).map(str::trim).filter(|phrase| !phrase.is_empty()) {
                assert_eq!(words(phrase), phrase, "as it is compared");
                assert!(phrase.split(' ').count() <= 5, "{phrase}");
                assert!(seen.insert(phrase), "{phrase} stands twice");
            }
        }
    }
}
