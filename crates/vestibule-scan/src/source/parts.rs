//! Values of a file handed on in parts, so that a large file never stands in memory as values.

use super::Source;
use super::recognise::Read;
use crate::model::Spot;
use crate::model::files::{self, What};

/// What is said of a file in which some bytes were no characters.
pub(super) const LOSSY: &str = "some bytes are no characters and were read as replacement characters";

/// Values of one part.
const PART: usize = 1 << 15;

/// Takes what is read.
pub(super) type Take<'t> = dyn FnMut(Read<'_, '_>) + 't;

/// Values of one file on their way.
pub(super) struct Parts<'r, 't, 'd> {
    source: &'r Source<'d>,
    what: What,
    take: &'r mut Take<'t>,
    /// What could not be read, told with the next part.
    pub(super) notes: Vec<String>,
    spots: Vec<Spot<'d>>,
    is_first: bool,
}

impl<'r, 't, 'd> Parts<'r, 't, 'd> {
    pub(super) fn new(source: &'r Source<'d>, what: What, take: &'r mut Take<'t>) -> Self {
        Self { source, what, take, notes: Vec::new(), spots: Vec::new(), is_first: true }
    }

    pub(super) fn lossy(mut self, lossy: bool) -> Self {
        self.notes.extend(lossy.then(|| LOSSY.to_owned()));
        self
    }

    pub(super) fn push(&mut self, spot: Spot<'d>) {
        self.spots.push(spot);
        if self.spots.len() >= PART {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        let spots = std::mem::take(&mut self.spots);
        let mut scenario = files::scenario(self.what, self.source.path, spots);
        scenario.unread.extend(self.notes.drain(..).map(files::unread));
        if std::mem::take(&mut self.is_first) {
            (self.take)(Read::Scenarios(self.source, vec![scenario]));
        } else {
            (self.take)(Read::Part(self.source, Box::new(scenario)));
        }
    }

    pub(super) fn finish(mut self) {
        if self.is_first || !self.spots.is_empty() || !self.notes.is_empty() {
            self.hand_on();
        }
    }
}
