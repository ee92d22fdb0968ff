//! `vestibule bench`: the gateway against nginx and against plain SQLite, in
//! turn, in one run, on this machine. Every figure that matters is a ratio of
//! two figures of the same run; absolute figures are not comparable between
//! machines. Measures CPU time and throughput, not latency.
//!
//! Reading order: `run` (the run), `load` (the load), `gateway` and `nginx`
//! (the peers), `raw_store` (the SQL loop), `outcome` and `report`.

mod certs;
mod cpu;
mod error;
pub mod gateway;
mod hook;
mod load;
mod machine;
mod nginx;
mod outcome;
pub mod people;
mod process;
mod raw_store;
mod report;
mod requests;
mod run;
mod sink;
mod wire;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

pub use error::BenchError;
pub use requests::Signer;

use machine::Machine;
use outcome::Party;
use run::Plan;

/// Measure the gateway against nginx and plain SQLite on this machine.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
    /// Measured seconds of each party in each round
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Rounds; figures are medians over them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Measure one comparison only
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Only>,
    /// Put databases of the run below this folder instead of the system's
    /// temporary one; it must lie on a disk for figures of the store
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// One comparison, with the parties it needs.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Only {
    /// Calls, plain
    Egress,
    /// Calls, TLS to TLS
    EgressTls,
    /// Events, CPU against nginx
    Ingress,
    /// Events, throughput against plain SQLite
    Store,
}

impl Only {
    fn parties(self) -> &'static [Party] {
        match self {
            Self::Egress => &[Party::NginxDirect, Party::NginxProxy, Party::GatewayEgress],
            Self::EgressTls => &[Party::NginxTlsProxy, Party::GatewayEgressTls],
            Self::Ingress => &[Party::NginxDirect, Party::NginxProxy, Party::GatewayIngress],
            Self::Store => &[Party::GatewayIngress, Party::RawStore],
        }
    }
}

/// Runs the command. Exit codes: 0 measured, 1 failed, 3 the comparison is
/// invalid on this machine, 4 nginx is missing.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match measure(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // nothing is left to tell if standard error is closed
            let _ = writeln!(io::stderr(), "error[{}]: {error}", error.code());
            ExitCode::from(error.exit_code())
        }
    }
}

fn measure(args: &Args) -> Result<(), BenchError> {
    let nginx = run::nginx_program()?;
    let plan = Plan {
        parties: args.only.map_or(&Party::ALL[..], Only::parties).to_vec(),
        rounds: args.rounds,
        warm_up: Duration::from_secs(1),
        measured: Duration::from_secs(args.seconds.into()),
        parent: args.data.clone().unwrap_or_else(std::env::temp_dir),
        nginx,
    };
    let machine = Machine::read(&plan.parent, nginx::version(&plan.nginx));
    let outcome = run::run(&plan, &gateway::Own, &mut |line| {
        let _ = writeln!(io::stderr(), "{line}");
    })?;
    let out = &mut io::stdout().lock();
    if args.json {
        report::json(out, &plan, &outcome, &machine)?;
    } else {
        report::table(out, &plan, &outcome, &machine)?;
    }
    Ok(())
}
