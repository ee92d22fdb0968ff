//! `vestibule scan` as people and build servers use it: exit codes, formats, suppressions, baselines, archives, standard input, bad files.
//!
//! What is found is tested in `vestibule-scan`. Credentials here are made up; none of them may stand in any output.

mod files;

use clap::Parser;
use files::{Folder, KEY, OTHER_KEY, blueprint, clean};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};
use vestibule::cli::scan::{Io, ScanArgs, scan};
use vestibule_core::clock::Timestamp;

/// 2026-11-22
const NOW: Timestamp = Timestamp(1_795_305_600_000);

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: ScanArgs,
}

/// What one run gave.
pub struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    fn checks(&self) -> Vec<String> {
        let json = self.json();
        let mut checks: Vec<_> =
            json["findings"].as_array().unwrap().iter().map(|f| f["check"].as_str().unwrap().to_owned()).collect();
        checks.sort_unstable();
        checks.dedup();
        checks
    }
}

fn run_with(stdin: &[u8], line: &[&str]) -> Ran {
    let cli = Cli::try_parse_from(["scan"].iter().chain(line)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut io = Io { stdin: &mut &stdin[..], out: &mut out, err: &mut err, colour: false, width: 100, now: NOW };
    let code = scan(&cli.args, false, &mut io);
    Ran { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// Runs the command.
pub fn run(line: &[&str]) -> Ran {
    run_with(b"", line)
}

#[test]
fn the_exit_code_says_whether_there_is_something_to_do() {
    let folder = Folder::new(&[("good.json", clean().into()), ("bad.json", blueprint(KEY).into())]);
    let (good, bad) = (folder.path("good.json"), folder.path("bad.json"));
    for format in ["text", "json", "sarif", "html"] {
        assert_eq!(run(&[&bad, "--format", format]).code, 3, "{format}");
        let ran = run(&[&good, "--format", format, "--fail-on", "high"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format}");
    }
    assert_eq!(run(&[&bad, "--fail-on", "never"]).code, 0);
    assert_eq!(run(&[&good, &folder.path("none.json")]).code, 2);
    let empty = Folder::new(&[("main.rs", "fn main() {}".into())]);
    let ran = run(&[&empty.path("")]);
    assert!(ran.code == 2 && ran.err.contains("there is no file to scan (1 of other kinds were passed over)"), "{}", ran.err);
    assert_eq!(run(&[&good, "--gateway", "http://gate.example.com"]).code, 2, "keys do not go there");
    assert!(Cli::try_parse_from(["scan"]).is_err());
}

#[test]
fn what_only_an_account_has_is_refused_for_files() {
    let folder = Folder::new(&[("good.json", clean().into())]);
    for option in ["--save", "--forget"] {
        let ran = run(&[&folder.path("good.json"), option]);
        assert!(ran.code == 2 && ran.err.contains("they need `--account NAME`") && ran.out.is_empty(), "{option}: {}", ran.err);
    }
}

#[test]
fn a_zap_is_said_not_to_be_rewired() {
    let zap = include_bytes!("../../../vestibule-scan/src/check/fixtures/bypasses-gateway.bad.zapier.json");
    let folder = Folder::new(&[("zap.json", zap.to_vec()), ("people.csv", b"a,b\n1,2\n".to_vec())]);
    let rewired = |name: &str, out: &str| {
        let ran = run(&[&folder.path(name), "--rewire", &folder.path(out), "--gateway", "https://gate.example.com"]);
        (ran.out, folder.read(&format!("{out}/CHANGES.txt")))
    };
    let (said, changes) = rewired("zap.json", "out");
    assert!(said.contains("not moved: 1.") && changes.contains("zap.json") && changes.contains("“Webhooks by Zapier”"), "{said}");
    let (_, changes) = rewired("people.csv", "none");
    assert!(changes.starts_with("Nothing to move"), "{changes}");
}

#[test]
fn what_was_named_and_cannot_be_read_ends_the_run_with_2() {
    let cut = clean();
    let folder = Folder::new(&[
        ("none.json", Vec::new()),
        ("program.bin", vec![0; 64]),
        ("cut.json", cut.as_bytes()[..cut.len() / 2].into()),
        ("comments.json", b"{\"a\": 1, // one\n \"b\": 2}".into()),
        ("good.json", clean().into()),
    ]);
    for name in ["none.json", "program.bin", "cut.json"] {
        let (path, good) = (folder.path(name), folder.path("good.json"));
        let ran = run(&[&good, &path, "--fail-on", "high", "--format", "json"]);
        let notices = ran.json()["notices"].clone();
        assert_eq!((ran.code, &notices[0]["kind"], notices.as_array().unwrap().len()), (2, &"not-read".into(), 1), "{name}");
        assert!(run(&[&path]).out.contains("could not be read"), "{name}");
        let sarif = run(&[&path, "--fail-on", "high", "--format", "sarif"]).json();
        let invocation = &sarif["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false, "{name}");
        let said = invocation["toolExecutionNotifications"].as_array().unwrap();
        assert!(said.iter().any(|said| said["level"] == "error"), "{name}: {said:?}");
    }
    let piped = run_with(b"", &["-"]);
    assert!(piped.code == 2 && piped.out.contains("standard input could not be read"), "{}", piped.out);
    assert_eq!(run(&[&folder.path("comments.json")]).code, 0, "all of it is there, and was read as text");
    assert_eq!(run(&[&folder.path(""), "--fail-on", "high"]).code, 0, "what merely lies in a folder is told as not read");
}

#[test]
fn filters_leave_out_and_say_so() {
    let folder = Folder::new(&[("bad.json", blueprint(KEY).into())]);
    let bad = folder.path("bad.json");
    let all = run(&[&bad, "--format", "json"]).json();
    let found = all["findings"].as_array().unwrap().len();
    let few = run(&[&bad, "--format", "json", "--min-severity", "critical"]).json();
    assert!(few["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "critical"));
    let shown = few["findings"].as_array().unwrap().len();
    assert!(shown > 0 && shown < found, "{shown} of {found}");
    assert_eq!(few["summary"]["hidden"], found - shown);
    let privacy = run(&[&bad, "--format", "json", "--persona", "privacy"]);
    assert!(!privacy.checks().contains(&"hardcoded-credential".to_owned()));
    assert!(run(&[&bad, "--min-severity", "critical"]).out.contains("left out by the filters of this run"));
}

#[test]
fn programs_get_findings_and_coverage() {
    let folder = Folder::new(&[("bad.json", blueprint(KEY).into()), ("broken.json", br#"{"flow": [}"#.to_vec())]);
    let ran = run(&[&folder.path(""), "--format", "json"]);
    let json = ran.json();
    for finding in json["findings"].as_array().unwrap() {
        for member in
            ["check", "severity", "confidence", "file", "pointer", "line", "column", "step", "message", "remedy", "fingerprint"]
        {
            assert!(finding.get(member).is_some(), "{member}: {finding}");
        }
    }
    let key = json["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "hardcoded-credential").unwrap();
    assert_eq!((&key["pointer"], &key["line"]), (&"/flow/1/mapper/headers/0/value".into(), &8.into()));
    let coverage = json["coverage"].as_array().unwrap();
    assert_eq!(
        (&coverage[0]["platform"], &coverage[0]["steps"], &coverage[0]["understood"]),
        (&"make".into(), &2.into(), &2.into())
    );
    assert!(coverage[1]["error"].is_string(), "{json}");
    assert!(ran.checks().contains(&"unreadable-file".to_owned()), "what cannot be read is a finding too: {:?}", ran.checks());
}

#[test]
fn a_baseline_lets_only_what_is_new_count() {
    let folder = Folder::new(&[("a.json", blueprint(KEY).into())]);
    let (file, baseline) = (folder.path("a.json"), folder.path("baseline.json"));
    assert_eq!(run(&[&file, "--write-baseline", &baseline]).code, 0);
    let known = run(&[&file, "--baseline", &baseline, "--format", "json"]);
    assert_eq!((known.code, known.json()["findings"].as_array().unwrap().len()), (0, 0));
    assert!(!known.json()["known"].as_array().unwrap().is_empty());
    folder.write("a.json", blueprint(OTHER_KEY).as_bytes());
    let changed = run(&[&file, "--baseline", &baseline, "--format", "json"]);
    assert_eq!(
        (changed.code, changed.checks()),
        (3, vec!["hardcoded-credential".to_owned()]),
        "another key in the same place is new"
    );
    let salt = |text: &str| serde_json::from_str::<Value>(text).unwrap()["salt"].clone();
    let before = salt(&folder.read("baseline.json"));
    assert_eq!(run(&[&file, "--write-baseline", &baseline]).code, 0);
    assert_eq!(salt(&folder.read("baseline.json")), before, "marks of older suppressions keep their meaning");
    assert_eq!(run(&[&file, "--baseline", &baseline]).code, 0);
    let wrong = run(&[&file, "--baseline", &file]);
    assert!(wrong.code == 2 && wrong.err.contains("error[scan.baseline]: this is no baseline"), "{}", wrong.err);
    assert!(!wrong.err.contains(OTHER_KEY));
}

#[test]
fn a_suppression_holds_until_its_day_and_for_its_value_only() {
    let folder = Folder::new(&[("a.json", blueprint(KEY).into())]);
    let (file, baseline, list) = (folder.path("a.json"), folder.path("baseline.json"), folder.path("accepted.toml"));
    run(&[&file, "--write-baseline", &baseline]);
    let entries: Value = serde_json::from_str(&folder.read("baseline.json")).unwrap();
    let mark = entries["findings"].as_array().unwrap().iter().find_map(|entry| entry["value"].as_str()).unwrap().to_owned();
    let accept = |step: &str, until: &str| {
        let salt = entries["salt"].as_str().unwrap();
        folder.write(
            "accepted.toml",
            format!("salt = \"{salt}\"\n[[suppress]]\ncheck = \"hardcoded-credential\"\nstep = \"{step}\"\nvalue = \"{mark}\"\nreason = \"a sandbox\"\nexpires = {until}\n").as_bytes(),
        );
        run(&[&file, "--suppress", &list, "--format", "json", "--min-severity", "critical"])
    };
    let accepted = accept("Create candidate", "2026-11-22");
    assert_eq!(accepted.code, 0, "{}", accepted.out);
    let json = accepted.json();
    assert_eq!(
        (&json["suppressed"][0]["reason"], &json["suppressed"][0]["expires"]),
        (&"a sandbox".into(), &"2026-11-22".into())
    );
    let expired = accept("Create candidate", "2026-11-21");
    assert_eq!((expired.code, &expired.json()["notices"][0]["kind"]), (3, &"suppression-expired".into()));
    let elsewhere = accept("Another step", "2026-11-22");
    assert_eq!((elsewhere.code, &elsewhere.json()["notices"][0]["kind"]), (3, &"suppression-unused".into()));
    accept("Create candidate", "2026-11-22");
    folder.write("a.json", blueprint(OTHER_KEY).as_bytes());
    assert_eq!(run(&[&file, "--suppress", &list, "--min-severity", "critical"]).code, 3, "another key is another decision");
    folder.write("accepted.toml", b"[[suppress]]\ncheck = \"hardcoded-credential\"\nreason = \"x\"\nexpires = 2027-01-01\n");
    let broad = run(&[&file, "--suppress", &list]);
    assert!(
        broad.code == 2 && broad.err.contains("error[scan.suppression]: this would silence the check everywhere"),
        "{}",
        broad.err
    );
    assert!(broad.err.contains("accepted.toml:2:1"), "{}", broad.err);
}

#[test]
fn standard_input_and_archives_are_read_like_files() {
    let piped = run_with(blueprint(KEY).as_bytes(), &["-", "--format", "json"]);
    assert!(piped.code == 3 && piped.checks().contains(&"hardcoded-credential".to_owned()));
    assert_eq!(piped.json()["coverage"][0]["file"], "-");
    let zip = files::zip(&[("inner/intake.json", blueprint(KEY).as_bytes()), ("../escape.json", clean().as_bytes())]);
    let folder = Folder::new(&[("all.zip", zip)]);
    let packed = run(&[&folder.path("all.zip"), "--format", "json"]);
    assert!(packed.json()["findings"].as_array().unwrap().iter().any(|finding| {
        finding["check"] == "hardcoded-credential" && finding["file"].as_str().unwrap().ends_with("all.zip!inner/intake.json")
    }));
}

#[test]
fn files_that_cannot_be_read_are_told_and_counted() {
    let files: &[(&str, Vec<u8>)] = &[
        ("cut.json", blueprint(KEY).as_bytes()[..120].to_vec()),
        ("empty.json", Vec::new()),
        ("deep.json", [b"[".repeat(200_000), b"]".repeat(200_000)].concat()),
        ("picture.json", b"\x89PNG\r\n\x1a\n\0\0".to_vec()),
        ("bytes.json", b"{\"a\": \"\xff\xfe\"}".to_vec()),
        ("wide.json", blueprint(KEY).encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("bomb.zip", b"PK\x03\x04nonsense".to_vec()),
    ];
    let folder = Folder::new(files);
    let json = run(&[&folder.path(""), "--format", "json"]).json();
    let coverage = json["coverage"].as_array().unwrap();
    for (name, _) in files {
        assert!(coverage.iter().any(|file| file["file"].as_str().unwrap().ends_with(name)), "{name} is not in the coverage");
    }
    let told =
        |name: &str| coverage.iter().any(|file| file["file"].as_str().unwrap().ends_with(name) && file["error"].is_string());
    assert!(["cut.json", "empty.json", "deep.json", "picture.json", "bomb.zip"].iter().all(|name| told(name)), "{coverage:?}");
    let text = run(&[&folder.path("")]).out;
    let last = text.lines().rfind(|line| !line.starts_with(' ')).unwrap();
    assert!(text.contains(" not read") && last.starts_with("7 files, "), "{text}");
}

#[test]
fn the_same_files_give_the_same_report() {
    let names: Vec<String> = (0..40).map(|at| format!("{:02}/s.json", (at * 17) % 40)).collect();
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), blueprint(KEY).into())).collect();
    let folder = Folder::new(&files);
    let baseline = folder.path("known.txt");
    folder.write(
        "known.txt",
        format!("{{\"vestibule_baseline\":1,\"salt\":\"{}\",\"made\":\"\",\"findings\":[]}}", "07".repeat(32)).as_bytes(),
    );
    for format in ["text", "json", "sarif", "html"] {
        let line = [&folder.path(""), "--baseline", &baseline, "--format", format];
        assert!(run(&line).out == run(&line).out, "{format}");
    }
    let first = run(&[&folder.path(""), "--baseline", &baseline, "--format", "json"]).json();
    let order: Vec<&str> =
        first["findings"].as_array().unwrap().iter().map(|finding| finding["file"].as_str().unwrap()).collect();
    assert!(order.is_sorted());
}

#[test]
fn no_output_holds_a_value() {
    let folder = Folder::new(&[
        ("a.json", blueprint(KEY).into()),
        (".env", files::settings().into()),
        ("people.csv", files::people().into()),
    ]);
    let (path, baseline) = (folder.path(""), folder.path("baseline.txt"));
    for format in ["text", "json", "sarif", "html"] {
        let ran = run(&[&path, "--format", format, "--write-baseline", &baseline]);
        assert!(ran.out.contains("hardcoded-credential") || ran.out.contains("Credential"), "something was found: {}", ran.out);
        for planted in files::PLANTED {
            assert!(!ran.out.contains(planted) && !ran.err.contains(planted), "{format} holds {planted}");
        }
    }
    let written = folder.read("baseline.txt");
    assert!(files::PLANTED.iter().all(|planted| !written.contains(planted)));
}

#[test]
fn scenarios_are_written_behind_the_gateway() {
    let folder = Folder::new(&[("in/a.json", blueprint(KEY).into())]);
    let (from, to) = (folder.path("in/a.json"), folder.path("out"));
    let ran = run(&[&from, "--gateway", "https://gate.example.com", "--rewire", &to]);
    let below = from.trim_start_matches('/');
    let written = folder.read(&format!("out/{below}"));
    assert!(written.contains("https://gate.example.com/out/") && !written.contains(KEY), "{written}");
    assert!(serde_json::from_str::<Value>(&written).is_ok());
    let told = folder.read("out/CHANGES.txt");
    assert!(told.contains("Create candidate") && ran.out.contains("gate.example.com/out/") && !told.contains(KEY), "{told}");
    let again = run(&[&from, "--gateway", "https://gate.example.com", "--rewire", &to]);
    assert!(again.code == 1 && again.err.contains("nothing in it is overwritten"), "{}", again.err);
    assert_eq!(folder.read("in/a.json"), blueprint(KEY), "the original stays");
    assert!(Cli::try_parse_from(["scan", "a.json", "--rewire", "out"]).is_err(), "it needs to know where the gateway is");
}

#[test]
fn the_configuration_that_is_needed_is_written_once() {
    let folder = Folder::new(&[("a.json", blueprint(KEY).into()), ("b.json", clean().into())]);
    let plan = folder.path("plan.toml");
    let line = [&folder.path("a.json"), "--gateway", "https://gate.example.com", "--fix-plan", &plan];
    let ran = run(&line);
    let written = folder.read("plan.toml");
    assert!(written.contains("[out.") && written.contains("https://ats.example.net") && !written.contains(KEY), "{written}");
    assert!(ran.code == 3 && ran.out.contains("the configuration for these scenarios is in"), "{}", ran.out);
    let again = run(&line);
    assert!(again.code == 1 && again.err.contains("error[cli.exists]") && again.out.is_empty(), "{}", again.err);
    let none = run(&[&folder.path("b.json"), "--fix-plan", &folder.path("none.toml")]);
    assert!(none.out.contains("nothing was found that would go through the gateway") && none.code == 0, "{}", none.out);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let folder = Folder::new(&[("a b.json", blueprint(KEY).into()), ("broken.json", b"{".to_vec())]);
    let Ok(packages) = std::env::var("VESTIBULE_NODE_DIR") else {
        println!("not run: SARIF by its schema (VESTIBULE_NODE_DIR is not set)");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/node/sarif.mjs");
    let judge = |log: &str| {
        let command = Command::new("node")
            .arg(script)
            .env("VESTIBULE_NODE_DIR", &packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = command.unwrap();
        child.stdin.take().unwrap().write_all(log.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let log = run(&[&folder.path(""), "--format", "sarif"]).out;
    assert_eq!(judge(&log), "{\"ok\":true}\n");
    assert!(judge(&log.replace("\"startLine\"", "\"firstLine\"")).starts_with("{\"ok\":false"), "the judge can refuse");
    println!("SARIF by its schema: 1 log accepted");
}
