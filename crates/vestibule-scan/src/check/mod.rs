//! The checks, one file each, named after its id; page, bad and good fixture carry the same name.
//!
//! A check looks at one scenario graph and reports what it finds, each with a place, a reason and the exact replacement. It never sees
//! a platform's syntax, and it never prints a value.

mod credentials;
mod facts;
mod redirects_followed;
mod report;
mod words;

mod bypasses_gateway;
mod caller_controlled_url;
mod cleartext_http;
mod cleartext_http_private;
mod credential_in_pinned_data;
mod duplicate_member;
mod entry_protection_unknown;
mod get_entry_with_side_effects;
mod hardcoded_credential;
mod mailhook_entry;
mod missing_error_handling;
mod more_data_than_needed;
mod oauth_available;
mod person_named_connection;
mod personal_data_in_export;
mod personal_data_mapped;
mod personal_data_to_ai;
mod personal_data_to_native_module;
mod placeholder_left;
mod polling_plain_personal_data;
mod run_data_kept;
mod secret_url;
mod shared_connection;
mod special_category_mapped;
mod stale_scenario;
mod tls_verification_off;
mod unauthenticated_entry;
mod unknown_shape;
mod unreadable_file;
mod zone_outside_residency;

pub use facts::{Facts, Sent, StepFacts};
pub(crate) use report::fingerprint;
pub use report::{Context, Draft, Found};

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

/// Every check, the most urgent first.
pub static ALL: &[&dyn Check] = &[
    &hardcoded_credential::HardcodedCredential,
    &secret_url::SecretUrl,
    &credential_in_pinned_data::CredentialInPinnedData,
    &unauthenticated_entry::UnauthenticatedEntry,
    &caller_controlled_url::CallerControlledUrl,
    &tls_verification_off::TlsVerificationOff,
    &cleartext_http::CleartextHttp,
    &special_category_mapped::SpecialCategoryMapped,
    &personal_data_to_ai::PersonalDataToAi,
    &personal_data_to_native_module::PersonalDataToNativeModule,
    &personal_data_mapped::PersonalDataMapped,
    &more_data_than_needed::MoreDataThanNeeded,
    &personal_data_in_export::PersonalDataInExport,
    &run_data_kept::RunDataKept,
    &mailhook_entry::MailhookEntry,
    &entry_protection_unknown::EntryProtectionUnknown,
    &get_entry_with_side_effects::GetEntryWithSideEffects,
    &redirects_followed::RedirectsFollowed,
    &zone_outside_residency::ZoneOutsideResidency,
    &oauth_available::OauthAvailable,
    &person_named_connection::PersonNamedConnection,
    &shared_connection::SharedConnection,
    &polling_plain_personal_data::PollingPlainPersonalData,
    &stale_scenario::StaleScenario,
    &missing_error_handling::MissingErrorHandling,
    &bypasses_gateway::BypassesGateway,
    &cleartext_http_private::CleartextHttpPrivate,
    &placeholder_left::PlaceholderLeft,
    &unreadable_file::UnreadableFile,
    &unknown_shape::UnknownShape,
    &duplicate_member::DuplicateMember,
];

/// The check with this id.
pub fn by_id(id: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.meta().id == id)
}
