//! What the vault promises through its public interface, one file a subject; and other people's test vectors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod apikey;
mod backup;
mod index;
mod inflate;
mod keystore;
mod permit;
mod rotation;
mod schemes;
mod token;
mod vectors;

use vestibule_core::clock::Timestamp;
use vestibule_core::id::{Mode, Scope};
use vestibule_vault::subject::{self, NewSubject};
use vestibule_vault::{Draw, KeyStore, Keyring, Root, keystore as ks, root};

fn draw(len: usize) -> Draw {
    Draw::new(len).unwrap()
}

fn store() -> KeyStore {
    KeyStore::create(1, &mut draw(ks::CREATE_DRAW), Timestamp(0)).unwrap()
}

fn new_root() -> Root {
    Root::generate(&mut draw(root::DRAW)).unwrap()
}

fn live() -> Scope {
    Scope::of(Mode::Live)
}

fn new_subject(ring: &Keyring) -> NewSubject {
    ring.create_subject(live(), &mut draw(subject::CREATE_DRAW)).unwrap()
}
