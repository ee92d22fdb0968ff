//! The report for programs: one object with `findings` and `coverage`, and what else a program may ask.
//!
//! ```text
//! {"summary": {…}, "findings": [{"check", "severity", "confidence", "file", "pointer", "line", "column", "scenario", "step", "message",
//!   "remedy", "fingerprint", "value"?}], "suppressed": [{…, "reason", "expires"}], "known": [{…}],
//!   "coverage": [{"file", "platform", "steps", "understood", "skipped", "error"?}], "notices": [{"kind", "message"}], "drift"?: {…}}
//! ```
//! `findings` are those to act on; `known` are those of the baseline. Members may be added, none changes its meaning.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{Notice, Report, Totals};
use crate::finding::{Coverage, Finding};
use crate::suppress::Suppressed;

#[derive(Serialize)]
struct Whole<'r> {
    summary: Totals,
    findings: &'r [Finding],
    suppressed: &'r [Suppressed],
    known: &'r [Finding],
    coverage: &'r [Coverage],
    notices: &'r [Notice],
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    drift: &'r serde_json::Value,
}

/// Bytes that are handed on at a time: what a pipe holds.
const PIECE: usize = 64 << 10;

/// Writes the report, in large pieces and to the end.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, out: impl io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(PIECE, out);
    let whole = Whole {
        summary: report.totals(),
        findings: &report.findings,
        suppressed: &report.suppressed,
        known: &report.known,
        coverage: &report.coverage,
        notices: &report.notices,
        drift: &report.drift,
    };
    serde_json::to_writer_pretty(&mut out, &whole)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;
    use serde_json::Value;

    #[test]
    fn every_promised_member_is_there() {
        let mut out = Vec::new();
        write(&samples::report(3), &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        let members =
            ["check", "severity", "confidence", "file", "pointer", "line", "column", "step", "message", "remedy", "fingerprint"];
        for finding in value["findings"].as_array().unwrap() {
            assert!(members.iter().all(|member| finding.get(member).is_some()), "{finding}");
        }
        assert_eq!(value["findings"][0]["severity"], "critical");
        assert_eq!(value["suppressed"][0]["reason"], "a sandbox key");
        assert_eq!(value["coverage"][1]["error"], "line 12, column 3: a comma or `}` is missing");
        for member in ["file", "platform", "steps", "understood", "skipped"] {
            assert!(value["coverage"][0].get(member).is_some(), "{member}");
        }
        assert_eq!(value["summary"]["findings"], 3);
    }
}
