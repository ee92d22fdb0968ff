//! Categories of personal data: one static table with the rules that follow from a category.
//!
//! Keys follow the fideslang taxonomy (3.2) and extend it below its own nodes where recruiting and sales need finer words.
//! The table does not detect anything in text and does not decide who may see what.

/// One kind of personal data.
#[derive(Debug)]
pub struct Category {
    /// The stored number. Never changed, never used again for something else.
    pub code: u16,
    /// The fideslang key, for example `user.contact.email`.
    pub key: &'static str,
    /// The short word of the configuration, for example `email`.
    pub alias: &'static str,
    /// What the values are, in plain words.
    pub about: &'static str,
    /// The shape of its tokens.
    pub shape: Shape,
    /// Special data (GDPR Articles 9 and 10): never kept in the clear, never restored in the middle of a text.
    pub special: bool,
    /// Whether values differ enough between people for a blind index. Low-entropy categories never have one.
    pub indexable: bool,
    /// Whether the same value of the same subject gets the same token unless a rule says otherwise.
    pub stable_by_default: bool,
    /// The form in which two values are compared, `None` if the text is no value of the category.
    pub normalise: fn(&str) -> Option<String>,
}

/// How a token of a category looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The 33 characters alone.
    Opaque,
    /// The 33 characters, `@` and the token domain.
    Email,
}

/// Writes the table: `code "key" "alias" "what it is" normaliser [marks]`.
macro_rules! categories {
    ($($code:literal $key:literal $alias:literal $about:literal $normalise:ident [$($mark:ident)*];)*) => {
        &[$({
            #[allow(unused_mut, reason = "most categories have no mark")]
            let mut category = row($code, $key, $alias, $about, $normalise);
            $(categories!(@$mark category);)*
            category
        }),*]
    };
    (@special $category:ident) => { $category.special = true };
    (@indexed $category:ident) => { $category.indexable = true };
    (@stable $category:ident) => { $category.stable_by_default = true };
    (@mail $category:ident) => { $category.shape = Shape::Email };
}

/// Every category, by code.
pub static ALL: &[Category] = categories! {
    1 "user" "any" "personal data of no named kind" text [];
    2 "user.contact.email" "email" "e-mail address" email [indexed stable mail];
    3 "user.contact.phone_number" "phone" "telephone number" phone [indexed];
    4 "user.name" "name" "full name" text [];
    5 "user.name.first" "first_name" "given name" text [];
    6 "user.name.last" "last_name" "family name" text [];
    7 "user.contact.address" "address" "postal address as one text" text [];
    8 "user.contact.address.street" "street" "street and house number" text [];
    9 "user.contact.address.city" "city" "town of residence" text [];
    10 "user.contact.address.state" "state" "state or region of residence" text [];
    11 "user.contact.address.postal_code" "postcode" "postal code" text [];
    12 "user.contact.address.country" "country" "country of residence" text [];
    13 "user.demographic.date_of_birth" "date_of_birth" "date of birth" text [];
    14 "user.demographic.age_range" "age" "age or age range" text [];
    15 "user.demographic.gender" "gender" "gender, salutation or pronouns" text [];
    16 "user.demographic.marital_status" "marital_status" "marital status" text [];
    17 "user.demographic.citizenship_or_immigration_status" "nationality" "nationality, visa or work permit" text [];
    18 "user.demographic.race_ethnicity" "ethnicity" "race or ethnic origin" text [special];
    19 "user.demographic.religious_belief" "religion" "religious or philosophical belief" text [special];
    20 "user.demographic.political_opinion" "political_opinion" "political opinion" text [special];
    21 "user.demographic.union_membership" "union" "trade union membership" text [special];
    22 "user.demographic.sexual_orientation" "sexual_orientation" "sex life or sexual orientation" text [special];
    23 "user.health_and_medical" "health" "health data, sick notes, accommodations" text [special];
    24 "user.health_and_medical.disability" "disability" "disability" text [special];
    25 "user.biometrics" "biometric" "biometric data" text [special];
    26 "user.criminal_history" "criminal_record" "criminal record, background check" text [special];
    27 "user.employment.salary" "salary" "pay, present or wished for" text [];
    28 "user.financial.bank_account" "bank_account" "IBAN or account number" compact [indexed];
    29 "user.government_id.tax_id" "tax_id" "tax number" compact [indexed];
    30 "user.government_id.national_identification_number" "national_id" "national identity or social security number" compact [indexed];
    31 "user.government_id.passport_number" "passport" "passport number" compact [indexed];
    32 "user.government_id.drivers_license_number" "drivers_license" "driving licence number" compact [indexed];
    33 "user.content.self_image" "photo" "photograph of the person" text [];
    34 "user.content.private.file" "file" "file such as a CV, base64 or data URL" text [];
    35 "user.content.private.cover_letter" "cover_letter" "letter of application" text [];
    36 "user.content.private.notes" "notes" "free text about or by the person" text [];
    37 "user.contact.social_url" "social_profile" "link to a profile or personal site" exact [indexed];
    38 "user.employment.history" "job_history" "earlier employers and posts" text [];
    39 "user.employment.education" "education" "schools, degrees, marks" text [];
    40 "user.employment.references" "references" "people who vouch, and what they say" text [];
    41 "user.job_title" "job_title" "present job title" text [];
    42 "user.contact.organization" "company" "present employer or company" text [];
    43 "user.device.ip_address" "ip_address" "IP address" text [];
    44 "user.unique_id" "user_id" "identifier of the person in some system" exact [indexed stable];
    45 "user.account.username" "username" "account or handle" folded [indexed];
    46 "user.demographic.language" "language" "languages spoken" text [];
    47 "user.employment.evaluation" "evaluation" "scores, ratings, interview feedback" text [];
    48 "user.location" "location" "whereabouts" text [];
};

