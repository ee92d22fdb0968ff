//! One run: starts the peers, checks that the gateway does its work, measures
//! every party in turn, round after round, and refuses an invalid comparison.
//! Prints nothing; progress goes to the caller.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::certs::Certificates;
use super::cpu;
use super::error::BenchError;
use super::gateway::{CREDENTIAL, Gateways, Running, Scenario};
use super::load::{Check, Sample, Timing, drive, send_each};
use super::nginx::{self, Nginx, Role};
use super::outcome::{Outcome, Party};
use super::people;
use super::process::Folder;
use super::raw_store;
use super::requests::{Calls, Events, Requests};
use super::sink::Sink;
use super::wire::Target;

/// Calls sent to the checking backend before anything is measured.
const CHECKED: usize = 32;
/// A plain proxy must reach this share of its own `return 200`.
const FAIR: f64 = 1.0 / 3.0;

/// What to measure, and for how long.
pub(super) struct Plan {
    pub(super) parties: Vec<Party>,
    pub(super) rounds: u32,
    pub(super) warm_up: Duration,
    pub(super) measured: Duration,
    /// Databases and configurations of the run go below this folder.
    pub(super) parent: PathBuf,
    pub(super) nginx: PathBuf,
}

/// Carries out a plan and refuses a comparison that says nothing. `progress` gets a line before each measurement.
pub(super) fn run(plan: &Plan, gateways: &dyn Gateways, progress: &mut dyn FnMut(&str)) -> Result<Outcome, BenchError> {
    let outcome = measure(plan, gateways, progress)?;
    refuse_unfair(&outcome)?;
    Ok(outcome)
}

/// Measures every party in every round, whatever the figures say.
fn measure(plan: &Plan, gateways: &dyn Gateways, progress: &mut dyn FnMut(&str)) -> Result<Outcome, BenchError> {
    let bench = Bench::start(plan, gateways)?;
    for party in [Party::GatewayEgress, Party::GatewayEgressTls] {
        if plan.parties.contains(&party) {
            progress(&format!("checking {}", party.label()));
            bench.check_backend_gets_values(party)?;
        }
    }
    let mut outcome = Outcome::new(&plan.parties);
    for round in 1..=plan.rounds {
        for party in &plan.parties {
            progress(&format!("round {round} of {}: {}", plan.rounds, party.label()));
            outcome.add(*party, bench.measure(*party)?);
        }
    }
    Ok(outcome)
}

/// A comparison with a proxy that is starved is no comparison.
fn refuse_unfair(outcome: &Outcome) -> Result<(), BenchError> {
    let rate = |party| outcome.median(party).map(|sample| sample.per_second);
    match (rate(Party::NginxProxy), rate(Party::NginxDirect)) {
        (Some(proxied), Some(direct)) if proxied < direct * FAIR => Err(BenchError::Invalid { proxied, direct }),
        _ => Ok(()),
    }
}

/// The peers of a run. nginx stays; each gateway and each database is new in
/// every round, so that all rounds begin alike.
struct Bench<'a> {
    plan: &'a Plan,
    gateways: &'a dyn Gateways,
    certificates: Certificates,
    backend: Nginx,
    proxy: Nginx,
    tls_backend: Nginx,
    tls_proxy: Nginx,
}

impl<'a> Bench<'a> {
    fn start(plan: &'a Plan, gateways: &'a dyn Gateways) -> Result<Self, BenchError> {
        let certificates = Certificates::new()?;
        let start = |role, to: Option<&Nginx>| {
            let to = to.map(Nginx::addr);
            Nginx::start(&plan.nginx, &plan.parent, role, to, &certificates)
        };
        let backend = start(Role::Backend, None)?;
        let proxy = start(Role::Proxy, Some(&backend))?;
        let tls_backend = start(Role::TlsBackend, None)?;
        let tls_proxy = start(Role::TlsProxy, Some(&tls_backend))?;
        Ok(Self { plan, gateways, certificates, backend, proxy, tls_backend, tls_proxy })
    }

