//! Which member names may be shown and passed on although no rule names them.
//!
//! A name that no rule names is data like any value: `{"Dana Smith": true}` and `{"dana@example.com": {…}}` tell as much as
//! `{"name": "Dana Smith"}`. So a name passes only if it is an identifier made of generic field words: first name, e-mail address and
//! mark all fail because no word list holds them. The list deliberately has no given names, family names, places, companies,
//! nationalities or diseases, and no free words beyond what forms, applicant tracking systems and webhooks call their fields.

use std::collections::HashSet;
use std::sync::LazyLock;

/// One word a line, lower case, sorted.
static WORDS: &str = include_str!("names.txt");

/// More words than this make a sentence, not a field name.
const MAX_WORDS: usize = 8;
const MAX_LENGTH: usize = 64;
/// Numbered fields and API versions have one to three digits; more of them are data.
const MAX_DIGITS: usize = 3;

/// Whether `name` is an identifier of known field words: split at `_` and `-`, at camelCase humps and at digits, of which there may be
/// three in all; in any case. One unknown word makes the whole name unknown.
pub fn is_known_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || name.len() > MAX_LENGTH || !name.bytes().all(allowed) {
        return false;
    }
    if let [letter] = name.as_bytes() {
        // one letter alone names nobody; letters in a row could spell a name
        return letter.is_ascii_alphabetic();
    }
    if name.bytes().filter(u8::is_ascii_digit).count() > MAX_DIGITS {
        return false;
    }
    let mut words = 0;
    for piece in name.split(|c: char| !c.is_ascii_alphabetic()).filter(|piece| !piece.is_empty()) {
        if is_word(piece) {
            words += 1;
            continue;
        }
        for hump in Humps(piece) {
            if !is_word(hump) {
                return false;
            }
            words += 1;
        }
    }
    (1..=MAX_WORDS).contains(&words)
}

/// Words of a camelCase identifier: `firstName`, `HTMLBody`, `utmSource`.
struct Humps<'n>(&'n str);

impl<'n> Iterator for Humps<'n> {
    type Item = &'n str;

    fn next(&mut self) -> Option<&'n str> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = self.0.as_bytes();
        let is_upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
        let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
        // a hump ends before an upper-case letter that follows a lower-case one, or that starts a capitalised word after an acronym
        let starts_hump = |at: &usize| is_upper(*at) && (is_lower(at - 1) || is_lower(at + 1));
        let end = (1..bytes.len()).find(starts_hump).unwrap_or(bytes.len());
        let (hump, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        Some(hump)
    }
}

fn is_word(word: &str) -> bool {
    static LIST: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| WORDS.lines().map(str::as_bytes).collect());
    let mut lower = [0; MAX_LENGTH];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    LIST.contains(&*lower)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;

    #[test]
    fn typical_field_names_pass() {
        let names = "id first_name lastName email emailAddress email_addresses phone_number phoneNumbers candidate_id applicantId \
            job_posting jobTitle answers question value ref utm_source utmCampaign created_at createdAt updated_at resume_url cover_letter \
            coverLetterText salary_expectation desiredSalary address_line_1 address2 street city zip postalCode country_code \
            date_of_birth start_date availableFrom linkedin_url website attachments file_name content_type mime-type custom_fields \
            customFields event_type eventId webhook_id timestamp metadata tags status stage source referrer consent_given gdprConsent \
            privacy_policy_accepted work_permit notice_period ipAddress user_agent form_id submissionId HTMLBody vorname nachname \
            geburtsdatum telefonnummer strasse plz prenom nom_de_famille adresse apellido correo_electronico voornaam achternaam cognome \
            indirizzo sobrenome telefone QUESTION_12 data is_internal hasReferral page_size request_id";
        let mut count = 0;
        for name in names.split_whitespace() {
            assert!(is_known_name(name), "{name}");
            count += 1;
        }
        assert!(count >= 60, "{count}");
    }

    #[test]
    fn data_does_not_pass() {
        for name in [
            "",
            "_",
            "-",
            "12",
            "Dana Smith",
            "DanaSmith",
            "dana_smith",
            "dana",
            "dana@example.com",
            "email.address",
            "first name",
            "mX4kQ9zT2bLw",
            "candidate_mX4kQ9zT2bLw",
            "4f9a1c2b3d4e",
            "abcdefabcdef",
            "id1234",
            "phone_0171",
            "order_1_2_34",
            "+491711234567",
            "e\u{43c}ail",
            "n\u{e4}me",
            "\u{ff49}d",
            "id\u{200b}",
            "müller",
            "Mueller",
            "Berlin",
            "acme",
            "gmail",
            "diabetes",
            "muslim",
            "german",
            "name name",
            "name\n",
            "id$",
            "a/b",
            "x.y",
            "John",
            "maria",
            "emailMaria",
            "user_john",
            "idid",
            "firstname_lastname_x7",
            "name_name_name_name_name_name_name_name_name",
            "vt17a8gfzjnr0er4trmx4rayy22trvwhv",
        ] {
            assert!(!is_known_name(name), "{name}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_holds_words_only() {
        let words: Vec<&str> = WORDS.lines().collect();
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(
            words.iter().all(|word| word.len() >= 2 && word.len() <= 24 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
        assert!((1_500..=4_500).contains(&words.len()), "{}", words.len());
    }

    #[test]
    fn random_marks_never_pass() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut state = 1_u64;
        let mut next = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % bound) as usize
        };
        for round in 0..100_000 {
            let letters = [62, 36, 26][round % 3];
            let mark: String = (0..12).map(|_| char::from(alphabet[next(letters)])).collect();
            let lower = mark.to_lowercase();
            let names = [mark.clone(), format!("email_{mark}"), format!("{mark}Name"), format!("field-{lower}-id"), lower];
            assert!(names.iter().all(|name| !is_known_name(name)), "{mark}");
        }
    }
}
