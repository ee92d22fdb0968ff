//! The model of accounts at automation platforms that `vestibule scan --account` reads.
//!
//! Types only. Nothing here fetches; what is found is the business of the auditor.

use std::net::SocketAddr;
use std::path::PathBuf;

use vestibule_core::network::Origin;

use super::SecretRef;

/// An account at a platform, read with a token that can only read.
#[derive(Clone, Debug)]
pub struct ScanAccount {
    /// Its name in the file.
    pub name: String,
    /// Which platform, and what of it.
    pub at: AccountAt,
    /// The token.
    pub token: SecretRef,
    /// The address of a private instance: no look-up happens.
    pub address: Option<SocketAddr>,
    /// PEM file of the only authority that is trusted for it.
    pub ca: Option<PathBuf>,
}

/// Where an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountAt {
    /// Make.
    Make {
        /// The zone, such as `https://eu1.make.com`.
        zone: Origin,
        /// The number of the team.
        team: u64,
    },
    /// n8n, in its cloud or self-hosted.
    N8n {
        /// Where the instance is; a base path stays before `/api/v1`.
        url: Origin,
    },
}

impl ScanAccount {
    /// Where the API is.
    pub fn origin(&self) -> &Origin {
        match &self.at {
            AccountAt::Make { zone, .. } => zone,
            AccountAt::N8n { url } => url,
        }
    }

    /// `make` or `n8n`.
    pub fn platform(&self) -> &'static str {
        match self.at {
            AccountAt::Make { .. } => "make",
            AccountAt::N8n { .. } => "n8n",
        }
    }
}
