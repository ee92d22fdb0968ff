//! The load: 64 keep-alive connections on one thread, each with one request
//! under way. Counts answers and ends the run at the first answer that is not
//! a success or, in the sample that is read, not what the party must give.
//! Does not measure latency.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};

use super::error::BenchError;
use super::people;
use super::requests::Requests;
use super::wire::{Answer, Connection, Target};

/// Connections, and so the most requests under way.
pub(super) const CONNECTIONS: usize = 64;
/// One answer in so many is read and checked on each connection.
const SAMPLE: u32 = 64;
/// How long the warm-up may last beyond its time to reach its requests, and a
/// checked answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a sampled answer must be.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// The backend's answer, byte for byte.
    Unchanged,
    /// None of the backend's 8 personal values, and every member that the rules keep.
    Protected,
    /// Any answer with a status of success.
    Accepted,
}

/// How long a load lasts.
#[derive(Clone, Copy)]
pub(super) struct Timing {
    pub(super) warm_up: Duration,
    /// The warm-up lasts until so many requests were answered.
    pub(super) warm_up_requests: u64,
    pub(super) measured: Duration,
}

/// What one measured part gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Requests answered, or rows committed.
    pub(super) count: u64,
    pub(super) elapsed: Duration,
    /// CPU time of the party under load.
    pub(super) cpu: Duration,
}

impl Sample {
    pub(super) fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }

    /// CPU microseconds for each request or row.
    pub(super) fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count as f64
    }
}

/// Drives a target and measures it. `cpu` reads the CPU time that the party
/// has used so far.
pub(super) fn drive(
    target: &Target,
    requests: impl Requests + 'static,
    check: Check,
    timing: Timing,
    cpu: impl Fn() -> Result<Duration, BenchError>,
) -> Result<Sample, BenchError> {
    in_one_thread(async {
        let shared = Rc::new(Shared { answered: Cell::new(0), stop: Cell::new(false), requests: RefCell::new(requests) });
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let connection = Connection::open(target).await?;
            connections.spawn_local(run(target.party, connection, Rc::clone(&shared), check));
        }
        let measured = tokio::select! {
            biased;
            failure = first_failure(&mut connections) => Err(failure),
            sample = measure(timing, || shared.answered.get(), cpu) => sample,
        };
        shared.stop.set(true);
        let sample = measured?;
        if sample.count == 0 {
            return Err(BenchError::Silent { party: target.party });
        }
        Ok(sample)
    })
}

/// Sends a few requests one after the other and hands over what came back.
pub(super) fn send_each(target: &Target, mut requests: impl Requests, count: usize, check: Check) -> Result<(), BenchError> {
    in_one_thread(async {
        let mut connection = Connection::open(target).await?;
        let mut request = Vec::new();
        for _ in 0..count {
            requests.next(&mut request);
            let answer = tokio::time::timeout(PATIENCE, connection.exchange(&request))
                .await
                .map_err(|_| BenchError::Silent { party: target.party })??;
            check.status(target.party, &answer)?;
            check.body(target.party, &answer)?;
        }
        Ok(())
    })
}

/// Warm-up and measured part of anything that counts.
pub(super) async fn measure(
    timing: Timing,
    count: impl Fn() -> u64,
    cpu: impl Fn() -> Result<Duration, BenchError>,
) -> Result<Sample, BenchError> {
    let begin = Instant::now();
    tokio::time::sleep(timing.warm_up).await;
    while count() < timing.warm_up_requests && begin.elapsed() < timing.warm_up + PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (counted, used, start) = (count(), cpu()?, Instant::now());
    tokio::time::sleep(timing.measured).await;
    // on a slow disk a short part may pass without one answer: it lasts until there is one
    while count() == counted && start.elapsed() < timing.measured + PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let elapsed = start.elapsed();
    Ok(Sample { count: count() - counted, cpu: cpu()?.saturating_sub(used), elapsed })
}

