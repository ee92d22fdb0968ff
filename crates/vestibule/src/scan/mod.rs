//! `vestibule scan`: files and accounts in, reports out. What is found is the business of `vestibule-scan`.

pub mod gather;
pub mod known;
pub mod live;
pub mod marks;
pub mod rewire;
pub mod run;
pub mod saved;
