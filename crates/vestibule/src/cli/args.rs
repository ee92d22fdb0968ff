//! The arguments of every command, in the words of its help.
//!
//! No argument takes a name, an address or an id of a person: other users of the machine can see arguments.

use super::check::CheckArgs;
use super::explain::ExplainArgs;
use super::failure::Failure;
use super::scan::ScanArgs;
use super::serve::ServeArgs;
use crate::{bench, dev, ops};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Privacy gateway for no-code automations: people's data comes in, tokens go through, data goes out
#[derive(Parser)]
#[command(name = "vestibule", version, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Try everything on this machine, without any setup
    Dev(dev::DevArgs),
    /// Write a configuration that runs, the key store, and a recovery kit
    Init(Init),
    /// Run the gateway
    Serve(ServeArgs),
    /// Find the faults of a configuration
    Check(CheckArgs),
    /// Audit scenarios, Zaps and workflows for credentials, open doors and personal data
    Scan(ScanArgs),
    /// Say more about an error code
    Explain(ExplainArgs),
    /// Show counts, refusals with their reasons, and how old keys are
    Status(At),
    /// Show what platform, destination and log would get of a document
    Try(Try),
    /// Say what a token stands for, without its value
    Whois(Whois),
    /// Make, list and revoke workflow keys
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Rotate keys while the gateway runs
    Rotate(Rotate),
    /// List, send again or throw away deliveries that were given up
    Dead {
        #[command(subcommand)]
        command: DeadCommand,
    },
    /// List, let go on or drop events that wait for their owner
    Held {
        #[command(subcommand)]
        command: HeldCommand,
    },
    /// Erase a person
    Subject {
        #[command(subcommand)]
        command: SubjectCommand,
    },
    /// Write an encrypted copy of the database
    Backup(Backup),
    /// Put a backup in the place of the database, while no gateway runs
    Restore(Restore),
    /// Check or read the audit log
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Measure the gateway against nginx and plain SQLite on this machine
    Bench(bench::Args),
}

/// Which gateway.
#[derive(Args)]
pub(super) struct At {
    /// The configuration of the gateway
    #[arg(long, value_name = "FILE", default_value = "vestibule.toml")]
    pub(super) config: PathBuf,
}

#[derive(Args)]
pub(super) struct Init {
    /// The folder to fill; nothing in it is overwritten
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,
}

#[derive(Args)]
pub(super) struct Try {
    /// The route in, by its name in the configuration
    pub(super) route: String,
    /// The JSON document; `-` reads standard input
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Args)]
pub(super) struct Whois {
    /// The token; without it, one line of standard input
    pub(super) token: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Make a key for a workflow; it is shown once
    Create(KeysCreate),
    /// List keys, without their secrets
    List(At),
    /// Revoke a key; it opens nothing from then on
    Revoke {
        /// The public id, ten characters; of a whole key, the id in it is taken
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Show what our deliveries to a platform are signed with
    Signing {
        /// The route in, by its name in the configuration
        route: String,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args)]
pub(super) struct KeysCreate {
    /// The workflow, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    pub(super) workflow: String,
    /// A key of the trial: it opens test tokens only and reaches test destinations only
    #[arg(long)]
    pub(super) test: bool,
    /// Days for which it works
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = whole::<u32>(1..=i64::from(ops::keys::MOST_DAYS)))]
    pub(super) days: u32,
    /// Mail address of whoever answers for it; else the workflow's owner
    #[arg(long, value_name = "MAIL")]
    pub(super) owner: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Args)]
pub(super) struct Rotate {
    /// `all`, `root`, or one of: epoch, token, index-inner, index-outer, audit, authority, fingerprint, replay, api-key,
    /// salt, delivery
    pub(super) kind: String,
    /// With `root`: the file of the new root key; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(super) new_root: Option<PathBuf>,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Subcommand)]
pub(super) enum DeadCommand {
    /// List them
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        at: At,
    },
    /// Send them again; receivers see the same event id
    Redeliver {
        #[command(flatten)]
        filter: Filter,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        at: At,
    },
    /// Throw them away for good; which ones must be said
    Discard {
        #[command(flatten)]
        filter: Filter,
        /// All of them
        #[arg(long, conflicts_with_all = ["id", "route", "workflow", "reason", "from", "to"])]
        all: bool,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        at: At,
    },
    /// Let a route deliver again that its platform had declared gone
    Enable {
        /// The route in, by its name in the configuration
        route: String,
        #[command(flatten)]
        at: At,
    },
}

