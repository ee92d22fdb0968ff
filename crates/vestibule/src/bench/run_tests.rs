//! Whole runs with nginx standing in for the gateway: a stand-in that does what
//! is asked gives figures, one that does not is caught.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::cell::RefCell;

use super::*;

/// What the stand-in does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The backend gets something else than the values.
    Tokens,
    /// The backend gets another credential.
    Credential,
    /// Personal values of the answer come through.
    Answer,
}

/// nginx as a proxy in the gateway's place: its "tokens" are the values.
struct StandIn {
    fault: Fault,
    nginx: PathBuf,
    peers: RefCell<Vec<Nginx>>,
}

impl Gateways for StandIn {
    fn start(&self, scenario: Scenario<'_>, folder: &Path) -> Result<Running, BenchError> {
        let none = Certificates::new()?;
        let (role, backend, certificates) = match scenario {
            Scenario::Ingress => (Role::Backend, None, &none),
            Scenario::EgressPlain { backend } => (Role::Proxy, Some(backend), &none),
            Scenario::EgressTls { backend, certificates } => (Role::TlsProxy, Some(backend), certificates),
        };
        let peer = Nginx::start(&self.nginx, folder, role, backend, certificates)?;
        let addr = peer.addr();
        // the process that is measured; the proxy itself is kept beside it
        let child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn()?;
        self.peers.borrow_mut().push(peer);
        let values = |person| {
            let mut values = people::values(person);
            if self.fault == Fault::Tokens && person == 17 {
                values.swap(0, 1);
            }
            values
        };
        Ok(Running {
            process: crate::bench::process::Process::new(child),
            addr,
            path: "/out/ats/candidates".to_owned(),
            key: match self.fault {
                Fault::Credential => "another".to_owned(),
                _ => CREDENTIAL.to_owned(),
            },
            tokens: (0..people::PEOPLE).map(values).collect(),
            sign: Box::new(|_, _, _| "v1,none".to_owned()),
            check: match (self.fault, scenario) {
                (_, Scenario::Ingress) => Check::Accepted,
                (Fault::Answer, _) => Check::Protected,
                _ => Check::Unchanged,
            },
        })
    }
}

fn bench(fault: Fault, parties: &[Party]) -> Option<Result<Outcome, BenchError>> {
    let Ok(nginx) = nginx_program() else {
        println!("not run: nginx is not installed");
        return None;
    };
    let plan = Plan {
        parties: parties.to_vec(),
        rounds: 2,
        warm_up: Duration::from_millis(10),
        measured: Duration::from_millis(100),
        parent: std::env::temp_dir(),
        nginx: nginx.clone(),
    };
    let gateways = StandIn { fault, nginx, peers: RefCell::new(Vec::new()) };
    let mut lines = Vec::new();
    // how fast a busy machine is at this moment is no matter of a test
    let outcome = measure(&plan, &gateways, &mut |line| lines.push(line.to_owned()));
    if outcome.is_ok() {
        assert!(lines.len() >= parties.len() * 2, "{lines:?}");
    }
    Some(outcome)
}

fn failure(fault: Fault, parties: &[Party]) -> Option<BenchError> {
    match bench(fault, parties)? {
        Ok(_) => panic!("a gateway that does wrong was measured"),
        Err(error) => Some(error),
    }
}

#[test]
fn every_party_is_measured_in_every_round() {
    let Some(outcome) = bench(Fault::None, &Party::ALL) else {
        return;
    };
    let outcome = outcome.unwrap();
    for (party, samples) in outcome.samples() {
        assert_eq!(samples.len(), 2, "{party:?}");
        assert!(samples.iter().all(|sample| sample.count > 0), "{party:?}");
    }
    let cpu = outcome.median(Party::NginxProxy).unwrap().cpu_each;
    assert!((1.0..2_000.0).contains(&cpu), "{cpu}");
    assert!(outcome.ratios().iter().all(|ratio| ratio.value.is_some()));
}

#[test]
fn a_backend_without_real_values_ends_the_run() {
    for party in [Party::GatewayEgress, Party::GatewayEgressTls] {
        let Some(error) = failure(Fault::Tokens, &[party]) else {
            return;
        };
        let BenchError::WrongAtBackend { wrong, sent } = error else {
            panic!("{error}");
        };
        assert_eq!((wrong, sent), (1, CHECKED));
    }
}

#[test]
fn a_backend_with_another_credential_ends_the_run() {
    let error = failure(Fault::Credential, &[Party::GatewayEgress]);
    if let Some(error) = error {
        assert!(matches!(error, BenchError::WrongAtBackend { .. }), "{error}");
    }
}

#[test]
fn an_unprotected_answer_ends_the_run() {
    let error = failure(Fault::Answer, &[Party::GatewayEgress]);
    if let Some(error) = error {
        assert!(matches!(error, BenchError::WrongAnswer { .. }), "{error}");
    }
}

#[test]
fn a_starved_proxy_makes_the_run_invalid() {
    let outcome = |proxied| {
        let mut outcome = Outcome::new(&[Party::NginxDirect, Party::NginxProxy]);
        for (party, count) in [(Party::NginxDirect, 90_000), (Party::NginxProxy, proxied)] {
            outcome.add(party, Sample { count, elapsed: Duration::from_secs(1), cpu: Duration::from_secs(1) });
        }
        outcome
    };
    assert!(refuse_unfair(&outcome(30_000)).is_ok());
    let error = refuse_unfair(&outcome(29_999)).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("29999"));
}
