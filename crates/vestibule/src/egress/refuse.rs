//! How a call ends that does not get the vendor's answer: a problem with code, place and fix, and a leaf.

use super::Caller;
use crate::app::subject::SubjectError;
use crate::app::worker::Worker;
use crate::respond::{self, Answer};
use vestibule_core::audit::Direction;
use vestibule_core::outgoing::{ComposeFault, SiteFault};
use vestibule_core::policy::Denial;
use vestibule_core::policy::call::UnsafePath;
use vestibule_store::StoreError;
use vestibule_vault::VaultError;

/// Why a call gets no answer of the vendor.
#[derive(Debug)]
pub struct Refused {
    /// The stable code.
    pub code: &'static str,
    /// The place at fault, without any value.
    pub place: Option<String>,
    /// Whether the vendor may have seen the call all the same.
    pub maybe_sent: bool,
    /// Whether the caller may be told to send the call again, where the code allows it.
    pub again: bool,
}

impl Refused {
    /// A refusal without a place.
    pub fn new(code: &'static str) -> Refused {
        Refused { code, place: None, maybe_sent: false, again: true }
    }

    /// A refusal that names a place.
    pub fn at(code: &'static str, place: impl Into<String>) -> Refused {
        Refused { code, place: Some(place.into()), maybe_sent: false, again: true }
    }

    /// The vendor did not answer, or not in a way that may be passed on.
    pub fn upstream(code: &'static str, maybe_sent: bool) -> Refused {
        Refused { code, place: None, maybe_sent, again: true }
    }

    /// The same, of a call that the vendor has acted on. What failed here speaks of a call that was not made, so it stands in
    /// the log alone; what is wrong with the vendor's answer is told as it is.
    pub fn after_sending(self) -> Refused {
        if self.maybe_sent { self } else { Refused { maybe_sent: true, ..Refused::new("answer.not_kept") } }
    }

    /// The same, of a call that may have had an effect, and would have another one.
    pub fn once_only(self) -> Refused {
        Refused { again: false, ..self }
    }

    /// The answer to the workflow; the refusal stands in the log.
    pub async fn answer(self, worker: &Worker, caller: &Caller) -> Answer {
        let answer = self.problem(caller);
        let mut leaf = caller.leaf(worker, "call.refuse");
        leaf.direction = Direction::Out;
        leaf.outcome = self.code.into();
        leaf.status = answer.status().as_u16();
        leaf.fields.extend(self.place.map(Into::into));
        worker.append(&leaf).await;
        answer
    }

    /// The problem document alone.
    pub fn problem(&self, caller: &Caller) -> Answer {
        let told = if self.again { respond::problem } else { respond::last_word };
        told(self.code, self.place.as_deref(), &caller.request)
    }
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Refused {
        Refused { code: denial.code, place: denial.place, maybe_sent: false, again: true }
    }
}

impl From<SiteFault> for Refused {
    fn from(fault: SiteFault) -> Refused {
        Refused::at(fault.code, fault.at)
    }
}

impl From<ComposeFault> for Refused {
    fn from(fault: ComposeFault) -> Refused {
        Refused::at(fault.code, fault.at)
    }
}

impl From<UnsafePath> for Refused {
    fn from(_: UnsafePath) -> Refused {
        Refused::new("path.unsafe")
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::new(error.code())
    }
}

impl From<SubjectError> for Refused {
    fn from(error: SubjectError) -> Refused {
        match error {
            SubjectError::Erased => Refused::new("token.erased"),
            SubjectError::Vault(error) => Refused::from(error),
        }
    }
}

impl From<VaultError> for Refused {
    fn from(error: VaultError) -> Refused {
        Refused::new(error.code())
    }
}
