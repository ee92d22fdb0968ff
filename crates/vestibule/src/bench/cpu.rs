//! CPU time of other processes, from `/proc`: user and system time of every
//! thread. Does not sample, profile or estimate.
//!
//! Two readings exist. `task/*/schedstat` counts nanoseconds but forgets a
//! thread when it ends; `stat` keeps ended threads but counts in ticks of
//! 10 ms. The larger of both is taken for each process, so that a peer with
//! short-lived threads cannot look cheaper than it is.

use std::fs;
use std::time::Duration;

use super::error::BenchError;

/// A process and all its descendants, the parent first.
pub(super) fn family(pid: u32) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = processes().filter_map(|child| Some((child, parent_of(child)?))).collect();
    let mut family = vec![pid];
    let mut grown = true;
    while grown {
        grown = false;
        for (child, parent) in &pairs {
            if family.contains(parent) && !family.contains(child) {
                family.push(*child);
                grown = true;
            }
        }
    }
    family
}

/// User and system CPU time used so far by all threads of these processes.
pub(super) fn used(pids: &[u32]) -> Result<Duration, BenchError> {
    pids.iter().try_fold(Duration::ZERO, |sum, pid| {
        let coarse = ticks(*pid).ok_or(BenchError::CpuTimes)?;
        let fine = nanoseconds(*pid).unwrap_or(Duration::ZERO);
        Ok(sum + coarse.max(fine))
    })
}

/// The calling thread's id, to read its CPU time from elsewhere.
pub(super) fn current_thread() -> Option<u32> {
    let link = fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok()
}

/// CPU time used so far by one thread of this process.
pub(super) fn used_by_thread(thread: u32) -> Result<Duration, BenchError> {
    schedstat(&format!("/proc/self/task/{thread}/schedstat")).ok_or(BenchError::CpuTimes)
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent_of(pid: u32) -> Option<u32> {
    field(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 4)
}

fn ticks(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks: u64 = field::<u64>(&stat, 14)? + field::<u64>(&stat, 15)?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / per_second)))
}

fn nanoseconds(pid: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        // a thread may end between the listing and the reading
        sum += schedstat(task.path().join("schedstat").to_str()?).unwrap_or(Duration::ZERO);
    }
    Some(sum)
}

fn schedstat(path: &str) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    let nanoseconds = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Field of `/proc/PID/stat`, numbered from 1 as in proc(5). The name of the
/// program, field 2, may hold spaces and brackets: counting starts after it.
fn field<T: std::str::FromStr>(stat: &str, number: usize) -> Option<T> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_program_name_with_brackets_does_not_shift_fields() {
        let stat = "77 (a) b (c) S 5 77 77 0 -1 4194560 1 0 0 0 31 12 0 0 20 0 1 0 9 9 9 9".to_owned();
        assert_eq!(field::<u32>(&stat, 4), Some(5));
        assert_eq!(field::<u64>(&stat, 14), Some(31));
        assert_eq!(field::<u64>(&stat, 15), Some(12));
    }

    #[test]
    fn own_cpu_time_grows_with_work_by_about_that_work() {
        let me = std::process::id();
        let thread = current_thread().unwrap();
        let before = used(&[me]).unwrap();
        let mine = used_by_thread(thread).unwrap();
        let mut state = 1_u64;
        while used_by_thread(thread).unwrap() - mine < Duration::from_millis(60) {
            for _ in 0..100_000 {
                state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005) + 1);
            }
        }
        let spent = used(&[me]).unwrap() - before;
        // other tests run in this process too: a lower bound is what holds
        assert!(spent >= Duration::from_millis(50), "{spent:?}");
    }

    #[test]
    fn children_belong_to_the_family_and_strangers_do_not() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let family = family(std::process::id());
        drop(child.stdin.take());
        let pid = child.id();
        child.wait().unwrap();
        assert!(family.contains(&pid));
        assert!(!family.contains(&1));
        assert!(used(&[u32::MAX]).is_err());
    }
}
