//! People in the file itself: pinned and sample data, tables, spreadsheets, saved e-mails.

use std::collections::HashMap;

use vestibule_core::category::Category;
use vestibule_core::document::Document;

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::{Platform, Role, Spot, Step};
use crate::personal::{self, Reading, values};
use crate::source::Place;

/// Kinds of data with which somebody can act in a person's name.
const GRAVE: [&str; 5] = ["national_id", "tax_id", "passport", "drivers_license", "bank_account"];

/// See [`META`].
pub struct PersonalDataInExport;

static META: Meta = Meta {
    id: "personal-data-in-export",
    title: "The file holds people's data",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "Personal data in what the file keeps: pinned data and samples of earlier runs, tables, spreadsheets, saved e-mails. One finding for each step or file, with how much of which kind.",
    why: "Real people's data travels with every export, backup and copy of the scenario, and no erasure reaches it.",
    remedy: "Remove the kept data, or replace it by invented people.\n\nBefore:\n    \"pinData\": { \"Form\": [ { \"email\": \"…\", \"phone\": \"…\" } ] }\n\nAfter:\n    \"pinData\": {}",
    leaves_out: "Addresses of roles such as `info@`, well-known samples, names without a field that calls them so, and people in free text other than their addresses and numbers. Source code and settings files. People at example domains are told with low confidence.",
    requirements: &["R7", "R8", "R12", "R25"],
};

impl Check for PersonalDataInExport {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for step in &cx.scenario.steps {
            let mail = step.module == "file:mail";
            let kept = |spot: &&Spot<'_>| spot.role == Role::Pinned || (mail && spot.role == Role::Note);
            if !step.spots.iter().any(|spot| kept(&spot)) {
                continue;
            }
            let mut count = Count::default();
            let mut names = Names { tape: cx.source.tape(), known: HashMap::new() };
            step.spots.iter().filter(kept).for_each(|spot| count.take(spot, &mut names));
            if let Some(place) = count.first.take() {
                report(cx, step, &place, &count);
            }
        }
    }
}

fn report(cx: &mut Context<'_, '_>, step: &Step<'_>, place: &Place, count: &Count) {
    let kinds: Vec<String> =
        count.kinds.iter().map(|(category, number)| format!("{} ({} × {})", category.about, number, category.key)).collect();
    let what = match cx.scenario.platform {
        Platform::File => "The file holds",
        _ => "Data kept from an earlier run holds",
    };
    let message = format!("{what} data about people: {}.", words::some(&kinds, 8));
    let remedy = match cx.scenario.platform {
        Platform::N8n => {
            "In n8n, open the node, unpin its output and save, or pin invented people instead. Then delete old exports and versions that hold it."
        }
        Platform::Make => "In Make, clear the sample data of the module and export again. Then delete old exports that hold it.",
        Platform::Zapier => {
            "In Zapier, replace the sample of the step by an invented person. Then delete old exports that hold it."
        }
        Platform::File => {
            "Delete the file where it is not needed, and keep it encrypted where it is. For tests, use invented people."
        }
    };
    let grave = count.kinds.iter().any(|(category, _)| category.special || GRAVE.contains(&category.alias));
    let confidence = match (count.samples, count.shown) {
        (true, _) => Confidence::Low,
        (false, true) => Confidence::High,
        (false, false) => Confidence::Medium,
    };
    cx.report(
        Draft::new(&META, place, message, remedy)
            .step(step)
            .severity(if grave { Severity::High } else { META.severity })
            .confidence(confidence),
    );
}

/// What was seen in the kept data of a step.
#[derive(Default)]
struct Count {
    kinds: Vec<(&'static Category, usize)>,
    first: Option<Place>,
    /// All addresses are at domains of examples, and there is at least one.
    samples: bool,
    /// A value showed itself, rather than only fitting its name.
    shown: bool,
    real: bool,
}

impl Count {
    fn take<'d>(&mut self, spot: &Spot<'d>, names: &mut Names<'_, 'd>) {
        if !spot.is_text && spot.value.len() < 7 {
            return;
        }
        let named = names.read(spot, true).filter(|reading| values::fits(reading.category, &spot.value));
        if named.is_some()
            && let Some(reading) = names.read(spot, false).filter(|reading| reading.sure)
        {
            self.add(reading.category, spot);
            if reading.category.alias != "email" {
                return;
            }
            self.address(&spot.value);
            return;
        }
        if !spot.is_text {
            return;
        }
        let mut found = Vec::new();
        values::show(&spot.value, &mut |category, at| found.push((category, at)));
        for (category, at) in found {
            self.add(category, spot);
            if category.alias == "email" {
                let rest = spot.value.get(at..).unwrap_or_default();
                let end = rest.find(|c: char| !(c.is_alphanumeric() || "@._%+-'".contains(c))).unwrap_or(rest.len());
                self.address(rest.get(..end).unwrap_or_default());
            } else {
                self.real = true;
                self.samples = false;
            }
            self.shown = true;
        }
    }

    fn address(&mut self, address: &str) {
        let sample = values::is_example_address(address.trim().trim_end_matches(['>', '.']));
        self.real |= !sample;
        self.samples = !self.real;
        self.shown = true;
    }

    fn add(&mut self, category: &'static Category, spot: &Spot<'_>) {
        match self.kinds.iter_mut().find(|(known, _)| known.code == category.code) {
            Some((_, number)) => *number += 1,
            None => self.kinds.push((category, 1)),
        }
        self.first.get_or_insert_with(|| spot.place.clone());
    }
}

/// What names say; most names of kept data repeat with every record.
struct Names<'t, 'd> {
    tape: Option<&'t Document<'d>>,
    known: HashMap<String, Option<Reading>>,
}

impl Names<'_, '_> {
    /// By the value's own name, or by the names on the way to it too.
    fn read(&mut self, spot: &Spot<'_>, only_own: bool) -> Option<Reading> {
        if only_own {
            return match self.known.get(spot.name.as_ref()) {
                Some(known) => *known,
                None => {
                    let reading = personal::read(&[spot.name.as_ref()]);
                    self.known.insert(spot.name.to_string(), reading);
                    reading
                }
            };
        }
        let (Some(tape), Place::Node(node)) = (self.tape, &spot.place) else {
            return personal::read(&[spot.name.as_ref()]);
        };
        let mut path = vec![spot.name.to_string()];
        let mut at = tape.node(*node).parent();
        for _ in 0..4 {
            if let Some(name) = tape.name(at) {
                path.push(name.into_owned());
            }
            at = tape.node(at).parent();
        }
        path.reverse();
        personal::read(&path)
    }
}