    fn measure(&self, party: Party) -> Result<Sample, BenchError> {
        match party {
            Party::NginxDirect => self.nginx(party, &self.backend),
            Party::NginxProxy => self.nginx(party, &self.proxy),
            Party::NginxTlsProxy => self.nginx(party, &self.tls_proxy),
            Party::RawStore => {
                let folder = Folder::new(&self.plan.parent)?;
                raw_store::run(folder.path(), self.timing())
            }
            Party::GatewayEgress | Party::GatewayEgressTls => {
                let folder = Folder::new(&self.plan.parent)?;
                let running = self.egress(party, None, folder.path())?;
                let calls = calls(&running);
                self.drive(party, &running, calls)
            }
            Party::GatewayIngress => {
                let folder = Folder::new(&self.plan.parent)?;
                let mut running = self.gateways.start(Scenario::Ingress, folder.path())?;
                let sign = std::mem::replace(&mut running.sign, Box::new(|_, _, _| String::new()));
                let events = Events::new(running.addr, &running.path, sign);
                self.drive(party, &running, events)
            }
        }
    }

    fn drive(&self, party: Party, running: &Running, requests: impl Requests + 'static) -> Result<Sample, BenchError> {
        let target = self.target(party, running.addr)?;
        let used = || cpu::used(&running.pids());
        drive(&target, requests, running.check, self.timing(), used)
    }

    /// nginx gets the same call with real values, and a key to carry.
    fn nginx(&self, party: Party, nginx: &Nginx) -> Result<Sample, BenchError> {
        let rows: Vec<_> = (0..people::PEOPLE).map(people::values).collect();
        let calls = Calls::new(nginx.addr(), "/out/ats/candidates", CREDENTIAL, &rows);
        let target = self.target(party, nginx.addr())?;
        let used = || cpu::used(&nginx.pids());
        drive(&target, calls, Check::Unchanged, self.timing(), used)
    }

    /// Starts a gateway in front of nginx or of the checking backend.
    fn egress(&self, party: Party, sink: Option<&Sink>, folder: &Path) -> Result<Running, BenchError> {
        let scenario = if party == Party::GatewayEgressTls {
            Scenario::EgressTls { backend: sink.map_or(self.tls_backend.addr(), Sink::addr), certificates: &self.certificates }
        } else {
            Scenario::EgressPlain { backend: sink.map_or(self.backend.addr(), Sink::addr) }
        };
        self.gateways.start(scenario, folder)
    }

    fn check_backend_gets_values(&self, party: Party) -> Result<(), BenchError> {
        let tls = (party == Party::GatewayEgressTls).then(|| self.certificates.server()).transpose()?;
        let sink = Sink::start(tls)?;
        let folder = Folder::new(&self.plan.parent)?;
        let running = self.egress(party, Some(&sink), folder.path())?;
        let target = self.target(party, running.addr)?;
        send_each(&target, calls(&running), CHECKED, running.check)?;
        let received = sink.take();
        let credential = format!("Bearer {CREDENTIAL}");
        let right = received
            .iter()
            .zip(0..)
            .filter(|(request, person)| {
                request.body == people::call(&people::values(*person)) && request.credential.as_deref() == Some(&credential)
            })
            .count();
        if right == CHECKED && received.len() == CHECKED {
            return Ok(());
        }
        Err(BenchError::WrongAtBackend { wrong: CHECKED - right.min(CHECKED - 1), sent: CHECKED })
    }

    fn target(&self, party: Party, addr: std::net::SocketAddr) -> Result<Target, BenchError> {
        let tls = matches!(party, Party::NginxTlsProxy | Party::GatewayEgressTls);
        Ok(Target { party: party.label(), addr, tls: tls.then(|| self.certificates.client()).transpose()? })
    }

    fn timing(&self) -> Timing {
        Timing {
            warm_up: self.plan.warm_up,
            // every known person was seen once
            warm_up_requests: u64::from(people::PEOPLE),
            measured: self.plan.measured,
        }
    }
}

fn calls(running: &Running) -> Calls {
    Calls::new(running.addr, &running.path, &running.key, &running.tokens)
}

/// The program of the peers, or how to install it.
pub(super) fn nginx_program() -> Result<PathBuf, BenchError> {
    nginx::find()
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
