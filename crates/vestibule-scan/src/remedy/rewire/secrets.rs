//! Which values of a step must not go to the gateway: credentials that were found, and headers and parameters that carry nothing else.

use std::collections::HashMap;

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

/// What was found in one step, by the value it stands in.
pub(super) struct Secrets<'c> {
    found: HashMap<NodeId, Vec<&'c Credential>>,
}

impl<'c> Secrets<'c> {
    /// Of all that was found in a scenario, in the order of its steps.
    pub(super) fn new(all: &'c [Credential], step: usize) -> Self {
        let first = all.partition_point(|credential| credential.step < step);
        let mut found: HashMap<NodeId, Vec<&Credential>> = HashMap::new();
        for credential in all.iter().skip(first).take_while(|credential| credential.step == step) {
            if let Place::Node(node) = credential.place {
                found.entry(node).or_default().push(credential);
            }
        }
        Self { found }
    }

    fn at(&self, node: NodeId) -> &[&'c Credential] {
        self.found.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Whether the step holds a key at all, rather than a placeholder for one.
    pub(super) fn any_key(&self) -> bool {
        self.found.values().flatten().any(|credential| credential.kind != CredentialKind::Placeholder)
    }

    /// Whether something was found in the value that stands here.
    pub(super) fn holds(&self, place: &Place) -> bool {
        matches!(place, Place::Node(node) if !self.at(*node).is_empty())
    }

    /// Whether a key, rather than a placeholder for one, was found in the value that stands here.
    pub(super) fn holds_key(&self, place: &Place) -> bool {
        let is_key = |credential: &&Credential| credential.kind != CredentialKind::Placeholder;
        matches!(place, Place::Node(node) if self.at(*node).iter().any(is_key))
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
        let secrets = self.at(node).iter().filter(|credential| credential.kind != CredentialKind::SecretUrl);
        secrets.map(|credential| credential.secret.0.as_str()).any(|secret| !secret.is_empty() && text.contains(secret))
    }

    /// Whether the address that stands here is itself a key.
    pub(super) fn is_secret_address(&self, node: NodeId) -> bool {
        self.at(node).iter().any(|credential| credential.kind == CredentialKind::SecretUrl)
    }
}

/// Whether a header of this name carries a credential and nothing else.
pub fn is_credential_header(name: &str) -> bool {
    HEADERS.iter().any(|known| name.trim().eq_ignore_ascii_case(known))
}

pub(super) fn is_credential_parameter(name: &str, value: &str) -> bool {
    PARAMETERS.iter().any(|known| name.trim().eq_ignore_ascii_case(known)) && !value.is_empty() && !value.contains("{{")
}
