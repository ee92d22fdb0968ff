//! Whether a kept value is a person's: addresses, numbers and identities that show themselves, and values that fit what their name says.
//!
//! Precise rather than eager: an identity number counts by its check digits, by its exact form, or because its field is called so.
//! Addresses of roles (`info@`), of examples (`user@`) and our own tokens are not people.

use vestibule_core::category::{self, Category};

/// Longest text that is looked through; what stands behind is left unread.
const ENOUGH: usize = 64 * 1024;

/// Every category of personal data that a text shows by itself, with where it begins; in the order of the text for each kind.
pub fn show(text: &str, found: &mut dyn FnMut(&'static Category, usize)) {
    let text = text.get(..ENOUGH).unwrap_or(text);
    let mut tell = |alias: &str, at: usize| {
        if let Some(category) = category::by_alias(alias) {
            found(category, at);
        }
    };
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        if let Some((start, address)) = address_around(text, at)
            && is_person_address(address)
        {
            tell("email", start);
        }
    }
    for at in memchr::memchr_iter(b'+', text.as_bytes()) {
        if is_international_number(text, at) {
            tell("phone", at);
        }
    }
    identities(text, &mut tell);
}

/// Whether a value is what its name says it is, and no sample of its kind.
pub fn fits(category: &Category, value: &str) -> bool {
    let value = value.trim();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    if value.is_empty() || is_nothing(value) || value.contains("{{") || value.starts_with(['$', '<', '[', '{']) {
        return false;
    }
    match category.alias {
        "email" => memchr::memchr(b'@', value.as_bytes())
            .and_then(|at| address_around(value, at))
            .is_some_and(|(_, address)| is_person_address(address)),
        "phone" => {
            (7..=15).contains(&digits)
                && value.chars().all(|c| c.is_ascii_digit() || " +-./()\u{a0}".contains(c))
                && value.bytes().any(|b| b.is_ascii_digit() && Some(b) != value.bytes().find(u8::is_ascii_digit))
        }
        "name" | "first_name" | "last_name" => {
            digits == 0
                && (2..=60).contains(&value.chars().count())
                && value.chars().next().is_some_and(char::is_uppercase)
                && value.split_whitespace().count() <= 5
                && value.chars().all(|c| c.is_alphabetic() || " .'’-".contains(c))
        }
        "date_of_birth" => digits >= 4 && value.len() <= 40,
        "salary" | "age" => digits > 0,
        "bank_account" => iban_at(value).is_some() || digits >= 8,
        "national_id" | "tax_id" | "passport" | "drivers_license" => digits >= 5 && value.len() <= 40,
        "address" | "street" => letters >= 4 && value.len() >= 6,
        "postcode" => digits >= 3 && value.len() <= 12,
        "file" | "cover_letter" | "job_history" | "notes" => value.len() >= 20,
        "social_profile" => value.contains('/'),
        "photo" => value.contains('/') || value.len() > 100,
        _ => letters + digits >= 2,
    }
}

/// An address of an invented person: the domains that RFC 2606 keeps for examples.
pub fn is_example_address(text: &str) -> bool {
    let domain = text.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let top = domain.rsplit('.').next().unwrap_or_default();
    matches!(top, "example" | "test" | "invalid" | "localhost")
        || ["example.com", "example.org", "example.net"].iter().any(|name| domain.trim_end_matches('.').ends_with(name))
}

/// Whether the text is the address of one person, rather than of a role, an example or a token of ours.
pub fn is_person_address(address: &str) -> bool {
    /// Before the `@`: roles, and what stands in documentation.
    const NOBODY: [&str; 62] = [
        "info",
        "contact",
        "kontakt",
        "hello",
        "hi",
        "office",
        "mail",
        "email",
        "e-mail",
        "admin",
        "administrator",
        "support",
        "help",
        "service",
        "sales",
        "marketing",
        "team",
        "jobs",
        "job",
        "hr",
        "career",
        "careers",
        "karriere",
        "bewerbung",
        "recruiting",
        "recruitment",
        "talent",
        "people",
        "press",
        "news",
        "newsletter",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "notifications",
        "notification",
        "alerts",
        "billing",
        "invoice",
        "finance",
        "accounting",
        "legal",
        "privacy",
        "security",
        "postmaster",
        "webmaster",
        "root",
        "bot",
        "test",
        "tester",
        "user",
        "username",
        "you",
        "your",
        "name",
        "someone",
        "sample",
        "example",
        "foo",
        "bar",
        "recipient",
    ];
    /// Behind the `@`: domains nobody has.
    const NOWHERE: [&str; 10] = [
        "yourdomain.com",
        "your-domain.com",
        "yourcompany.com",
        "your-company.com",
        "domain.com",
        "mydomain.com",
        "company.com",
        "email.com",
        "test.com",
        "mail.com",
    ];
    let lower = address.to_ascii_lowercase();
    let Some((local, domain)) = lower.split_once('@') else {
        return false;
    };
    let role = local.split(['+', '.', '_']).next().unwrap_or(local);
    let sample =
        ["your", "my-", "john.doe", "johndoe", "jane.doe", "janedoe", "user@", "test"].iter().any(|said| local.starts_with(said));
    let token = local.len() == 33 && local.starts_with("vt1");
    !NOBODY.contains(&local)
        && !NOBODY.contains(&role)
        && !sample
        && !token
        && !NOWHERE.contains(&domain)
        && !domain.contains("gserviceaccount.com")
        && !domain.contains("calendar.google.com")
}

