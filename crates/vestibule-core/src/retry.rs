//! When to try a delivery again: the schedule of Standard Webhooks with jitter, `Retry-After` and permanent answers.
//!
//! Pure arithmetic. It reads no clock and draws no number, and it does not send anything.
//! Source: Standard Webhooks, "Deliverability and reliability"; RFC 9110 sections 10.2.3 and 15.

use crate::clock::{Span, Timestamp};

/// The delays between the attempts of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    delays: Vec<Span>,
}

/// What an attempt came to, as far as the next one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver answered with this HTTP status, none of 200 to 299.
    Status(u16),
    /// No complete answer in time.
    Timeout,
    /// No connection, no valid certificate, or a broken answer.
    Unreachable,
}

/// How strictly a receiver's 4xx answers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Make and Zapier: 400, 401, 403 and 404 mean that the scenario or its address is gone or wrong. Trying for 75 hours
    /// would only send sealed people around.
    Platform,
    /// Anything else: 4xx answers may be the passing state of a deployment.
    Other,
}

/// What happens to the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again after this span.
    At(Span),
    /// Give up: the delivery goes to the dead letters.
    Dead,
    /// 410: the receiver wants nothing more; the delivery is dead and its route delivers nothing until an operator says so.
    Disable,
}

impl Default for Schedule {
    /// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: ten attempts over some 75 hours.
    fn default() -> Schedule {
        let hours = [2, 5, 10, 14, 20, 24].map(Span::hours);
        let delays = [Span::seconds(5), Span::minutes(5), Span::minutes(30)];
        Schedule { delays: delays.into_iter().chain(hours).collect() }
    }
}

impl Schedule {
    /// How many attempts there are in all.
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.delays.len()).unwrap_or(u32::MAX - 1).saturating_add(1)
    }

    /// The next step after attempt number `attempt` (the first is 1) failed. `random` is any number, evenly drawn.
    ///
    /// The delay of the schedule gets a jitter of up to 20 % either way, at least 60 s after 429 or a timeout, and where
    /// the receiver asked for a time (`retry_after`) that time within [delay, max(2 x delay, 1 h)].
    pub fn next(&self, attempt: u32, outcome: Attempt, receiver: Receiver, retry_after: Option<Span>, random: u64) -> Next {
        match (outcome, receiver) {
            (Attempt::Status(410), _) => return Next::Disable,
            (Attempt::Status(400 | 401 | 403 | 404), Receiver::Platform) => return Next::Dead,
            _ => {}
        }
        let position = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(&scheduled) = self.delays.get(position) else {
            return Next::Dead;
        };
        let floor = match outcome {
            Attempt::Status(429) | Attempt::Timeout => Span::seconds(60),
            _ => Span(0),
        };
        let delay = jittered(scheduled, random).max(floor);
        Next::At(match retry_after {
            Some(asked) => asked.clamp(delay, Span(delay.0.saturating_mul(2)).max(Span::hours(1))),
            None => delay,
        })
    }
}

/// The span a `Retry-After` header asks for, `None` if it says nothing usable. `date` is the header read as an HTTP date by
/// the caller, who has a parser for dates; a date in the past asks for no wait.
pub fn parse_retry_after(header: &str, date: Option<Timestamp>, now: Timestamp) -> Option<Span> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // ten digits are three centuries: more is noise, and the schedule clamps anyway
        return header.get(..header.len().min(10))?.parse().ok().map(Span::seconds);
    }
    date.map(|moment| moment.since(now).max(Span(0)))
}

/// `span` plus or minus up to a fifth, by an evenly drawn number.
fn jittered(span: Span, random: u64) -> Span {
    let fifth = span.0 / 5;
    let width = u64::try_from(fifth.saturating_mul(2)).unwrap_or(0).saturating_add(1);
    let offset = i64::try_from(random % width).unwrap_or(0);
    Span(span.0 - fifth + offset)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn wait(next: Next) -> Span {
        match next {
            Next::At(span) => span,
            other => panic!("no wait but {other:?}"),
        }
    }

    #[test]
    fn ten_attempts_over_three_days_then_dead() {
        let schedule = Schedule::default();
        assert_eq!(schedule.attempts(), 10);
        // the middle of the jitter is the table itself
        let middle = |span: i64| u64::try_from(span / 5).unwrap();
        let total: i64 = (1..=9)
            .map(|attempt| {
                let table = schedule.delays.get(attempt as usize - 1).unwrap().0;
                let next = schedule.next(attempt, Attempt::Status(500), Receiver::Other, None, middle(table));
                wait(next).0
            })
            .sum();
        assert_eq!(Span(total), Span(Span::hours(75).0 + Span::minutes(35).0 + Span::seconds(5).0));
        assert_eq!(schedule.next(10, Attempt::Status(500), Receiver::Other, None, 0), Next::Dead);
        assert_eq!(schedule.next(u32::MAX, Attempt::Timeout, Receiver::Other, None, 0), Next::Dead);
    }

    #[test]
    fn permanent_answers() {
        let next = |status, receiver| Schedule::default().next(1, Attempt::Status(status), receiver, None, 0);
        assert_eq!(next(410, Receiver::Platform), Next::Disable);
        assert_eq!(next(410, Receiver::Other), Next::Disable);
        for status in [400, 401, 403, 404] {
            assert_eq!(next(status, Receiver::Platform), Next::Dead);
            assert!(matches!(next(status, Receiver::Other), Next::At(_)));
        }
        assert!(matches!(next(422, Receiver::Platform), Next::At(_)));
    }

    #[test]
    fn busy_receivers_get_a_minute() {
        let schedule = Schedule::default();
        for outcome in [Attempt::Status(429), Attempt::Timeout] {
            assert_eq!(wait(schedule.next(1, outcome, Receiver::Platform, None, 0)), Span::seconds(60));
        }
        assert!(wait(schedule.next(1, Attempt::Unreachable, Receiver::Platform, None, 0)) < Span::seconds(7));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp(1_000_000);
        assert_eq!(parse_retry_after(" 120 ", None, now), Some(Span::seconds(120)));
        assert_eq!(parse_retry_after("99999999999999999999", None, now), Some(Span::seconds(9_999_999_999)));
        assert_eq!(parse_retry_after("Wed, …", Some(now.plus(Span::minutes(2))), now), Some(Span::minutes(2)));
        assert_eq!(parse_retry_after("Wed, …", Some(Timestamp(0)), now), Some(Span(0)));
        for nothing in ["", "-5", "1.5", "soon"] {
            assert_eq!(parse_retry_after(nothing, None, now), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn waits_stay_within_their_bounds(attempt in 1u32..=9, asked in -10i64..10_000_000_000, random: u64) {
            let schedule = Schedule::default();
            let table = schedule.delays.get(attempt as usize - 1).unwrap().0;
            let plain = wait(schedule.next(attempt, Attempt::Status(503), Receiver::Other, None, random));
            prop_assert!(plain.0 >= table - table / 5 && plain.0 <= table + table / 5);
            let polite = wait(schedule.next(attempt, Attempt::Status(503), Receiver::Other, Some(Span(asked)), random));
            prop_assert!(polite >= plain && polite.0 <= (plain.0 * 2).max(Span::hours(1).0));
        }
    }
}
