//! The arguments of `vestibule scan`, in the words of its help.

use std::path::PathBuf;

use vestibule_scan::check::Persona;
use vestibule_scan::{Confidence, Severity};

/// Arguments of `vestibule scan`.
#[derive(Debug, clap::Args)]
pub struct ScanArgs {
    /// Files and folders: exports of Make, n8n and Zapier, archives of them, settings, tables, mail; `-` reads standard input
    #[arg(required_unless_present = "account", conflicts_with = "account", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How the report looks
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the report to this file; text then has no colours
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave out findings that are less bad
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub min_severity: Option<SeverityArg>,
    /// Leave out findings that are less sure
    #[arg(long, value_enum, value_name = "CONFIDENCE")]
    pub min_confidence: Option<ConfidenceArg>,
    /// Show only what this person can do something about
    #[arg(long, value_enum, value_name = "WHO")]
    pub persona: Option<PersonaArg>,
    /// End with exit code 3 if a finding that is shown is at least this bad
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "medium")]
    pub fail_on: FailOn,
    /// Count only what is not in this file
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write everything that is found to this file, for `--baseline` later; the exit code is then 0
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Accept what this file lists, each with a reason and until a day
    #[arg(long, value_name = "FILE")]
    pub suppress: Option<PathBuf>,
    /// Where the gateway is or will be, such as https://gateway.example.com; remedies name it
    #[arg(long, value_name = "URL")]
    pub gateway: Option<String>,
    /// A platform zone in which scenarios may run, such as eu1.make.com; without one, any in the European Union
    #[arg(long = "zone", value_name = "ZONE")]
    pub zones: Vec<String>,
    /// Write the configuration that the scanned scenarios would need, with routes and grants, to this new file
    #[arg(long, value_name = "FILE")]
    pub fix_plan: Option<PathBuf>,
    /// Write each Make and n8n scenario with its HTTP steps behind the gateway to this new folder, with what has changed
    #[arg(long, value_name = "DIR", requires = "gateway")]
    pub rewire: Option<PathBuf>,
    /// Audit an account at Make or n8n instead of files, by its name in [scan.account.NAME] of the configuration
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Keep what was found of the account in the store of the gateway, and say what has changed since the last time
    #[arg(long, requires = "account", conflicts_with_all = ["baseline", "write_baseline"])]
    pub save: bool,
    /// Erase what the store keeps of the account instead of auditing it; also works for an account that is no longer configured
    #[arg(long, requires = "account", conflicts_with_all = ["save", "fix_plan", "rewire"])]
    pub forget: bool,
    /// The configuration that names the account
    #[arg(long, value_name = "FILE", default_value = "vestibule.toml")]
    pub config: PathBuf,
}

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people at a terminal
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code hosts and review tools
    Sarif,
    /// One page for people, with the flows drawn
    Html,
}

/// How bad, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SeverityArg {
    /// Everything
    Info,
    /// What weakens a protection
    Low,
    /// What exposes data under some circumstance
    Medium,
    /// What exposes data as it stands
    High,
    /// What gives access now
    Critical,
}

/// What ends with exit code 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Any finding
    Info,
    /// Low or worse
    Low,
    /// Medium or worse
    Medium,
    /// High or worse
    High,
    /// Critical
    Critical,
    /// No finding
    Never,
}

/// How sure, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ConfidenceArg {
    /// The name suggests it
    Low,
    /// Name and value suggest it
    Medium,
    /// The structure says it
    High,
}

/// Who reads the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PersonaArg {
    /// Who builds scenarios
    Builder,
    /// Who answers for access and transport
    Security,
    /// Who answers for personal data
    Privacy,
}

impl SeverityArg {
    /// The same, as the auditor has it.
    pub fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}

impl FailOn {
    /// The same, as the auditor has it.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Info => Some(Severity::Info),
            Self::Low => Some(Severity::Low),
            Self::Medium => Some(Severity::Medium),
            Self::High => Some(Severity::High),
            Self::Critical => Some(Severity::Critical),
            Self::Never => None,
        }
    }
}

impl ConfidenceArg {
    /// The same, as the auditor has it.
    pub fn confidence(self) -> Confidence {
        match self {
            Self::Low => Confidence::Low,
            Self::Medium => Confidence::Medium,
            Self::High => Confidence::High,
        }
    }
}

impl PersonaArg {
    /// The same, as the auditor has it.
    pub fn persona(self) -> Persona {
        match self {
            Self::Builder => Persona::Builder,
            Self::Security => Persona::Security,
            Self::Privacy => Persona::Privacy,
        }
    }
}