/// The address around an `@`: where it begins and its text.
fn address_around(text: &str, at: usize) -> Option<(usize, &str)> {
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-'".contains(b);
    let domain = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let bytes = text.as_bytes();
    let start = at - bytes.get(..at)?.iter().rev().take(64).take_while(|b| local(b)).count();
    let end = at + 1 + bytes.get(at + 1..)?.iter().take(255).take_while(|b| domain(b)).count();
    let address = text.get(start..end)?.trim_end_matches(['.', '-']);
    let address = address.trim_start_matches(['.', '\'', '-', '%', '+']);
    let (before, host) = address.split_once('@')?;
    let (name, top) = host.rsplit_once('.')?;
    let file =
        ["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "json"].iter().any(|ending| top.eq_ignore_ascii_case(ending));
    let plausible = !before.is_empty()
        && !name.is_empty()
        && !name.starts_with('.')
        && (2..=18).contains(&top.len())
        && top.bytes().all(|b| b.is_ascii_alphabetic())
        && before.bytes().any(|b| b.is_ascii_alphanumeric())
        && !file;
    // `https://user@host` is no mail address
    let userinfo = text.get(..start).is_some_and(|before| before.ends_with("//") || before.ends_with(':'));
    (plausible && !userinfo).then_some((start, address))
}

/// `+`, a country, and together 9 to 15 digits in groups.
fn is_international_number(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    if at > 0 && bytes.get(at - 1).is_some_and(|b| b.is_ascii_alphanumeric() || b"+.=%/".contains(b)) {
        return false;
    }
    let mut digits = 0;
    let mut end = at + 1;
    let mut gap = 0;
    for b in bytes.get(at + 1..).unwrap_or_default().iter().take(24) {
        match b {
            b'0' if digits == 0 => return false,
            b'0'..=b'9' => (digits, gap) = (digits + 1, 0),
            b' ' | b'-' | b'(' | b')' | b'.' if gap < 2 => gap += 1,
            _ => break,
        }
        end += 1;
    }
    let more = bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric());
    (9..=15).contains(&digits) && !more
}

/// Identities that carry their own check: IBAN, US social security, French and Italian identity numbers.
fn identities(text: &str, tell: &mut dyn FnMut(&str, usize)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        if !b.is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
        if let Some(length) = iban_at(rest) {
            tell("bank_account", at);
            at += length;
            continue;
        }
        let token = rest.get(..word).unwrap_or_default();
        if is_us_social(token) || is_french_social(token) || is_italian_fiscal(token) {
            tell("national_id", at);
        }
        at += word.max(1);
    }
}

/// How many bytes an IBAN at the beginning of the text takes.
fn iban_at(text: &str) -> Option<usize> {
    const LENGTHS: [(&str, usize); 36] = [
        ("AD", 24),
        ("AT", 20),
        ("BE", 16),
        ("BG", 22),
        ("CH", 21),
        ("CY", 28),
        ("CZ", 24),
        ("DE", 22),
        ("DK", 18),
        ("EE", 20),
        ("ES", 24),
        ("FI", 18),
        ("FR", 27),
        ("GB", 22),
        ("GR", 27),
        ("HR", 21),
        ("HU", 28),
        ("IE", 22),
        ("IS", 26),
        ("IT", 27),
        ("LI", 21),
        ("LT", 20),
        ("LU", 20),
        ("LV", 21),
        ("MC", 27),
        ("MT", 31),
        ("NL", 18),
        ("NO", 15),
        ("PL", 28),
        ("PT", 25),
        ("RO", 24),
        ("SE", 24),
        ("SI", 19),
        ("SK", 24),
        ("SM", 27),
        ("TR", 26),
    ];
    let country = text.get(..2)?;
    let (_, length) = LENGTHS.iter().find(|(name, _)| *name == country)?;
    let mut letters = Vec::with_capacity(*length);
    let mut used = 0;
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'0'..=b'9' => letters.push(b),
            b' ' if !letters.is_empty() && letters.len() % 4 == 0 => {}
            _ => break,
        }
        used += 1;
        if letters.len() == *length {
            break;
        }
    }
    let more = text.as_bytes().get(used).is_some_and(u8::is_ascii_alphanumeric);
    if letters.len() != *length || more {
        return None;
    }
    let (head, body) = letters.split_at_checked(4)?;
    let remainder = body.iter().chain(head).fold(0u32, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    });
    (remainder == 1).then_some(used)
}

