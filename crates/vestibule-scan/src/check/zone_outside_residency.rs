//! Scenarios that run, or send, outside the places that the owner allows.

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct ZoneOutsideResidency;

static META: Meta = Meta {
    id: "zone-outside-residency",
    title: "Runs outside the allowed region",
    severity: Severity::Medium,
    confidence: Confidence::High,
    personas: &[Persona::Privacy, Persona::Security],
    what: "A scenario whose platform zone is not among the allowed ones, or that posts to a webhook in such a zone. Without a list of allowed zones, Make's zones outside the European Union are told, as low.",
    why: "Where the platform runs is where personal data is processed and its logs are kept. For people in the European Union, other places need a legal ground.",
    remedy: "Move the scenario to an organisation in an allowed zone, or record the ground of the transfer and allow the zone with `--zone`.\n\nBefore:\n    us1.make.com\n\nAfter:\n    eu1.make.com",
    leaves_out: "Platforms that do not tell their region in the file: Zapier, and n8n on a server of your own, unless a list of zones is given.",
    requirements: &["R24", "R22", "R23"],
};

impl Check for ZoneOutsideResidency {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let zones = cx.settings.zones;
        // nobody has said what is allowed: a question rather than a fault
        let (severity, outside) = match zones {
            [] => (Severity::Low, "which is not in the European Union"),
            _ => (META.severity, "which is not among the allowed ones"),
        };
        if let Some(zone) = cx.scenario.zone.as_ref().filter(|zone| is_outside(&zone.value, zones)) {
            let message = format!("The scenario runs in the zone `{}`, {outside}.", zone.value);
            let remedy = "Move the scenario to an organisation in an allowed zone (export the blueprint there, import it here, make its connections anew). If the zone is meant, record the ground of the transfer and allow it with `--zone`.";
            cx.report(Draft::new(&META, &zone.place, message, remedy).severity(severity));
        }
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let host = cx.facts.step(index).and_then(|facts| facts.address).and_then(|address| address.known_host());
            let zone = host.and_then(|host| host.strip_prefix("hook."));
            let (Some(zone), Some(url)) = (zone.filter(|zone| is_make(zone) && is_outside(zone, zones)), step.url()) else {
                continue;
            };
            let message = format!("The step posts to a webhook in the zone `{zone}`, {outside}.");
            let remedy = "Move the receiving scenario to an organisation in an allowed zone, or record the ground of the transfer and allow the zone with `--zone`.";
            cx.report(Draft::new(&META, &url.place, message, remedy).step(step).severity(severity));
        }
    }
}

fn is_outside(zone: &str, allowed: &[String]) -> bool {
    let zone = zone.trim();
    if allowed.is_empty() {
        return is_make(zone) && !zone.to_ascii_lowercase().starts_with("eu");
    }
    !zone.is_empty() && !allowed.iter().any(|name| name.eq_ignore_ascii_case(zone))
}

fn is_make(zone: &str) -> bool {
    let zone = zone.to_ascii_lowercase();
    zone.ends_with(".make.com") || zone.ends_with(".make.celonis.com") || zone.ends_with(".integromat.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_told_apart() {
        assert!(is_outside("us1.make.com", &[]) && is_outside("US2.make.celonis.com", &[]));
        assert!(
            !is_outside("eu1.make.com", &[]) && !is_outside("eu1.make.celonis.com", &[]) && !is_outside("n8n.example.com", &[])
        );
        let only = ["eu2.make.com".to_owned()];
        assert!(is_outside("eu1.make.com", &only) && is_outside("n8n.example.com", &only) && !is_outside("EU2.make.com", &only));
    }
}
