//! Scenarios that have not run, or not changed, for a long time.

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::source::{At, Text};

/// Days after which a scenario counts as forgotten.
const DAYS: i32 = 90;

/// See [`META`].
pub struct StaleScenario;

static META: Meta = Meta {
    id: "stale-scenario",
    title: "Nobody seems to use it any more",
    severity: Severity::Low,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A scenario whose last run lies more than 90 days back or that has never run. Where the file does not know about runs, one that has not changed for 90 days, for information.",
    why: "A forgotten scenario keeps its connections, its webhook and the data of its runs. Nobody notices when somebody else uses them.",
    remedy: "Switch it off, withdraw its keys and connections, and delete it when nobody misses it. Or run it once and note who needs it.\n\nBefore:\n    last run: 14 months ago, active\n\nAfter:\n    off, connection deleted, workflow key revoked: vestibule keys revoke",
    leaves_out: "Files that know neither runs nor changes. An unchanged scenario may run every day, so this alone is information only.",
    requirements: &["R117", "R49", "R114"],
};

impl Check for StaleScenario {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let scenario = cx.scenario;
        let today = cx.settings.today;
        let days = |at: &At<Text<'_>>| date(&at.value).and_then(|date| Some(today.since(date).ok()?.get_days()));
        let never = |at: &&At<Text<'_>>| matches!(at.value.trim(), "" | "null");
        let remedy = "Ask the owner whether it is still needed. If not, switch it off, delete its connections and webhook, and revoke its workflow key with `vestibule keys revoke`.";
        let draft = if let Some(never) = scenario.last_run.as_ref().filter(never) {
            let unchanged = scenario.changed.as_ref().and_then(days).is_none_or(|days| days > DAYS);
            unchanged.then(|| Draft::new(&META, &never.place, "No run of the scenario is on record.", remedy))
        } else if let Some(ran) = scenario.last_run.as_ref() {
            days(ran)
                .filter(|days| *days > DAYS)
                .map(|days| Draft::new(&META, &ran.place, format!("The scenario last ran {days} days ago."), remedy))
        } else if let Some(changed) = scenario.changed.as_ref() {
            days(changed).filter(|days| *days > DAYS).map(|days| {
                let message = format!("The scenario last changed {days} days ago; the file does not say whether it still runs.");
                Draft::new(&META, &changed.place, message, remedy).severity(Severity::Info).confidence(Confidence::Low)
            })
        } else {
            None
        };
        if let Some(draft) = draft {
            cx.report(draft);
        }
    }
}

/// `2026-11-22…`, or seconds or milliseconds since 1970.
fn date(text: &str) -> Option<jiff::civil::Date> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        let seconds = if number > 100_000_000_000 { number / 1_000 } else { number };
        return (seconds > 0)
            .then(|| jiff::Timestamp::from_second(seconds).ok())
            .flatten()
            .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
    }
    text.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_three_forms() {
        let day = Some(jiff::civil::date(2026, 1, 31));
        assert_eq!(date("2026-01-31T10:00:00.000Z"), day);
        assert_eq!(date("1769817600"), day);
        assert_eq!(date("1769817600000"), day);
        assert_eq!(date("yesterday"), None);
        assert_eq!(date("0"), None);
    }
}
