//! Which values of a step must not go to the gateway: credentials that were found, and headers and parameters that carry nothing else.

use vestibule_core::document::NodeId;

use crate::credential::{Credential, CredentialKind};
use crate::source::Place;

/// Headers that carry a credential and nothing else, whatever their value: the gateway puts its own in their place.
const HEADERS: [&str; 16] = [
    "authorization",
    "x-api-key",
    "api-key",
    "apikey",
    "x-apikey",
    "x-auth-token",
    "x-auth-key",
    "x-access-token",
    "x-api-token",
    "xi-api-key",
    "x-goog-api-key",
    "private-token",
    "ocp-apim-subscription-key",
    "x-rapidapi-key",
    "access-token",
    "auth-token",
];

/// Query parameters that carry a credential and nothing else. A computed value stays: another step may have asked for it.
const PARAMETERS: [&str; 12] = [
    "api_key",
    "apikey",
    "api-key",
    "access_token",
    "auth_token",
    "auth_key",
    "api_token",
    "apitoken",
    "client_secret",
    "subscription-key",
    "access_key",
    "secret_key",
];

/// What was found in one step.
pub(super) struct Secrets<'c> {
    found: Vec<&'c Credential>,
}

impl<'c> Secrets<'c> {
    pub(super) fn new(all: &'c [Credential], step: usize) -> Self {
        Self { found: all.iter().filter(|credential| credential.step == step).collect() }
    }

    /// Whether something was found in the value that stands here.
    pub(super) fn holds(&self, place: &Place) -> bool {
        self.found.iter().any(|credential| credential.place == *place)
    }

    /// Whether a key, rather than a placeholder for one, was found in the value that stands here.
    pub(super) fn holds_key(&self, place: &Place) -> bool {
        self.found.iter().any(|credential| credential.place == *place && credential.kind != CredentialKind::Placeholder)
    }

    /// Whether the header at this value carries a credential.
    pub(super) fn is_header(&self, name: &str, value: NodeId) -> bool {
        is_credential_header(name) || self.holds(&Place::Node(value))
    }

    /// Whether the query parameter at this value carries a credential.
    pub(super) fn is_parameter(&self, name: &str, value: &str, node: NodeId) -> bool {
        self.holds(&Place::Node(node)) || is_credential_parameter(name, value)
    }

    /// Whether the text, a part of the value that stands here, holds one of the secrets found there.
    pub(super) fn is_in(&self, text: &str, node: NodeId) -> bool {
        let mut here = self.found.iter().filter(|credential| credential.place == Place::Node(node));
        here.any(|credential| {
            credential.kind != CredentialKind::SecretUrl && !credential.secret.0.is_empty() && text.contains(&credential.secret.0)
        })
    }

    /// Whether the address that stands here is itself a key.
    pub(super) fn is_secret_address(&self, node: NodeId) -> bool {
        self.found.iter().any(|credential| credential.kind == CredentialKind::SecretUrl && credential.place == Place::Node(node))
    }
}

pub(super) fn is_credential_header(name: &str) -> bool {
    HEADERS.iter().any(|known| name.trim().eq_ignore_ascii_case(known))
}

pub(super) fn is_credential_parameter(name: &str, value: &str) -> bool {
    PARAMETERS.iter().any(|known| name.trim().eq_ignore_ascii_case(known)) && !value.is_empty() && !value.contains("{{")
}