/// `219-09-9999` as the Social Security Administration issues it.
fn is_us_social(token: &str) -> bool {
    let mut parts = token.split('-');
    let (Some(area), Some(group), Some(serial), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    digits(area, 3)
        && digits(group, 2)
        && digits(serial, 4)
        && !matches!(area, "000" | "666" | "123")
        && area < "900"
        && group != "00"
        && serial != "0000"
}

/// Thirteen digits and a key, as INSEE builds it.
fn is_french_social(token: &str) -> bool {
    if token.len() != 15 || !token.bytes().all(|b| b.is_ascii_digit()) || !token.starts_with(['1', '2']) {
        return false;
    }
    let month = token.get(3..5).and_then(|month| month.parse::<u8>().ok()).unwrap_or_default();
    let (number, key) =
        (token.get(..13).and_then(|text| text.parse::<u64>().ok()), token.get(13..).and_then(|text| text.parse::<u64>().ok()));
    matches!((number, key), (Some(number), Some(key)) if (1..=12).contains(&month) && key == 97 - number % 97)
}

/// Codice fiscale with its check letter.
fn is_italian_fiscal(token: &str) -> bool {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let bytes = token.as_bytes();
    let form = b"AAAAAA00A00A000A";
    let fits = bytes.len() == form.len()
        && bytes.iter().zip(form).all(|(b, form)| if *form == b'A' { b.is_ascii_uppercase() } else { b.is_ascii_digit() });
    let value = |b: &u8| if b.is_ascii_digit() { b - b'0' } else { b.wrapping_sub(b'A') };
    let sum: u32 = bytes
        .iter()
        .take(15)
        .enumerate()
        .map(|(at, b)| match at % 2 {
            0 => ODD.get(usize::from(value(b))).copied().unwrap_or_default(),
            _ => u32::from(value(b)),
        })
        .sum();
    fits && bytes.last().is_some_and(|b| u32::from(value(b)) == sum % 26)
}

/// Words that stand where nothing was given.
fn is_nothing(value: &str) -> bool {
    ["null", "none", "n/a", "na", "undefined", "true", "false", "string", "test", "-", "unknown", "empty"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shown(text: &str) -> Vec<&'static str> {
        let mut all = Vec::new();
        show(text, &mut |category, _| all.push(category.alias));
        all
    }

    #[test]
    fn values_show_themselves() {
        assert_eq!(shown("Write to mira.sand@example.org or call +49 170 555 0199."), ["email", "phone"]);
        assert_eq!(shown("IBAN DE89 3704 0044 0532 0130 00, thanks"), ["bank_account"]);
        assert_eq!(shown("GB82WEST12345698765432"), ["bank_account"]);
        assert_eq!(shown("ssn 219-09-9999"), ["national_id"]);
        assert_eq!(shown("RSSMRA85T10A562S"), ["national_id"]);
        assert_eq!(shown("255081416802538"), ["national_id"]);
    }

    #[test]
    fn near_misses_do_not() {
        for text in [
            "info@acme.example",
            "no-reply@example.org",
            "user@example.com",
            "your.name@company.com",
            "icon@2x.png",
            "https://bot@example.org",
            "a @ b",
            "2026-11-22",
            "1+49170555019",
            "+0491705550199",
            "12+3",
            "DE89370400440532013001",
            "000-12-3456",
            "219-9-9999",
            "RSSMRA85T10A562T",
            "255081416802539",
            "{{1.email}}",
            "v@",
            "@x.org",
            "vt1abcdefghijklmnopqrstuvwxyz0123@token.invalid",
            "ä@",
            "",
        ] {
            assert_eq!(shown(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn a_value_fits_its_name_or_not() {
        let fit = |alias, value| fits(category::by_alias(alias).unwrap(), value);
        for (alias, value) in [
            ("email", "mira.sand@example.org"),
            ("phone", "0170 5550199"),
            ("name", "Mira Sand"),
            ("first_name", "José"),
            ("date_of_birth", "1990-02-01"),
            ("national_id", "12 345678 A 123"),
            ("bank_account", "DE89370400440532013000"),
            ("disability", "Yes, hearing"),
            ("salary", "62,000 EUR"),
        ] {
            assert!(fit(alias, value), "{alias} {value}");
        }
        for (alias, value) in [
            ("email", "none"),
            ("email", "support@acme.example"),
            ("phone", "call me"),
            ("phone", "0000000"),
            ("name", "{{name}}"),
            ("name", "user_42"),
            ("first_name", "string"),
            ("salary", "negotiable"),
            ("disability", "false"),
            ("national_id", "yes"),
        ] {
            assert!(!fit(alias, value), "{alias} {value}");
        }
    }

    #[test]
    fn example_domains_are_known() {
        assert!(
            is_example_address("mira@example.org")
                && is_example_address("mira@mail.example.com")
                && is_example_address("a@b.test")
        );
        assert!(!is_example_address("mira@acme.io"));
    }
}
