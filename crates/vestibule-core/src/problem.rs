//! The catalogue of stable error codes: what happened in plain words, and what to change.
//!
//! One table for problem bodies (RFC 9457), `vestibule explain`, the reference page and configuration errors. A code is
//! never renamed and never used again for something else. An entry holds no value of anybody: errors name paths, offsets
//! and codes only. Rendering to JSON or text belongs to the binary.

mod config;
mod data_in;
mod data_out;
mod operation;
mod scan;

/// One entry of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stable code, `area.what`.
    pub code: &'static str,
    /// The HTTP status it is answered with; 0 where it never is an answer.
    pub status: u16,
    /// A few words, lower case.
    pub title: &'static str,
    /// What it means, in plain language.
    pub detail: &'static str,
    /// What to change, in the scenario, the configuration or on the machine.
    pub fix: &'static str,
    /// Whether the same call may succeed later without a change.
    pub retryable: bool,
    /// Who is told.
    pub audience: Audience,
}

/// Who can do something about a problem, and so is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The workflow that calls: in the answer.
    Caller,
    /// The owner of the route: in `status`, because the sender is a stranger who gets one uniform answer.
    Owner,
    /// Whoever runs the gateway: on the terminal and in the journal.
    Operator,
}

impl Audience {
    /// `caller`, `owner` or `operator`.
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Caller => "caller",
            Audience::Owner => "owner",
            Audience::Operator => "operator",
        }
    }
}

/// Every entry, in the order of the reference page.
pub fn all() -> impl Iterator<Item = &'static Problem> {
    [data_in::PROBLEMS, data_out::PROBLEMS, operation::PROBLEMS, scan::PROBLEMS, config::PROBLEMS].into_iter().flatten()
}

/// The entry with this code.
pub fn find(code: &str) -> Option<&'static Problem> {
    all().find(|problem| problem.code == code)
}

/// The code closest to a misspelt one, if one is close.
pub fn suggest(code: &str) -> Option<&'static str> {
    closest(code, all().map(|problem| problem.code))
}

/// Of `candidates` the one nearest to `word`, if it takes at most a third of the word's letters to get there. Swapping two
/// neighbours counts as one step.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 4);
    let ranked = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    ranked.filter(|(steps, _)| *steps <= limit).min_by_key(|(steps, _)| *steps).map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance over characters, case ignored.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut previous_b = None;
        for (j, &y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&above, j) + usize::from(x != y)).min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if previous_a == Some(y) && previous_b == Some(x) && j > 0 {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
            previous_b = Some(y);
        }
        before = above;
        above = row;
        previous_a = Some(x);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

/// Writes a table of the catalogue: `audience status "code" "title": "detail" => "fix"`, `again` where it is retryable.
macro_rules! problems {
    ($($audience:ident $status:literal $code:literal $title:literal: $detail:literal => $fix:literal $($again:ident)?;)*) => {
        &[$(crate::problem::Problem {
            code: $code, status: $status, title: $title, detail: $detail, fix: $fix,
            retryable: problems!(@retryable $($again)?),
            audience: crate::problem::Audience::$audience,
        }),*]
    };
    (@retryable again) => { true };
    (@retryable) => { false };
}
use problems;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_entry_is_whole_and_its_code_unique() {
        let mut seen = HashSet::new();
        for problem in all() {
            assert!(seen.insert(problem.code), "{} stands twice", problem.code);
            let (area, what) = problem.code.split_once('.').unwrap_or_default();
            let word =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(word(area) && word(what), "{}", problem.code);
            assert!(problem.status == 0 || (200..600).contains(&problem.status), "{}", problem.code);
            assert!(problem.title.len() <= 60 && !problem.title.ends_with('.'), "{}", problem.code);
            assert!(problem.detail.len() >= 20 && problem.detail.ends_with('.'), "{}", problem.code);
            assert!(problem.fix.len() >= 8 && problem.fix.ends_with('.'), "{}", problem.code);
        }
        assert!(seen.len() > 120, "{}", seen.len());
    }

    #[test]
    fn what_may_be_tried_again_says_so() {
        for problem in all().filter(|problem| matches!(problem.status, 429 | 503 | 504)) {
            assert!(problem.retryable, "{}", problem.code);
        }
        for problem in all().filter(|problem| matches!(problem.status, 401 | 403 | 404 | 413 | 422)) {
            assert!(!problem.retryable, "{}", problem.code);
        }
    }

    #[test]
    fn strangers_share_two_answers() {
        // Everything a stranger can cause before he is known is for the owner, never for the caller.
        for problem in all().filter(|problem| problem.code.starts_with("source.") || problem.code.starts_with("signature.")) {
            assert_eq!(problem.audience, Audience::Owner, "{}", problem.code);
        }
    }

    #[test]
    fn advice_names_what_helps() {
        for (code, words) in [
            ("deliver.gone", &["dead enable", "dead redeliver"] as &[&str]),
            ("body.too_large", &["of the route", "[limits]"]),
            ("grant.place", &["reveal_query", "reveal_path", "reveal_header", "in_text"]),
            ("key.not_bearer", &["Bearer vst_"]),
            ("token.other_mode", &["--test", "test_to"]),
            ("grant.no_test", &["test_to", "sandbox"]),
        ] {
            let fix = find(code).map_or("", |problem| problem.fix);
            assert!(words.iter().all(|word| fix.contains(word)), "{code}: {fix}");
        }
    }

    #[test]
    fn distances() {
        assert_eq!(distance("emial", "email"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(suggest("token.damagd"), Some("token.damaged"));
        assert_eq!(suggest("nothing.like_it_at_all"), None);
    }
}
