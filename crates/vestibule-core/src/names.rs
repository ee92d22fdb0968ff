//! 

/// x
pub fn is_known_name(_: &str) -> bool { false }
