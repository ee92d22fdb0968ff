//! What each finding looks like: the rendered text of its fixture, shown by `vestibule explain` and in the reference.
//!
//! The texts are compared with what the code renders by the test of the fixtures.

macro_rules! examples {
    ($($name:literal)*) => {
        &[$((concat!("config.", $name), include_str!(concat!("fixtures/", $name, ".txt")))),*]
    };
}

static EXAMPLES: &[(&str, &str)] = examples! {
    "bad_address"
    "bad_call"
    "bad_condition"
    "bad_derive"
    "bad_field_path"
    "bad_header"
    "bad_name"
    "bad_route"
    "bad_secret_ref"
    "bad_url"
    "bad_value"
    "duplicate_key"
    "erasure_window"
    "expired"
    "field_tie"
    "grant_tie"
    "hold_days"
    "keep_category"
    "keep_looks_personal"
    "keys_beside_database"
    "literal_secret"
    "missing_key"
    "not_indexable"
    "out_of_range"
    "plain_http"
    "plain_listener"
    "private_host"
    "root_in_env"
    "route_tie"
    "special_category"
    "static_key"
    "subject_path"
    "syntax"
    "test_is_live"
    "token_domain"
    "too_many"
    "unknown_category"
    "unknown_key"
    "unknown_system"
    "unknown_workflow"
    "weak_hmac"
    "wrong_type"
};

/// What the finding with this code looks like on the terminal; codes outside the configuration have none.
pub fn example(code: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}
