//! The checks, one file each, named after its id; page, bad and good fixture carry the same name.
//!
//! A check looks at one scenario graph and reports what it finds, each with a place, a reason and the exact replacement. It never sees
//! a platform's syntax, and it never prints a value.

mod report;

pub(crate) use report::fingerprint;
pub use report::{Context, Draft};

use crate::finding::{Confidence, Severity};
use crate::run::Seen;

/// Who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Persona {
    /// Who builds the scenario.
    Builder,
    /// Who answers for access and transport.
    Security,
    /// Who answers for personal data.
    Privacy,
}

impl Persona {
    /// The word of the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builder => "builder",
            Self::Security => "security",
            Self::Privacy => "privacy",
        }
    }
}

/// What a check is, for its page, for SARIF and for `--persona`.
#[derive(Debug)]
pub struct Meta {
    /// Public id, such as `hardcoded-credential`.
    pub id: &'static str,
    /// A title of a few words.
    pub title: &'static str,
    /// The severity it mostly has.
    pub severity: Severity,
    /// The confidence it mostly has.
    pub confidence: Confidence,
    /// Who can do something about it; a finding is shown to each of them.
    pub personas: &'static [Persona],
    /// What it looks for.
    pub what: &'static str,
    /// Why it matters, for somebody who does not program.
    pub why: &'static str,
    /// What to do, with an example before and after.
    pub remedy: &'static str,
    /// What it deliberately does not report.
    pub leaves_out: &'static str,
    /// The requirements it answers, such as `R40`.
    pub requirements: &'static [&'static str],
}

/// One check. Most look at one scenario; some compare all of a run.
pub trait Check: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// Looks at one scenario.
    fn look(&self, cx: &mut Context<'_, '_>);

    /// Looks at all scenarios of the run together, after each was looked at.
    fn compare(&self, seen: &[Seen], report: &mut dyn FnMut(crate::Finding)) {
        let _ = (seen, report);
    }
}

/// Every check, by id.
pub static ALL: &[&dyn Check] = &[];

/// The check with this id.
pub fn by_id(id: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.meta().id == id)
}
