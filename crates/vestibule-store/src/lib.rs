//! The database of Vestibule: events, sealed records, deliveries, the log, keys.
//!
//! It sees ciphertext and numbers only: nothing here can decrypt, compute a MAC, read a clock, draw a random number or
//! open a socket. What needs a key comes through [`Ports`]; what time it is stands in every job.
//!
//! One thread writes ([`Writer`]): it takes everything that waits, does it in one transaction and answers after the
//! commit. Any number of [`Reader`]s read beside it, one a thread. Checkpoints run on a thread of their own.
//!
//! Whoever can write to the file can delete or change rows; that is found by the MACs that callers keep in their rows and
//! by the chain over the log, not prevented here.

mod altered;
mod apikey;
mod audit;
mod backup;
mod checkpoint;
mod connection;
mod deadletter;
mod delivery;
mod erase;
mod error;
mod event;
mod idempotency;
mod index;
mod lease;
mod meta;
mod migrate;
mod open;
mod ports;
mod reader;
mod receipt;
mod record;
mod replay;
mod rewrap;
mod route;
mod row;
mod scan;
mod subject;
mod sweep;
mod tx;
mod writer;

pub use apikey::{ApiKeyRow, InsertKey, KeyWritten, RevokeKey, TouchKeys};
pub use audit::{AppendLeaf, AppendLeaves, Head, LeafRow, NewOrigin, OriginRow};
pub use deadletter::{DeadFilter, Discard, Redeliver};
pub use delivery::{
    AttemptRow, Attempted, DeliveryState, DueDelivery, FinishAttempt, Finished, LeaseDue, NewDelivery, ReleaseLeases,
};
pub use erase::{EraseReport, EraseSubjects, Erasure};
pub use error::StoreError;
pub use event::{AcceptEvent, AcceptReply, EventData, HeldBody, Stale};
pub use idempotency::{Abandon, Begin, Begun, Finish};
pub use index::{IndexRow, StableRow, Tag};
pub use lease::LeaseRecords;
pub use meta::SetMeta;
pub use open::{Options, Store};
pub use ports::Ports;
pub use reader::{Counts, DeliveryRowData, Moment, Reader, SubjectHit};
pub use receipt::{Receipt, ReceiptReply, Refusal, SetGrantRevision};
pub use record::{AnswerPart, AnswerRecord, AnswerReply, NewRecord, RecordData};
pub use rewrap::{RewrapStable, RewrapSubjectIndex, RewrapSubjects, RewrappedTag, SubjectRewrap};
pub use route::{DisableRoute, EnableRoute};
pub use scan::{SaveScan, ScanRow, ScanSaved};
pub use subject::{AddSubject, NewSubjectRow, SubjectData, SubjectKeyRow, SubjectState, SubjectUse};
pub use sweep::{DropHeld, Sweep, Swept};
pub use tx::Tx;
pub use writer::{Job, Outbox, Writer};