/// Runs a future, and the local tasks it starts, on this thread. Ctrl-C and the
/// signal to terminate end it with an error, so that peers are stopped and
/// folders removed on the way out.
pub(super) fn in_one_thread<T>(work: impl Future<Output = Result<T, BenchError>>) -> Result<T, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            done = work => done,
            _ = interrupt.recv() => Err(BenchError::Interrupted),
            _ = terminate.recv() => Err(BenchError::Interrupted),
        }
    })
}

struct Shared<R> {
    answered: Cell<u64>,
    stop: Cell<bool>,
    requests: RefCell<R>,
}

async fn run<R: Requests>(
    party: &'static str,
    mut connection: Connection,
    shared: Rc<Shared<R>>,
    check: Check,
) -> Result<(), BenchError> {
    let mut request = Vec::with_capacity(4 * 1024);
    let mut turn = 0_u32;
    while !shared.stop.get() {
        shared.requests.borrow_mut().next(&mut request);
        let answer = connection.exchange(&request).await?;
        check.status(party, &answer)?;
        if turn.is_multiple_of(SAMPLE) {
            check.body(party, &answer)?;
        }
        turn = turn.wrapping_add(1);
        shared.answered.set(shared.answered.get() + 1);
    }
    Ok(())
}

/// Connections end before the measured part does only by failing.
async fn first_failure(connections: &mut JoinSet<Result<(), BenchError>>) -> BenchError {
    while let Some(ended) = connections.join_next().await {
        match ended {
            Ok(Err(error)) => return error,
            Err(error) => return BenchError::Own(error.into()),
            Ok(Ok(())) => {}
        }
    }
    std::future::pending().await
}

impl Check {
    fn status(self, party: &'static str, answer: &Answer<'_>) -> Result<(), BenchError> {
        match answer.status {
            200..=299 => Ok(()),
            status => Err(BenchError::Refused { party, status }),
        }
    }

    fn body(self, party: &'static str, answer: &Answer<'_>) -> Result<(), BenchError> {
        let reason = match self {
            Self::Unchanged if answer.body != people::answer().as_bytes() => "the backend's answer, unchanged",
            Self::Protected if shows_a_value(answer.body) => "an answer without personal values",
            Self::Protected if !holds_what_is_kept(answer.body) => "an answer with every member that the rules keep",
            _ => return Ok(()),
        };
        Err(BenchError::WrongAnswer { party, reason })
    }
}

fn shows_a_value(body: &[u8]) -> bool {
    people::ANSWER_VALUES.iter().any(|value| memmem::find(body, value.as_bytes()).is_some())
}

fn holds_what_is_kept(body: &[u8]) -> bool {
    people::ANSWER_KEEP.iter().all(|(name, _)| memmem::find(body, format!("\"{name}\"").as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn fails(check: Check, body: &str) -> bool {
        let answer = Answer { status: 200, body: body.as_bytes() };
        check.body("gateway", &answer).is_err()
    }

    #[test]
    fn checks_can_fail() {
        let plain = people::answer();
        let mut protected = plain.clone();
        for value in people::ANSWER_VALUES {
            protected = protected.replace(value, "vt10000");
        }
        assert!(!fails(Check::Unchanged, &plain));
        assert!(fails(Check::Unchanged, &protected));
        assert!(!fails(Check::Protected, &protected));
        assert!(fails(Check::Protected, &plain));
        assert!(fails(Check::Protected, &protected.replacen("stage", "", 1)));
        let one_left = protected.replacen("vt10000", people::ANSWER_VALUES[3], 1);
        assert!(fails(Check::Protected, &one_left));
        assert!(!fails(Check::Accepted, ""));
    }

    #[test]
    fn only_success_counts() {
        for (status, good) in [(200, true), (202, true), (299, true), (300, false), (409, false), (503, false)] {
            let answer = Answer { status, body: b"" };
            assert_eq!(Check::Accepted.status("gateway", &answer).is_ok(), good, "{status}");
        }
    }

    #[test]
    fn rates_and_cpu_come_from_the_measured_part() {
        let sample = Sample { count: 1_000, elapsed: Duration::from_millis(500), cpu: Duration::from_millis(17) };
        assert!((sample.per_second() - 2_000.0).abs() < 1e-9);
        assert!((sample.cpu_each() - 17.0).abs() < 1e-9);
    }
}
