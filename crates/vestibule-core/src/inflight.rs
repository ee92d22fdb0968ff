//! Nothing leaves silently: a piece of work in flight ends in exactly one outcome.
//!
//! [`InFlight`] is made when work begins and consumed by the outcome it ends in. If it is dropped instead (a panic, a
//! forgotten branch, a cancelled task), the sink is told [`LOST`], which is counted and alerted on.

/// Where outcomes go.
pub trait Sink {
    /// Takes note that a piece of work of this route ended with this code (`ok`, a catalogue code, or [`LOST`]).
    fn ended(&self, route: &str, code: &'static str);
}

/// The code of work that ended without an outcome.
pub const LOST: &str = "internal.lost";

/// A piece of work that has not ended yet.
pub struct InFlight<'s, S: Sink> {
    sink: &'s S,
    route: &'s str,
    open: bool,
}

impl<'s, S: Sink> InFlight<'s, S> {
    /// Work on `route` begins.
    pub fn begin(sink: &'s S, route: &'s str) -> InFlight<'s, S> {
        InFlight { sink, route, open: true }
    }

    /// The work ended with this code.
    pub fn end(mut self, code: &'static str) {
        self.open = false;
        self.sink.ended(self.route, code);
    }
}

impl<S: Sink> Drop for InFlight<'_, S> {
    fn drop(&mut self) {
        if self.open {
            self.sink.ended(self.route, LOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[derive(Default)]
    struct Seen(RefCell<Vec<(String, &'static str)>>);

    impl Sink for Seen {
        fn ended(&self, route: &str, code: &'static str) {
            self.0.borrow_mut().push((route.to_owned(), code));
        }
    }

    #[test]
    fn every_piece_of_work_ends_once() {
        let seen = Seen::default();
        InFlight::begin(&seen, "a").end("ok");
        drop(InFlight::begin(&seen, "b"));
        assert_eq!(*seen.0.borrow(), [("a".to_owned(), "ok"), ("b".to_owned(), LOST)]);
    }
}
