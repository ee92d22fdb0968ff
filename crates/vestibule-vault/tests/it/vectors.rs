//! Other people's vectors (C2SP Wycheproof): each run asserts that it ran every case of its file.

use super::inflate::zlib;
use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use serde_json::Value;
use std::path::PathBuf;
use vestibule_vault::cobblestone::{self, CHUNK, Decryptor, HEADER};
use vestibule_vault::mac::{Algorithm, Signer};

/// The cases of a file with their group, or nothing where the vectors are missing.
fn cases(file: &str) -> Option<(usize, Vec<(Value, Value)>)> {
    let folder = std::env::var_os("VESTIBULE_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")), PathBuf::from);
    if !folder.exists() {
        println!("not run: no vectors");
        return None;
    }
    let text = std::fs::read(folder.join("wycheproof").join(file)).unwrap();
    let all: Value = serde_json::from_slice(&text).unwrap();
    let groups = all["testGroups"].as_array().unwrap().iter();
    let cases = groups
        .flat_map(|group| {
            let tests = group["tests"].as_array().unwrap();
            tests.iter().map(|test| (group.clone_without_tests(), test.clone())).collect::<Vec<_>>()
        })
        .collect();
    Some((all["numberOfTests"].as_u64().unwrap() as usize, cases))
}

trait Group {
    fn clone_without_tests(&self) -> Value;
}

impl Group for Value {
    fn clone_without_tests(&self) -> Value {
        let members = self.as_object().unwrap().iter().filter(|(name, _)| *name != "tests");
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn valid(test: &Value) -> bool {
    match test["result"].as_str().unwrap() {
        "valid" => true,
        "invalid" => false,
        other => panic!("result {other}"),
    }
}

#[test]
fn cobblestone_256() {
    let Some((count, cases)) = cases("c2sp_chunked_encryption_aes_256_gcm_test.json") else {
        return;
    };
    let mut ran = 0;
    for (_, test) in &cases {
        let (key, context) = (bytes(&test["key"]), bytes(&test["ctx"]));
        let sealed = zlib(&bytes(&test["ct"]));
        let id = &test["tcId"];
        let expected = test.get("msgLength").map(|len| (len.as_u64().unwrap() as usize, bytes(&test["msgSha512"])));
        let opened = cobblestone::decrypt(&key, &context, &sealed);
        assert_eq!(opened.is_ok(), valid(test), "case {id}");
        let hash = |message: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, message).as_ref().to_vec();
        if let Ok(message) = opened {
            let (len, sha) = expected.as_ref().unwrap();
            assert_eq!((message.len(), hash(&message)), (*len, sha.clone()), "case {id}");
            let salt = sealed[..24].try_into().unwrap();
            let again = cobblestone::encrypt(&key.try_into().unwrap(), &context, salt, &message).unwrap();
            assert_eq!(again, sealed, "case {id}: encryption gives the same bytes");
        } else if let Ok(key) = <[u8; 32]>::try_from(key.as_slice()) {
            for step in [1000, CHUNK, sealed.len().max(1)] {
                let prefix = stream(&key, &context, &sealed, step);
                let (len, sha) = expected.clone().unwrap_or((0, hash(b"")));
                assert_eq!((prefix.len(), hash(&prefix)), (len, sha), "case {id}: longest valid prefix");
            }
        }
        ran += 1;
    }
    println!("wycheproof Cobblestone-256: {ran} cases");
    assert_eq!((ran, count), (35, 35));
}

/// What a streaming reader gives out of an invalid message before the error, which must come.
fn stream(key: &[u8; 32], context: &[u8], sealed: &[u8], step: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let Some((header, chunks)) = sealed.split_first_chunk::<HEADER>() else {
        return out;
    };
    let Ok(mut decryptor) = Decryptor::new(key, context, header) else {
        return out;
    };
    let failed = chunks.chunks(step).any(|piece| decryptor.update(piece, &mut out).is_err());
    if failed {
        assert!(decryptor.update(b"", &mut out).is_err(), "an error is for ever");
    }
    let before = out.len();
    assert!(decryptor.finish(&mut out).is_err());
    assert_eq!(out.len(), before);
    out
}

#[test]
fn hmac() {
    for (file, algorithm) in [
        ("hmac_sha1_test.json", Algorithm::HmacSha1),
        ("hmac_sha256_test.json", Algorithm::HmacSha256),
        ("hmac_sha512_test.json", Algorithm::HmacSha512),
    ] {
        let Some((count, cases)) = cases(file) else {
            return;
        };
        let mut ran = 0;
        for (group, test) in &cases {
            let signer = Signer::new(algorithm, &bytes(&test["key"]));
            let (message, tag) = (bytes(&test["msg"]), bytes(&test["tag"]));
            let whole = signer.sign(&[&message]);
            let len = group["tagSize"].as_u64().unwrap() as usize / 8;
            assert_eq!(whole[..len] == tag, valid(test), "{file} {}", test["tcId"]);
            // Ours verifies whole MACs only: a shortened one is refused even if it is right.
            assert_eq!(signer.verify(&[&message], &tag), valid(test) && len == whole.len());
            ran += 1;
        }
        println!("wycheproof {file}: {ran} cases");
        assert_eq!(ran, count);
    }
}

#[test]
fn aes_gcm() {
    let Some((count, cases)) = cases("aes_gcm_test.json") else {
        return;
    };
    let (mut ran, mut refused) = (0, 0);
    for (group, test) in &cases {
        ran += 1;
        let Ok(nonce) = <[u8; 12]>::try_from(bytes(&test["iv"])) else {
            refused += 1;
            continue;
        };
        let algorithm = match group["keySize"].as_u64().unwrap() {
            128 => &AES_128_GCM,
            192 => &AES_192_GCM,
            _ => &AES_256_GCM,
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &bytes(&test["key"])).unwrap());
        let (aad, message) = (bytes(&test["aad"]), bytes(&test["msg"]));
        let mut sealed = [bytes(&test["ct"]), bytes(&test["tag"])].concat();
        if valid(test) {
            let mut again = message.clone();
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut again).unwrap();
            assert_eq!(again, sealed, "case {}", test["tcId"]);
        }
        let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut sealed);
        assert_eq!(opened.is_ok(), valid(test), "case {}", test["tcId"]);
        if let Ok(opened) = opened {
            assert_eq!(opened, message);
        }
    }
    println!("wycheproof AES-GCM: {ran} cases, of them {refused} refused for nonces that are not 12 bytes");
    assert_eq!((ran, count), (316, 316));
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[test]
fn hkdf_sha512() {
    let Some((count, cases)) = cases("hkdf_sha512_test.json") else {
        return;
    };
    let mut ran = 0;
    for (_, test) in &cases {
        let (salt, secret, info) = (bytes(&test["salt"]), bytes(&test["ikm"]), bytes(&test["info"]));
        let size = test["size"].as_u64().unwrap() as usize;
        let key = Salt::new(HKDF_SHA512, &salt).extract(&secret);
        let info = [info.as_slice()];
        let made = key.expand(&info, Length(size)).and_then(|okm| {
            let mut out = vec![0; size];
            okm.fill(&mut out).map(|()| out)
        });
        assert_eq!(made.is_ok_and(|out| out == bytes(&test["okm"])), valid(test), "case {}", test["tcId"]);
        ran += 1;
    }
    println!("wycheproof HKDF-SHA-512: {ran} cases");
    assert_eq!(ran, count);
}
