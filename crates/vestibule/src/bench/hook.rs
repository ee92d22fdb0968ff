//! Builds the gateway under test from a job, and signs its events. The only
//! file of the benchmark that touches the product's own code; everything else
//! sees addresses, tokens and a signer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vestibule_core::scheme::standard_webhooks::{signature_text, signed_parts};
use vestibule_vault::mac;

use super::error::BenchError;
use super::gateway::{Job, Ready};
use super::requests::Signer;

/// A gateway that serves until it is dropped.
pub(super) type Serving = Box<dyn std::any::Any>;

/// Sets up folder, keys, people and rules of a job, and listens on a free
/// loopback port.
pub(super) fn open(_job: &Job) -> Result<(Ready, Serving), BenchError> {
    Err(BenchError::Gateway(
        "this executable was built without it".to_owned(),
    ))
}

/// Standard Webhooks signatures with this route secret, `whsec_` and base64.
pub(super) fn signer(secret: &str) -> Result<Signer, BenchError> {
    let key = secret
        .strip_prefix("whsec_")
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or_else(|| BenchError::Gateway("its signing secret is none".to_owned()))?;
    let signer = mac::Signer::new(mac::Algorithm::HmacSha256, &key);
    Ok(Box::new(move |id, time, body| {
        let time = time.to_string();
        signature_text(&signer.sign(&signed_parts(id, &time, body)))
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn signs_as_the_published_example_of_standard_webhooks() {
        let sign = signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_of_another_form_is_refused() {
        assert!(signer("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
        assert!(signer("whsec_***").is_err());
    }
}
