//! One timer a connection, re-armed only when it rings too early: keep-alive traffic then costs no timer a request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that can be moved cheaply.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    due: Instant,
}

impl Alarm {
    pub(super) fn new(due: Instant) -> Self {
        Self { sleep: Box::pin(sleep_until(due)), due }
    }

    /// Moves the deadline. A later one leaves the timer as it is; it is set again when it rings.
    pub(super) fn set(&mut self, due: Instant) {
        self.due = due;
        if due < self.sleep.deadline() {
            self.sleep.as_mut().reset(due);
        }
    }

    /// Ready once the deadline has passed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.sleep.as_mut().poll(cx).is_ready() {
            if self.sleep.deadline() >= self.due {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.due);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use std::future::poll_fn;
    use std::time::Duration;

    use crate::net::testing::block_on;

    #[test]
    fn rings_at_the_last_deadline_set() {
        block_on(async {
            let start = Instant::now();
            let mut alarm = Alarm::new(start + Duration::from_millis(5));
            alarm.set(start + Duration::from_millis(60));
            poll_fn(|cx| alarm.poll(cx)).await;
            assert!(start.elapsed() >= Duration::from_millis(60), "a later deadline");
            alarm.set(start + Duration::from_secs(600));
            alarm.set(start + Duration::from_millis(70));
            poll_fn(|cx| alarm.poll(cx)).await;
            assert!(start.elapsed() >= Duration::from_millis(70), "an earlier one");
        });
    }
}
