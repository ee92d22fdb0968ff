//! The report of a run: one JSON object, or a table for people. Writes to what
//! it is given; decides nothing.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::load::{CONNECTIONS, Sample};
use super::machine::Machine;
use super::outcome::{Outcome, Party};
use super::run::Plan;

/// One JSON object and a line end. A ratio that was not measured is `null`.
pub(super) fn json(out: &mut dyn Write, plan: &Plan, outcome: &Outcome, machine: &Machine) -> io::Result<()> {
    let mut report = Map::new();
    for ratio in outcome.ratios() {
        report.insert(ratio.key.to_owned(), json!(ratio.value.map(rounded)));
    }
    let mut members = [(); 4].map(|()| Map::new());
    let [requests, rows, cpu, counts] = &mut members;
    for (party, _) in outcome.samples() {
        let Some(median) = outcome.median(party) else {
            continue;
        };
        let rate = json!(median.per_second.round());
        // an acknowledged event is one row of the store and one request
        if party != Party::RawStore {
            requests.insert(party.key().to_owned(), rate.clone());
        }
        if matches!(party, Party::RawStore | Party::GatewayIngress) {
            rows.insert(party.key().to_owned(), rate);
        }
        cpu.insert(party.key().to_owned(), json!(rounded(median.cpu_each)));
        counts.insert(party.key().to_owned(), json!(median.count));
    }
    let names = ["requests_per_second", "rows_per_second", "cpu_us_per_request", "requests"];
    for (name, member) in names.into_iter().zip(members) {
        report.insert(name.to_owned(), Value::Object(member));
    }
    let rounds: Map<String, Value> =
        outcome.samples().map(|(party, samples)| (party.key().to_owned(), samples.iter().map(round).collect())).collect();
    report.insert("rounds".to_owned(), Value::Object(rounds));
    report.insert(
        "load".to_owned(),
        json!({
            "connections": CONNECTIONS,
            "rounds": plan.rounds,
            "warm_up_seconds": plan.warm_up.as_secs_f64(),
            "measured_seconds": plan.measured.as_secs_f64(),
            "gateway_data_threads": 1,
            "nginx_workers": 1,
        }),
    );
    report.insert("machine".to_owned(), serde_json::to_value(machine)?);
    writeln!(out, "{}", Value::Object(report))
}

fn round(sample: &Sample) -> Value {
    json!({
        "per_second": sample.per_second().round(),
        "cpu_us": rounded(sample.cpu_each()),
    })
}