/// The category with this stored number.
pub fn by_code(code: u16) -> Option<&'static Category> {
    ALL.iter().find(|category| category.code == code)
}

/// The category with this alias, for example `email`.
pub fn by_alias(alias: &str) -> Option<&'static Category> {
    ALL.iter().find(|category| category.alias == alias)
}

/// The category with this fideslang key, for example `user.contact.email`.
pub fn by_key(key: &str) -> Option<&'static Category> {
    ALL.iter().find(|category| category.key == key)
}

/// The category a configuration names by alias or by key.
pub fn find(word: &str) -> Option<&'static Category> {
    by_alias(word).or_else(|| by_key(word))
}

/// The alias or key closest to a misspelt word, if one is close.
pub fn suggest(word: &str) -> Option<&'static str> {
    let aliases = ALL.iter().map(|category| category.alias);
    crate::problem::closest(word, aliases.chain(ALL.iter().map(|category| category.key)))
}

const fn row(
    code: u16,
    key: &'static str,
    alias: &'static str,
    about: &'static str,
    normalise: fn(&str) -> Option<String>,
) -> Category {
    Category {
        code,
        key,
        alias,
        about,
        shape: Shape::Opaque,
        special: false,
        indexable: false,
        stable_by_default: false,
        normalise,
    }
}

/// Text as it is, without white space around it.
fn exact(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn folded(value: &str) -> Option<String> {
    exact(value).map(|value| value.to_lowercase())
}

/// Lower case, runs of white space as one blank.
fn text(value: &str) -> Option<String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" ").to_lowercase())
}

/// Letters and digits only, upper case: identity numbers are written with and without blanks, dots and dashes.
fn compact(value: &str) -> Option<String> {
    let kept: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
    (!kept.is_empty()).then(|| kept.to_uppercase())
}

/// Trimmed and lower case. The part before `@` is folded too: no mail provider our users meet tells case apart there,
/// and two subjects for one person would be the worse error. Dots and `+tags` stay: providers differ.
fn email(value: &str) -> Option<String> {
    let value = value.trim();
    let (local, domain) = value.split_once('@')?;
    let plausible = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    plausible.then(|| value.to_lowercase())
}

/// Digits with a leading `+` where the text has one or begins with `00`; 5 to 15 digits (ITU-T E.164).
fn phone(value: &str) -> Option<String> {
    let value = value.trim();
    let value = value.strip_prefix("tel:").unwrap_or(value);
    if value.chars().any(|c| !(c.is_ascii_digit() || " +-./()\u{a0}".contains(c))) {
        return None;
    }
    // "+44 (0)20 …" is the same line as "+44 20 …"
    let value = if value.starts_with('+') { value.replace("(0)", "") } else { value.to_owned() };
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let (international, digits) = match digits.strip_prefix("00") {
        Some(rest) if !value.starts_with('+') => (true, rest),
        _ => (value.starts_with('+'), digits.as_str()),
    };
    (5..=15).contains(&digits.len()).then(|| if international { format!("+{digits}") } else { digits.to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_keys_and_aliases_are_unique_and_codes_are_dense() {
        let keys: HashSet<_> = ALL.iter().map(|c| c.key).collect();
        let aliases: HashSet<_> = ALL.iter().map(|c| c.alias).collect();
        assert_eq!((keys.len(), aliases.len()), (ALL.len(), ALL.len()));
        for (position, category) in ALL.iter().enumerate() {
            assert_eq!(usize::from(category.code), position + 1, "{}", category.alias);
            assert!(std::ptr::eq(find(category.key).unwrap(), category));
        }
    }

    #[test]
    fn low_entropy_and_special_categories_have_no_index() {
        for alias in ["gender", "nationality", "salary", "date_of_birth", "postcode", "country", "city", "age"] {
            assert!(!by_alias(alias).unwrap().indexable, "{alias}");
        }
        for category in ALL {
            assert!(!(category.special && category.indexable), "{}", category.alias);
            assert!(category.indexable || !category.stable_by_default, "{}", category.alias);
        }
    }

    #[test]
    fn the_same_person_written_differently_compares_equal() {
        let same = |alias: &str, values: &[&str]| {
            let category = by_alias(alias).unwrap();
            let forms: HashSet<_> = values.iter().map(|v| (category.normalise)(v).unwrap()).collect();
            assert_eq!(forms.len(), 1, "{alias}: {forms:?}");
        };
        same("email", &["Dana@Example.com", " dana@example.com\n"]);
        same("phone", &["+44 20 7946 0958", "0044 (20) 7946-0958", "+44 (0)20 7946 0958", "tel:+442079460958"]);
        same("bank_account", &["GB33 BUKB 2020 1555 5555 55", "gb33bukb20201555555555"]);
        same("name", &["Dana  Example", "dana example"]);
    }

    #[test]
    fn texts_that_are_no_value_have_no_normal_form() {
        let none = |alias: &str, value: &str| assert_eq!((by_alias(alias).unwrap().normalise)(value), None, "{value}");
        for value in ["", "dana", "@example.com", "dana@", "a@b@c", "da na@example.com"] {
            none("email", value);
        }
        for value in ["", "call me", "1234", "+1234567890123456", "+44 20 x"] {
            none("phone", value);
        }
        none("name", " \t");
    }

    #[test]
    fn misspelt_words_find_their_neighbour() {
        assert_eq!(suggest("emial"), Some("email"));
        assert_eq!(suggest("user.contact.emails"), Some("user.contact.email"));
        assert_eq!(suggest("zzzzzzzz"), None);
    }
}
