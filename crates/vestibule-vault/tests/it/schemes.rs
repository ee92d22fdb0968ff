//! Every signature scheme's fixture is accepted by the scheme and the vault together, and refused with any other secret.

use std::path::Path;
use vestibule_core::clock::Timestamp;
use vestibule_core::scheme::hmac_body::Encoding;
use vestibule_core::scheme::{
    self, Claim, Headers, HmacBody, MacAlgorithm, Refusal, SignatureScheme, StandardWebhooks, StaticKey, TOLERANCE,
};
use vestibule_core::secret::Secret;
use vestibule_vault::mac;

struct Fixture {
    secret: String,
    now: Timestamp,
    headers: Vec<(String, String)>,
    body: String,
}

impl Headers for Fixture {
    fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        Ok(self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()))
    }
}

fn read(id: &str) -> Fixture {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vestibule-core/src/scheme/fixtures");
    let text = std::fs::read_to_string(folder.join(format!("{id}.txt"))).unwrap();
    let mut parts = text.splitn(3, "\n\n");
    let pair = |line: &str| line.split_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let settings: Vec<_> = parts.next().unwrap().lines().filter(|line| !line.starts_with('#')).map(pair).collect();
    let setting = |name: &str| settings.iter().find(|(known, _)| known == name).unwrap().1.clone();
    Fixture {
        secret: setting("secret"),
        now: Timestamp(setting("now").parse::<i64>().unwrap() * 1000),
        headers: parts.next().unwrap().lines().map(pair).collect(),
        body: parts.next().unwrap().to_owned(),
    }
}

fn scheme_of(id: &str) -> Box<dyn SignatureScheme> {
    match id {
        "standard-webhooks" => Box::new(StandardWebhooks),
        "hmac" => Box::new(HmacBody {
            header: "x-signature".into(),
            algorithm: MacAlgorithm::Sha256,
            encoding: Encoding::Hex,
            prefix: "sha256=".into(),
            timestamp_header: None,
        }),
        "static" => Box::new(StaticKey { header: "authorization".into(), bearer: true }),
        other => panic!("no settings for the fixture of {other}"),
    }
}

fn proven(scheme: &dyn SignatureScheme, fixture: &Fixture, secret: &str) -> bool {
    let secret = Secret::new(scheme.key_bytes(secret).unwrap());
    match scheme.claim(fixture, fixture.body.as_bytes(), fixture.now, TOLERANCE).unwrap() {
        Claim::Mac { parts, signatures, .. } => {
            signatures.iter().any(|signature| mac::verify(mac::Algorithm::HmacSha256, &secret, &parts, signature))
        }
        Claim::Static { presented } => mac::equal(presented, secret.expose()),
    }
}

#[test]
fn every_scheme_accepts_its_fixture_and_no_other_secret() {
    for meta in scheme::ALL {
        let fixture = read(meta.id);
        let scheme = scheme_of(meta.id);
        assert!(proven(&*scheme, &fixture, &fixture.secret), "{}", meta.id);
        assert!(!proven(&*scheme, &fixture, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "{}", meta.id);
    }
    println!("signature schemes: {} fixtures", scheme::ALL.len());
}