/// Three digits after the point: more would pretend.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// The table.
pub(super) fn table(out: &mut dyn Write, plan: &Plan, outcome: &Outcome, machine: &Machine) -> io::Result<()> {
    let unknown = || "unknown".to_owned();
    writeln!(
        out,
        "{} cores, {}, Linux {}, databases on {}\n{}, SQLite {}, vestibule {}",
        machine.cores,
        machine.processor.clone().unwrap_or_else(unknown),
        machine.kernel.clone().unwrap_or_else(unknown),
        machine.file_system.clone().unwrap_or_else(unknown),
        machine.nginx.clone().unwrap_or_else(unknown),
        machine.sqlite,
        machine.vestibule,
    )?;
    writeln!(
        out,
        "{CONNECTIONS} connections, 2 KB JSON each way, 8 protected fields; medians of {} rounds of {} s; one data thread or worker each\n",
        plan.rounds,
        plan.measured.as_secs_f64()
    )?;
    writeln!(out, "{:<28}{:>12}{:>16}{:>14}", "", "a second", "CPU us each", "counted")?;
    for (party, _) in outcome.samples() {
        if let Some(median) = outcome.median(party) {
            writeln!(out, "{:<28}{:>12.0}{:>16.1}{:>14}", party.label(), median.per_second, median.cpu_each, median.count)?;
        }
    }
    writeln!(out, "\n{:<54}{:>8}{:>10}{:>10}", "", "ratio", "must", "goal")?;
    for ratio in outcome.ratios() {
        let Some(value) = ratio.value else { continue };
        let sign = if ratio.at_most { "<=" } else { ">=" };
        let verdict = match (ratio.meets(ratio.must), ratio.meets(ratio.goal)) {
            (_, Some(true)) => "goal reached",
            (Some(true), _) => "within bounds",
            _ => "MISSED",
        };
        writeln!(
            out,
            "{:<54}{:>8.2}{:>10}{:>10}  {verdict}",
            ratio.label,
            value,
            format!("{sign} {}", ratio.must),
            format!("{sign} {}", ratio.goal),
        )?;
    }
    if machine.volatile() {
        writeln!(out, "\nnote: the databases lay in memory, where a sync costs nothing; use `--data` with a folder on a disk")?;
    }
    if !machine.optimised {
        writeln!(out, "\nnote: this is a debug build; its figures mean nothing. Use `cargo run --release -- bench`")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use std::time::Duration;

    fn plan() -> Plan {
        Plan {
            parties: Party::ALL.to_vec(),
            rounds: 1,
            warm_up: Duration::from_secs(1),
            measured: Duration::from_secs(6),
            parent: std::env::temp_dir(),
            nginx: "nginx".into(),
        }
    }

    fn machine() -> Machine {
        Machine {
            cores: 2,
            processor: None,
            kernel: Some("6.1".to_owned()),
            file_system: Some("ext4".to_owned()),
            nginx: Some("nginx/1.22.1".to_owned()),
            sqlite: "3",
            vestibule: "0.1.0",
            optimised: true,
        }
    }

    fn outcome(parties: &[Party]) -> Outcome {
        let mut outcome = Outcome::new(parties);
        for (party, cpu) in parties.iter().zip([6, 17, 34, 30, 60, 80, 40]) {
            outcome
                .add(*party, Sample { count: 60_000, elapsed: Duration::from_secs(6), cpu: Duration::from_micros(cpu * 60_000) });
        }
        outcome
    }

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_has_the_promised_members() {
        let text = text(|out| json(out, &plan(), &outcome(&Party::ALL), &machine()));
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["egress_cpu_ratio"], 2.0);
        assert_eq!(report["egress_tls_cpu_ratio"], 2.0);
        assert_eq!(report["ingress_cpu_ratio"], 4.706);
        assert_eq!(report["ingress_store_ratio"], 1.0);
        assert_eq!(report["requests_per_second"]["gateway_egress"], 10_000.0);
        assert_eq!(report["rows_per_second"]["raw_store"], 10_000.0);
        assert_eq!(report["cpu_us_per_request"]["nginx_return_200"], 6.0);
        assert_eq!(report["requests"]["nginx_proxy"], 60_000);
        assert_eq!(report["machine"]["cores"], 2);
        assert_eq!(report["rounds"]["raw_store"][0]["cpu_us"], 40.0);
    }

    #[test]
    fn what_was_not_run_is_null() {
        let text = text(|out| json(out, &plan(), &outcome(&[Party::NginxDirect]), &machine()));
        let report: Value = serde_json::from_str(&text).unwrap();
        for ratio in outcome(&[]).ratios() {
            assert_eq!(report[ratio.key], Value::Null);
        }
        assert!(report["requests_per_second"].get("gateway_egress").is_none());
    }

    #[test]
    fn the_table_says_what_is_met_and_what_not() {
        let text = text(|out| table(out, &plan(), &outcome(&Party::ALL), &machine()));
        let line = |start: &str| text.lines().find(|l| l.starts_with(start)).unwrap();
        assert!(line("egress, CPU").ends_with("2.00      <= 3    <= 2.2  goal reached"), "{text}");
        assert!(line("ingress, CPU").ends_with("within bounds"));
        assert!(line("raw SQLite loop").ends_with("60000"));
        assert!(!text.contains("note:"));
        let mut slow = outcome(&Party::ALL);
        for _ in 0..2 {
            slow.add(Party::GatewayEgress, Sample { count: 10, elapsed: Duration::from_secs(1), cpu: Duration::from_secs(1) });
        }
        let mut memory = machine();
        memory.file_system = Some("tmpfs".to_owned());
        memory.optimised = false;
        let text = self::text(|out| table(out, &plan(), &slow, &memory));
        assert!(text.contains("MISSED") && text.contains("in memory") && text.contains("debug build"));
    }
}
