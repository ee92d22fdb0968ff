//! A sign of life on the terminal while a command waits for more than a second.
//!
//! It stands on standard error, and only where that is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(1);
const WIDTH: usize = 24;

/// Does the work and shows a moving bar if it takes long.
pub fn while_waiting<T>(work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let began = Instant::now();
            let mut shown = false;
            while waiting.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                if began.elapsed() >= PATIENCE {
                    shown = true;
                    let line = bar(began.elapsed());
                    drop(write!(std::io::stderr(), "\r{line}"));
                }
            }
            if shown {
                drop(write!(std::io::stderr(), "\r{:width$}\r", "", width = WIDTH + 12));
            }
        });
        let answer = work();
        drop(done);
        answer
    })
}

/// A bar whose mark goes to and fro, with the seconds that have passed.
fn bar(elapsed: Duration) -> String {
    let step = usize::try_from(elapsed.as_millis() / STEP.as_millis()).unwrap_or(0);
    let turn = step % (2 * (WIDTH - 1));
    let at = turn.min(2 * (WIDTH - 1) - turn);
    let cells: String = (0..WIDTH).map(|cell| if cell == at { '=' } else { ' ' }).collect();
    format!("[{cells}] {} s", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stays_within_the_bar() {
        for step in 0..200u64 {
            let line = bar(STEP * u32::try_from(step).unwrap_or(0));
            assert_eq!(line.find(']'), Some(WIDTH + 1));
            assert_eq!(line.matches('=').count(), 1);
        }
    }

    #[test]
    fn the_answer_comes_through() {
        assert_eq!(while_waiting(|| 7), 7);
    }
}
