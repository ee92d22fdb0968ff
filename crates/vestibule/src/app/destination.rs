//! A destination ready to be called: target, trust, and the credential to add.

use super::LoadError;
use super::secrets::{self, SecretText};
use crate::config;
use crate::files;
use crate::net::outbound::{OutboundLimits, Target};
use crate::net::tls::ClientTls;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use vestibule_core::clock::Span;
use vestibule_core::network::Origin;
use vestibule_core::secret::Secret;
use zeroize::Zeroizing;

/// Where calls go and what is added to them.
pub struct Destination {
    /// Host, address, trust and limits.
    pub target: Target,
    /// What the gateway adds.
    pub credential: Option<Credential>,
    /// Headers that every call gets, whatever the workflow sends.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// A header the gateway adds to a call. Its value never leaves in any other direction.
pub struct Credential {
    /// The header.
    pub header: HeaderName,
    /// Its value, marked sensitive.
    pub value: HeaderValue,
    /// The texts that must never come back in an answer: the secret and its encoded form.
    pub marks: Vec<Secret<Vec<u8>>>,
}

impl Destination {
    /// A configured destination of an `[out]` route.
    pub fn compile(from: &config::Destination, route: &config::Outbound) -> Result<Destination, LoadError> {
        let tls = match &from.ca {
            Some(path) => {
                let pem = files::read(path).map_err(|error| LoadError::File { path: path.clone(), error })?;
                ClientTls::with_ca(&pem)?
            }
            None => ClientTls::platform()?,
        };
        let limits = OutboundLimits {
            connect: duration(route.connect_timeout),
            first_byte: duration(route.timeout),
            total: duration(route.timeout) + duration(route.connect_timeout),
            body: usize::try_from(route.max_answer).unwrap_or(usize::MAX),
        };
        let text = from.to.to_string();
        let origin = match from.address {
            Some(address) => Origin::parse_pinned(&text, address)?,
            None => Origin::parse(&text)?,
        };
        let credential = from.credential.as_ref().map(credential).transpose()?;
        let headers = route.headers.iter().filter_map(|(name, value)| {
            // the check has seen to it that both are what HTTP allows
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        });
        let headers = headers.collect();
        Ok(Destination { target: Target::new(&origin, from.address, tls, limits)?, credential, headers })
    }

    /// The webhook of a platform. Its address is a secret, so errors name the reference only; path and query are handed
    /// back apart, to be kept secret.
    pub fn webhook(
        reference: &config::SecretRef,
        url: &SecretText,
        timeout: Span,
        address: Option<SocketAddr>,
        ca: Option<&Path>,
    ) -> Result<(Destination, SecretText), LoadError> {
        let wrong = |why: &str| LoadError::Secret { reference: reference.to_string(), why: why.to_owned() };
        let text = url.expose().as_str();
        let rest = text.strip_prefix("https://").ok_or_else(|| wrong("a webhook address begins with `https://`"))?;
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(split).unwrap_or((rest, ""));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        if path.contains('#') || path.chars().any(|c| c.is_control() || c == ' ') {
            return Err(wrong("the webhook address holds a fragment, a space or a control character"));
        }
        let tls = match ca {
            Some(file) => {
                let pem = files::read(file).map_err(|error| LoadError::File { path: file.to_owned(), error })?;
                ClientTls::with_ca(&pem)?
            }
            None => ClientTls::platform()?,
        };
        let origin_text = format!("https://{authority}");
        let origin = match address {
            Some(address) => Origin::parse_pinned(&origin_text, address),
            None => Origin::parse(&origin_text),
        };
        let origin = origin.map_err(|error| wrong(&error.to_string()))?;
        let limits = OutboundLimits {
            connect: Duration::from_secs(5),
            first_byte: duration(timeout),
            total: duration(timeout) + Duration::from_secs(5),
            body: 64 * 1024,
        };
        let target = Target::new(&origin, address, tls, limits)?;
        Ok((Destination { target, credential: None, headers: Vec::new() }, Secret::new(path)))
    }
}

fn credential(from: &config::Credential) -> Result<Credential, LoadError> {
    let (header, reference, text, mut marks) = match from {
        config::Credential::Basic(reference) => {
            let secret = secrets::resolve(reference)?;
            let pair = if secret.expose().contains(':') { secret.expose().clone() } else { format!("{}:", secret.expose()) };
            let pair = Zeroizing::new(pair);
            let encoded = STANDARD.encode(pair.as_bytes());
            let parts = pair.split(':').filter(|part| part.len() >= 6).map(|part| Secret::new(part.as_bytes().to_vec()));
            let marks: Vec<_> = parts.chain([Secret::new(encoded.clone().into_bytes())]).collect();
            (AUTHORIZATION, reference, Zeroizing::new(format!("Basic {encoded}")), marks)
        }
        config::Credential::Bearer(reference) => {
            let secret = secrets::resolve(reference)?;
            let text = Zeroizing::new(format!("Bearer {}", secret.expose()));
            (AUTHORIZATION, reference, text, vec![Secret::new(secret.expose().clone().into_bytes())])
        }
        config::Credential::Header { name, value } => {
            let secret = secrets::resolve(value)?;
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| LoadError::Secret {
                reference: value.to_string(),
                why: "the header's name is not one that HTTP allows".into(),
            })?;
            let text = Zeroizing::new(secret.expose().clone());
            (header, value, text, vec![Secret::new(secret.expose().clone().into_bytes())])
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| LoadError::Secret {
        reference: reference.to_string(),
        why: "it holds characters that no header may carry".into(),
    })?;
    value.set_sensitive(true);
    marks.retain(|mark| mark.expose().len() >= 6);
    Ok(Credential { header, value, marks })
}

fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.0).unwrap_or(0))
}
