//! Accounts at Make and n8n: what is asked for, what becomes of the answers, and what is kept of an audit.
//!
//! The platforms are parties on loopback that answer as the vendors document it; no live account was ever met.

mod command;
mod make;
mod n8n;
mod platform;
mod saved;

/// The traffic is looked at in the tests of each client; this holds that there is no second way to send.
#[test]
fn one_place_sends_and_it_sends_gets() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scan/live");
    let (mut files, mut sends, mut methods) = (0, Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        files += 1;
        sends.extend(text.lines().filter(|line| line.contains(".send(")).map(str::to_owned));
        methods.extend(text.lines().filter(|line| line.contains("Method::") || line.contains(".method(")).map(str::to_owned));
    }
    assert!(files >= 6, "{files}");
    assert_eq!(sends.len(), 1, "{sends:?}");
    assert!(methods.len() == 1 && methods[0].contains("Method::GET"), "{methods:?}");
}