/// Which dead letters; all that is given must fit.
#[derive(Args)]
pub(super) struct Filter {
    /// The number of one of them
    #[arg(long, value_name = "N", value_parser = whole::<i64>(1..=i64::MAX))]
    id: Option<i64>,
    /// Of this route in
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// For this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Given up for this reason
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Given up at this moment or later, such as 2026-11-22T10:15:30Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Given up before this moment
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl Filter {
    /// Whether it leaves nothing out.
    pub(super) fn is_empty(&self) -> bool {
        let Filter { id, route, workflow, reason, from, to } = self;
        id.is_none() && [route, workflow, reason, from, to].into_iter().all(Option::is_none)
    }

    /// The filter as the operation takes it.
    pub(super) fn store(self) -> Result<ops::dead::Filter, Failure> {
        Ok(ops::dead::Filter {
            id: self.id,
            route: self.route,
            workflow: self.workflow,
            reason: self.reason,
            from: self.from.as_deref().map(moment).transpose()?,
            to: self.to.as_deref().map(moment).transpose()?,
        })
    }
}

/// Reads a whole number of this range, and says what it expected instead of what its reader stumbled over.
fn whole<T: TryFrom<i64>>(range: RangeInclusive<i64>) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse::<i64>().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match *range.end() {
            i64::MAX => "expected a number of the list, such as 3".to_owned(),
            end => format!("expected a whole number from {} to {end}", range.start()),
        })
    }
}

/// Milliseconds since 1970 of a written moment.
fn moment(text: &str) -> Result<i64, Failure> {
    let parsed = text.parse::<jiff::Timestamp>();
    parsed
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| Failure::new("cli.argument", format!("`{text}` is no moment such as `2026-11-22T10:15:30Z`")))
}

#[derive(Subcommand)]
pub(super) enum HeldCommand {
    /// List them
    List(At),
    /// Let one go on under the present rules; values that still have no rule are dropped
    Release {
        /// Its number in the list
        #[arg(value_parser = whole::<i64>(1..=i64::MAX))]
        event: i64,
        #[command(flatten)]
        at: At,
    },
    /// Drop what one of them holds
    Drop {
        /// Its number in the list
        #[arg(value_parser = whole::<i64>(1..=i64::MAX))]
        event: i64,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Subcommand)]
pub(super) enum SubjectCommand {
    /// Erase a person, by a token, or people by addresses or ids on standard input, one a line
    Erase(Erase),
}

#[derive(Args)]
pub(super) struct Erase {
    /// A token of the person
    #[arg(conflicts_with_all = ["realm", "mode", "id", "from"])]
    pub(super) token: Option<String>,
    /// The realm in which the person is known
    #[arg(long, value_name = "NAME")]
    pub(super) realm: Option<String>,
    /// Whether the person is of the trial or real
    #[arg(long, value_enum, value_name = "MODE")]
    pub(super) mode: Option<ModeArg>,
    /// Standard input holds the source's own ids, not e-mail addresses
    #[arg(long)]
    pub(super) id: bool,
    /// Whose id it is: the system that sends, or `in.NAME` for a route that names none; needed where several give ids
    #[arg(long, value_name = "SYSTEM", requires = "id")]
    pub(super) from: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
}

/// Test or live.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeArg {
    /// Made-up people
    Test,
    /// Real people
    Live,
}

#[derive(Args)]
pub(super) struct Backup {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(super) to: PathBuf,
    /// The age recipient; else the one in `backup-recipient` beside the configuration
    #[arg(long, value_name = "AGE1")]
    pub(super) recipient: Option<String>,
    /// Make it though the log does not verify; the log says so
    #[arg(long)]
    pub(super) with_broken_log: bool,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Args)]
pub(super) struct Restore {
    /// The backup
    pub(super) file: PathBuf,
    /// A file with the age identity, such as the recovery kit
    #[arg(long, value_name = "FILE")]
    pub(super) identity: PathBuf,
    /// Replace the database that is there; it is kept under another name
    #[arg(long)]
    pub(super) replace: bool,
    /// Accept that erasures since this moment, the backup's, may be missing
    #[arg(long, value_name = "TIME")]
    pub(super) accept_gap: Option<String>,
    /// Restore a backup whose log does not verify
    #[arg(long)]
    pub(super) with_broken_log: bool,
    #[command(flatten)]
    pub(super) at: At,
}

#[derive(Subcommand)]
pub(super) enum LogCommand {
    /// Check every entry, the chain, and the heads kept outside
    Verify {
        /// A head that was printed before and kept outside
        #[arg(long, value_name = "HEAD")]
        since: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Go on with the database that is there because the newest one is lost for good; no server may run
    AcceptGap(At),
    /// Print the newest entries
    Show {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole::<u32>(1..=i64::from(u32::MAX)))]
        last: u32,
        #[command(flatten)]
        at: At,
    },
}
