//! The binary of Vestibule: sockets, files, time and wiring.

pub mod net;
