//! The official Standard Webhooks packages sign what we accept, and accept what we deliver.
//!
//! `./test` installs them and names them by `VESTIBULE_NODE_DIR` and `VESTIBULE_PYTHON`; without those nothing is run.

use crate::world::Scheme;
use crate::world::source::secret_of;
use crate::world::{Request, Seen, World, by};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use vestibule::ops;

/// Messages that each package signs.
const MESSAGES: usize = 12;

/// How the scripts of one package are run.
struct Package {
    name: &'static str,
    program: String,
    sign: PathBuf,
    verify: PathBuf,
}

impl Package {
    fn run(&self, script: &PathBuf, arguments: &[&str], input: &str) -> Vec<Value> {
        let mut child = Command::new(&self.program)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // on a thread of its own: the scripts answer while they read
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{} failed", script.display());
        writer.join().unwrap().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn packages() -> Vec<Package> {
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop");
    let mut packages = Vec::new();
    match std::env::var("VESTIBULE_NODE_DIR") {
        Ok(_) => packages.push(Package {
            name: "npm",
            program: "node".into(),
            sign: scripts.join("node/sign.mjs"),
            verify: scripts.join("node/verify.mjs"),
        }),
        Err(_) => println!("not run: Standard Webhooks with the npm package (VESTIBULE_NODE_DIR is not set)"),
    }
    match std::env::var("VESTIBULE_PYTHON") {
        Ok(program) => packages.push(Package {
            name: "PyPI",
            program,
            sign: scripts.join("python/sign.py"),
            verify: scripts.join("python/verify.py"),
        }),
        Err(_) => println!("not run: Standard Webhooks with the PyPI package (VESTIBULE_PYTHON is not set)"),
    }
    packages
}

#[test]
fn official_packages_sign_what_we_accept_and_accept_what_we_deliver() {
    for package in packages() {
        let world = World::new();
        let secret = secret_of(Scheme::Standard);
        let signed = package.run(&package.sign, &[&MESSAGES.to_string(), secret], "");
        assert_eq!(signed.len(), MESSAGES);
        let mut accepted = 0;
        for message in &signed {
            let text = |name: &str| message[name].as_str().unwrap();
            let body = STANDARD.decode(text("body_base64")).unwrap();
            let request = Request::new("POST", "/in/open")
                .json(body.clone())
                .header("webhook-id", text("id"))
                .header("webhook-timestamp", &message["timestamp"].to_string())
                .header("webhook-signature", text("signature"));
            let mut altered = request.clone().with("webhook-id", &format!("{}x", text("id")));
            assert_eq!(world.send(&altered).status, 401, "another id");
            altered = request.clone();
            altered.body[0] ^= 1;
            assert_eq!(world.send(&altered).status, 401, "another body");
            let answer = world.send(&request);
            assert_eq!(answer.status, 200, "{}: {}", package.name, answer.text());
            accepted += 1;
        }
        let delivered = world.platform.wait_for(MESSAGES);
        let shown = ops::keys::signing(&world.app, &by(), "open").unwrap();
        let secret = shown["secrets"][0].as_str().unwrap();
        let line = |seen: &Seen, secret: &str, body: &[u8]| {
            let headers: Value = ["webhook-id", "webhook-timestamp", "webhook-signature"]
                .iter()
                .map(|name| ((*name).to_owned(), json!(seen.header(name).unwrap())))
                .collect::<serde_json::Map<_, _>>()
                .into();
            json!({ "headers": headers, "body_base64": STANDARD.encode(body), "secret": secret }).to_string() + "\n"
        };
        let genuine: String = delivered.iter().map(|seen| line(seen, secret, &seen.body)).collect();
        let altered: String = delivered.iter().map(|seen| line(seen, secret, &[&seen.body[..], b" "].concat())).collect();
        let foreign: String = delivered.iter().map(|seen| line(seen, secret_of(Scheme::Standard), &seen.body)).collect();
        for (lines, expected) in [(genuine, true), (altered, false), (foreign, false)] {
            let verdicts = package.run(&package.verify, &[], &lines);
            assert_eq!(verdicts, vec![json!({ "ok": expected }); MESSAGES], "{}", package.name);
        }
        println!(
            "interop {}: {accepted} of {MESSAGES} accepted here, {MESSAGES} of {MESSAGES} deliveries accepted there",
            package.name
        );
    }
}
