//! Suppressions: findings that somebody has decided to accept, with a reason and until a day.
//!
//! A suppression names a check and at least one thing more, so that nobody silences a check as a whole. It never hides that it exists:
//! what it covers stays in the report, and one that has expired or covers nothing is said. Reading the file is the caller's matter.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::finding::Finding;
use crate::output::Notice;

/// One entry of a suppression file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The id of the check.
    pub check: String,
    /// Only in this file.
    pub file: Option<String>,
    /// Only in this scenario, by its name.
    pub scenario: Option<String>,
    /// Only in this step, by its name.
    pub step: Option<String>,
    /// Only for the value with this mark.
    pub value: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Date,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// A finding that is accepted, and by whose words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Until when, `2027-01-31`.
    pub expires: String,
}

/// What became of the findings.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Nobody has accepted them.
    pub open: Vec<Finding>,
    /// Somebody has.
    pub suppressed: Vec<Suppressed>,
    /// What is to be said about the suppressions themselves.
    pub notices: Vec<Notice>,
}

/// Sorts the findings of a whole run by the suppressions that hold `today`. `name` is what the suppression file is called.
pub fn apply(findings: Vec<Finding>, suppressions: &[Suppression], today: Date, name: &str) -> Sorted {
    let mut by_check: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, suppression) in suppressions.iter().enumerate() {
        by_check.entry(&suppression.check).or_default().push(at);
    }
    let mut hits = vec![0_usize; suppressions.len()];
    let mut sorted = Sorted::default();
    for finding in findings {
        let mut accepted = None;
        for at in by_check.get(finding.check).into_iter().flatten() {
            let (Some(suppression), Some(hit)) = (suppressions.get(*at), hits.get_mut(*at)) else { continue };
            if suppression.covers(&finding) {
                *hit += 1;
                if suppression.expires >= today {
                    accepted = accepted.or(Some(suppression));
                }
            }
        }
        match accepted {
            None => sorted.open.push(finding),
            Some(suppression) => sorted.suppressed.push(Suppressed {
                finding,
                reason: suppression.reason.clone(),
                expires: suppression.expires.to_string(),
            }),
        }
    }
    sorted.notices = suppressions.iter().zip(hits).filter_map(|(entry, hits)| entry.notice(hits, today, name)).collect();
    sorted
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        self.check == finding.check
            && fits(&self.file, &finding.file)
            && fits(&self.scenario, &finding.scenario)
            && fits(&self.step, &finding.step)
            && fits(&self.value, finding.value.as_deref().unwrap_or_default())
    }

    fn notice(&self, hits: usize, today: Date, name: &str) -> Option<Notice> {
        let Self { check, line, expires, .. } = self;
        let expired = *expires < today;
        match (expired, hits) {
            (false, 0) => {
                let message = format!("the suppression of `{check}` at {name}:{line} covers nothing: remove it");
                Some(Notice::new("suppression-unused", message))
            }
            (true, 0) => {
                let message =
                    format!("the suppression of `{check}` at {name}:{line} expired on {expires} and covers nothing: remove it");
                Some(Notice::new("suppression-expired", message))
            }
            (true, hits) => {
                let findings = if hits == 1 { "1 finding counts".to_owned() } else { format!("{hits} findings count") };
                let message = format!("the suppression of `{check}` at {name}:{line} expired on {expires}: {findings} again");
                Some(Notice::new("suppression-expired", message))
            }
            (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    fn entry(check: &str, step: Option<&str>, value: Option<&str>, expires: &str) -> Suppression {
        Suppression {
            check: check.into(),
            file: None,
            scenario: None,
            step: step.map(str::to_owned),
            value: value.map(str::to_owned),
            reason: "a test account".into(),
            expires: expires.parse().unwrap(),
            line: 3,
        }
    }

    fn today() -> Date {
        "2026-11-22".parse().unwrap()
    }

    #[test]
    fn only_what_all_of_an_entry_says_is_covered() {
        let finding = samples::finding(0);
        let (step, mark) = (finding.step.clone(), finding.value.clone().unwrap());
        let of = |entry: Suppression| apply(vec![finding.clone()], &[entry], today(), "s.toml");
        let covered = of(entry(finding.check, Some(&step), Some(&mark), "2026-11-22"));
        assert_eq!((covered.open.len(), covered.suppressed.len(), covered.notices.len()), (0, 1, 0), "the last day still counts");
        assert_eq!(covered.suppressed[0].reason, "a test account");
        for other in [
            entry("other-check", Some(&step), None, "2027-01-01"),
            entry(finding.check, Some("Other"), None, "2027-01-01"),
            entry(finding.check, Some(&step), Some("ffffffff"), "2027-01-01"),
        ] {
            let sorted = of(other);
            assert_eq!((sorted.open.len(), sorted.notices[0].kind), (1, "suppression-unused"));
        }
    }

    #[test]
    fn what_has_expired_counts_again_and_is_said() {
        let finding = samples::finding(0);
        let sorted =
            apply(vec![finding.clone()], &[entry(finding.check, Some(&finding.step), None, "2026-11-21")], today(), "s.toml");
        assert_eq!(sorted.open, [finding]);
        assert_eq!(
            sorted.notices[0].message,
            "the suppression of `hardcoded-credential` at s.toml:3 expired on 2026-11-21: 1 finding counts again"
        );
    }
}
