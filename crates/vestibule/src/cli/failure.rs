//! How a command fails: a code, words, what to do, and the exit code.
//!
//! Nothing here quotes a value that was given to the gateway.

use crate::app::LoadError;
use crate::gateway::GatewayError;
use crate::net::local::LocalError;
use crate::net::server::ServerError;
use crate::net::tls::TlsError;
use crate::ops::OpError;
use serde_json::json;
use vestibule_core::problem;
use vestibule_store::StoreError;

/// Refused, or failed.
pub const REFUSED: u8 = 1;
/// The command line is not understood, or a file it names cannot be read.
pub const USAGE: u8 = 2;
/// A check has found something.
pub const FINDINGS: u8 = 3;

/// Why a command ended without doing what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: String,
    /// What happened: lower case, no full stop.
    pub message: String,
    /// The exit code.
    pub exit: u8,
    /// Whether everything has been said already.
    pub told: bool,
}

impl Failure {
    /// A failure with words of its own.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Failure {
        let code = code.into();
        let exit = if matches!(code.as_str(), "cli.argument" | "cli.file" | "cli.no_config") { USAGE } else { REFUSED };
        Failure { code, message: message.into(), exit, told: false }
    }

    /// A failure that has printed its own report.
    pub fn told(exit: u8) -> Failure {
        Failure { code: String::new(), message: String::new(), exit, told: true }
    }

    /// The lines for people.
    pub fn render(&self) -> String {
        let help = self.fix().map_or_else(String::new, |fix| format!("\n  = help: {}", lower_first(fix)));
        format!("error[{}]: {}{help}", self.code, self.message)
    }

    /// The same for programs.
    pub fn json(&self) -> serde_json::Value {
        json!({ "error": { "code": self.code, "message": self.message, "fix": self.fix() } })
    }

    /// What to do, by the catalogue.
    pub fn fix(&self) -> Option<&'static str> {
        problem::find(&self.code).map(|entry| entry.fix)
    }
}

fn lower_first(text: &str) -> String {
    let text = text.strip_suffix('.').unwrap_or(text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !letters.clone().next().is_some_and(char::is_uppercase) => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Failure {
        Failure::new(error.code, error.message)
    }
}

/// An error of the trial: it says what the trial was doing, and one of its causes mostly has a code.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        let known = error.chain().find_map(known).unwrap_or_else(|| OpError::known("dev.failed").into());
        Failure { message: format!("{error:#}"), ..known }
    }
}

fn known(cause: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    let of = |code: &str| Some(Failure::new(code, String::new()));
    if let Some(error) = cause.downcast_ref::<OpError>() {
        of(error.code)
    } else if let Some(error) = cause.downcast_ref::<LoadError>() {
        of(error.code())
    } else if let Some(error) = cause.downcast_ref::<StoreError>() {
        of(error.code())
    } else if let Some(error) = cause.downcast_ref::<ServerError>() {
        of(&dotted(error.code(), "listen"))
    } else if let Some(error) = cause.downcast_ref::<TlsError>() {
        of(&dotted(error.code(), "tls"))
    } else if cause.is::<std::io::Error>() {
        of("cli.file")
    } else {
        None
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Failure {
        Failure::new(error.code(), error.to_string())
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Failure {
        Failure::new(dotted(error.code(), "local"), error.to_string())
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Failure {
        Failure::new(dotted(error.code(), "listen"), error.to_string())
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Failure {
        Failure::new(dotted(error.code(), "tls"), error.to_string())
    }
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Failure {
        match error {
            GatewayError::Server(error) => error.into(),
            GatewayError::Thread(error) => Failure::new("listen.thread", error.to_string()),
        }
    }
}

/// Codes of the network part stand in the catalogue under their area.
fn dotted(code: &str, area: &str) -> String {
    match code.strip_prefix(area).and_then(|rest| rest.strip_prefix('_')) {
        Some(rest) => format!("{area}.{rest}"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_to_do() {
        let failure = Failure::from(OpError::known("backup.recipient"));
        assert_eq!(
            failure.render(),
            "error[backup.recipient]: no backup recipient\n  = help: give a recipient that begins with `age1`; `age-keygen` makes one"
        );
        assert_eq!(failure.exit, REFUSED);
        assert_eq!(Failure::new("cli.argument", "x").exit, USAGE);
        assert_eq!(Failure::new("no.such", "x").render(), "error[no.such]: x");
    }

    #[test]
    fn an_error_of_the_trial_has_the_code_of_its_cause() {
        use anyhow::Context as _;
        let gone = std::fs::read("/nowhere/event.json").context("the event file `event.json` could not be read");
        let failure = Failure::from(gone.err().unwrap_or_else(|| anyhow::anyhow!("it is there")));
        assert_eq!((failure.code.as_str(), failure.exit), ("cli.file", USAGE));
        assert!(failure.message.starts_with("the event file `event.json` could not be read: "), "{}", failure.message);
        let of = |error: anyhow::Error| Failure::from(error.context("the trial")).code;
        assert_eq!(of(StoreError::InUse("keep".into()).into()), "store.in_use");
        assert_eq!(of(LoadError::Store(StoreError::Damaged).into()), "store.damaged");
        assert_eq!(of(OpError::known("body.too_large").into()), "body.too_large");
        assert_eq!(of(anyhow::anyhow!("something else")), "dev.failed");
    }

    #[test]
    fn codes_of_the_network_stand_in_the_catalogue() {
        for failure in [
            Failure::from(LocalError::Slow),
            Failure::from(LocalError::NoServer),
            Failure::from(ServerError::InUse { at: "[::1]:443".into() }),
        ] {
            assert!(problem::find(&failure.code).is_some(), "{}", failure.code);
        }
    }
}
