//! The scenario file with its HTTP steps moved behind the gateway, for Make and n8n.
//!
//! What a step needs for it changes: the address, the credentials typed into it, the way it proves itself, the certificate check.
//! Every other byte of the file stays. The workflow's key is never written: the step asks for a credential of the platform that a
//! person picks after importing. A step is moved whole or not at all; what cannot be moved is listed with the reason, and so is what a
//! person must still do. It does not write the gateway's configuration, and it does not touch native modules.

mod address;
mod make;
mod n8n;
mod secrets;
mod shown;

use std::collections::{HashMap, HashSet};

use vestibule_core::document::{Document, Edits, NodeId, escape_string};

use crate::credential;
use crate::model::{Auth, EntryBy, Kind, Platform, Request, Role, Scenario, Step};
use crate::remedy;
use crate::run::Settings;
use crate::source::recognise::{self, Read};
use crate::source::{Place, Source};
use crate::vendor;

use secrets::Secrets;

pub use secrets::is_credential_header;

/// A rewritten file.
#[derive(Clone, PartialEq, Eq)]
pub struct Rewired {
    /// The file to write, in UTF-8; the same as the input where nothing changed.
    pub text: Vec<u8>,
    /// What became different, in the order of the file.
    pub changes: Vec<Change>,
    /// What stays outside the gate, and what a person must still do.
    pub outside: Vec<Outside>,
}

/// One setting that became different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The scenario's name.
    pub scenario: String,
    /// The step's name; with its number in brackets where it has no name of its own.
    pub step: String,
    /// JSON Pointer of the setting, in the file as it was.
    pub pointer: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What it is called: `address`, `header Authorization`, `authentication`.
    pub setting: String,
    /// What was there, without the value of any credential; empty where nothing was.
    pub before: String,
    /// What is there now; empty where it was taken out.
    pub after: String,
}

/// A step that stays outside the gate, or something in a moved step that a person must still do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The scenario's name.
    pub scenario: String,
    /// The step, as in [`Change::step`].
    pub step: String,
    /// The platform's key of its module.
    pub module: String,
    /// JSON Pointer into the file.
    pub pointer: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Why, and what to do instead, in a sentence.
    pub why: String,
}

impl std::fmt::Debug for Rewired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rewired")
            .field("bytes", &self.text.len())
            .field("changes", &self.changes)
            .field("outside", &self.outside)
            .finish()
    }
}

impl Rewired {
    /// What changed and what stays outside, for a person: several lines, no colour.
    pub fn difference(&self) -> String {
        shown::difference(self)
    }
}

/// Rewrites one file of Make or n8n. `None` for every other file: archives, files of other platforms, files read in parts, and files
/// that hold several documents.
pub fn file(path: &str, bytes: &[u8], settings: &Settings<'_>) -> Option<Rewired> {
    let (mut found, mut documents) = (None, 0);
    recognise::read(path, bytes, &mut |read| match read {
        Read::Scenarios(source, scenarios) => {
            documents += 1;
            if source.path == path {
                found = rewire(source, &scenarios, settings);
            }
        }
        Read::Part(..) => documents += 2,
        Read::Unreadable { .. } => {}
    });
    found.filter(|_| documents == 1)
}

/// Rewrites a file whose scenarios have been read. `None` where it is no JSON file of Make or n8n.
pub fn rewire(source: &Source<'_>, scenarios: &[Scenario<'_>], settings: &Settings<'_>) -> Option<Rewired> {
    let tape = source.tape()?;
    if scenarios.is_empty() || !scenarios.iter().all(|scenario| matches!(scenario.platform, Platform::Make | Platform::N8n)) {
        return None;
    }
    let mut edits = Edits::new();
    let (mut changes, mut outside) = (Vec::new(), Vec::new());
    let shared = shared_names(scenarios, settings);
    for scenario in scenarios {
        let credentials = credential::find(scenario);
        for (index, step) in scenario.steps.iter().enumerate() {
            let teller = Teller { source, scenario, step };
            let secrets = Secrets::new(&credentials, index);
            let moved = moved(tape, scenario.platform, step, &secrets, &shared, settings);
            if !matches!(moved, Moved::To(_)) && secrets.any_key() {
                outside.push(teller.outside(KEY_STAYS.to_owned()));
            }
            match moved {
                Moved::Not => {}
                Moved::Outside(why) => outside.push(teller.outside(why.into())),
                Moved::To(draft) => {
                    changes.extend(draft.changes.into_iter().map(|change| teller.change(change)));
                    outside.extend(draft.still.into_iter().map(|why| teller.outside(why)));
                    draft.operations.into_iter().for_each(|operation| operation.apply(&mut edits));
                }
            }
        }
    }
    let text = if edits.is_empty() { tape.bytes().to_vec() } else { edits.apply(tape) };
    Some(Rewired { text, changes, outside })
}

/// What is to become of a step.
enum Moved {
    /// There is nothing to move.
    Not,
    /// It cannot be moved.
    Outside(&'static str),
    /// It is moved.
    To(Draft),
}

/// The edits of one step with what is told of them. Either all of them are done or none.
#[derive(Default)]
struct Draft {
    operations: Vec<Operation>,
    changes: Vec<Told>,
    still: Vec<String>,
}

enum Operation {
    Replace(NodeId, Vec<u8>),
    Remove(NodeId),
    Insert(NodeId, &'static str, Vec<u8>),
}

/// A change before it has its place in the file: the node, the setting, before and after.
struct Told(NodeId, String, String, String);

impl Operation {
    fn apply(self, edits: &mut Edits) {
        match self {
            Self::Replace(node, json) => edits.replace(node, json),
            Self::Remove(node) => edits.remove(node),
            Self::Insert(object, name, json) => edits.insert_members(object, vec![(name.to_owned(), json)]),
        }
    }
}

impl Draft {
    fn tell(&mut self, node: NodeId, setting: impl Into<String>, before: impl Into<String>, after: impl Into<String>) {
        self.changes.push(Told(node, setting.into(), before.into(), after.into()));
    }

    /// A credential that another step has fetched, or that the platform keeps elsewhere, was taken out.
    fn key_from_elsewhere(&mut self, name: &str, value: &str) {
        if value.contains("{{") {
            self.still.push(format!(
                "`{name}` took its key from elsewhere in the scenario. The gateway needs a key of its own for this vendor."
            ));
        }
    }

    /// A text in the place of whatever stands there.
    fn text(&mut self, node: NodeId, text: &str) {
        self.operations.push(Operation::Replace(node, escape_string(text)));
    }

    /// Gives an object a member: in the place of the one it has, or at its end. Nothing where it is there as it should be.
    fn set(&mut self, tape: &Document<'_>, object: NodeId, name: &'static str, json: &str) {
        match tape.member(object, name) {
            Some(node) if tape.raw(node) == json => {}
            Some(node) => self.operations.push(Operation::Replace(node, json.as_bytes().to_vec())),
            None => self.operations.push(Operation::Insert(object, name, json.as_bytes().to_vec())),
        }
    }

    /// Takes members out that must not be there.
    fn unset(&mut self, tape: &Document<'_>, object: NodeId, names: &[&str]) {
        let gone = tape.children(object).filter(|child| names.iter().any(|name| tape.name_is(*child, name)));
        self.operations.extend(gone.map(Operation::Remove));
    }
}

/// Decides and drafts. A name in `shared` would stand for several hosts.
fn moved(
    tape: &Document<'_>,
    platform: Platform,
    step: &Step<'_>,
    secrets: &Secrets<'_>,
    shared: &HashSet<String>,
    settings: &Settings<'_>,
) -> Moved {
    let request = match &step.kind {
        Kind::Request(request) => request,
        Kind::App { .. } if is_own_storage(&step.module) => return Moved::Outside(KEPT_THERE),
        Kind::App { .. } if is_vendors(platform, step) => return Moved::Outside(NATIVE),
        Kind::Entry(entry) => {
            return match entry.by {
                EntryBy::AppWebhook | EntryBy::Polling => Moved::Outside(NATIVE_ENTRY),
                EntryBy::Mail => Moved::Outside(MAIL),
                _ => Moved::Not,
            };
        }
        Kind::Code if step.spots_in(Role::Code).any(|spot| spot.value.contains("http")) => return Moved::Outside(CODE),
        _ => return Moved::Not,
    };
    let mut addresses = step.spots_in(Role::Url);
    let (Some(url), None) = (addresses.next(), addresses.next()) else {
        return Moved::Outside(NO_ADDRESS);
    };
    if remedy::goes_through(&url.value, settings) {
        return Moved::Not;
    }
    let (Some(through), Place::Node(place)) = (remedy::through(step, settings), &url.place) else {
        return Moved::Outside(COMPUTED);
    };
    if shared.contains(&through.name) {
        return Moved::Outside(SAME_NAME);
    }
    let mut draft = Draft::default();
    address::rewrite(tape, *place, &url.value, &through, secrets, &mut draft);
    let done = match platform {
        Platform::Make => make::rewrite(tape, step, *place, secrets, &mut draft),
        Platform::N8n => n8n::rewrite(tape, step, *place, secrets, &mut draft),
        Platform::Zapier | Platform::File => Err(SHAPE),
    };
    if let Err(why) = done {
        return Moved::Outside(why);
    }
    let in_body =
        |spot: &&crate::model::Spot<'_>| matches!(spot.role, Role::Body | Role::Field) && secrets.holds_key(&spot.place);
    draft.still.extend(step.spots.iter().filter(in_body).map(|spot| {
        let name = if spot.name.is_empty() { "body" } else { &spot.name };
        format!("A key stands in its body (`{name}`) and stays there: the gateway adds keys to headers only.")
    }));
    if request.auth == Auth::Stored {
        draft.still.push(
            "The credential it used until now belongs into the gateway: name it in the `credential` of the route.".to_owned(),
        );
    }
    Moved::To(draft)
}

/// Route names that steps of the file would use for more than one host.
fn shared_names(scenarios: &[Scenario<'_>], settings: &Settings<'_>) -> HashSet<String> {
    let mut origins: HashMap<String, String> = HashMap::new();
    let mut shared = HashSet::new();
    for through in scenarios.iter().flat_map(|scenario| &scenario.steps).filter_map(|step| remedy::through(step, settings)) {
        let known = origins.entry(through.name.clone()).or_insert_with(|| through.origin.clone());
        if *known != through.origin {
            shared.insert(through.name);
        }
    }
    shared
}

/// Tables of the platform itself: Make's data stores, n8n's data tables.
fn is_own_storage(module: &str) -> bool {
    module.starts_with("datastore:") || module == "n8n-nodes-base.dataTable" || module == "n8n-nodes-base.dataTableTool"
}

/// Whether the module speaks to a vendor. Parts of n8n's agents do so by the model beside them, which is a step of its own.
fn is_vendors(platform: Platform, step: &Step<'_>) -> bool {
    let is_part = platform == Platform::N8n && step.module.starts_with("@n8n/n8n-nodes-langchain.");
    !is_part || !step.connections.is_empty() || vendor::by_module(platform, &step.module).is_some()
}

/// What a request proved itself with until now.
fn proof_before(request: Option<&Request>) -> &'static str {
    match request.map(|request| request.auth) {
        Some(Auth::Stored) => "a stored credential",
        Some(Auth::Inline) => "user and password typed into the step",
        Some(Auth::None) => "none",
        Some(Auth::Unseen) | None => "not known",
    }
}

const NATIVE: &str = "A native module speaks to its vendor directly, so the gateway cannot stand between. Replace it by an HTTP step that calls the vendor through the gateway.";
const KEPT_THERE: &str = "The platform keeps these records itself. Let only tokens reach this step, then what it keeps means nothing without the gateway.";
const NATIVE_ENTRY: &str = "A native trigger brings data in as it is. Let the vendor's webhook call an `[in]` route of the gateway, and start the scenario by a webhook that the gateway calls.";
const MAIL: &str = "Mail reaches the platform directly, with everything in it. Let the sender, or a program of yours that reads the mailbox, post to an `[in]` route of the gateway instead, and start the scenario by a webhook that the gateway calls.";
const CODE: &str = "The code may call addresses by itself. Let it return what is to be sent, and send that with an HTTP step through the gateway.";
const NO_ADDRESS: &str = "It has no address, or more than one.";
const COMPUTED: &str = "Where its address leads is computed in the scenario. Write the host into the step, then it can be moved.";
const KEY_STAYS: &str = "A key stands in this step and stays in the file. Take it out: what goes through the gateway needs none.";
const SAME_NAME: &str = "Another step calls a different host that would have the same route name. Give each a route of its own and write the addresses by hand.";
const SHAPE: &str =
    "It is not written as the platform writes it, so it was left as it is. Build the step in the editor, then it can be moved.";
const HEADERS: &str = "Its headers are computed as a whole, so no one can tell whether they hold a key. List them one by one, then it can be moved.";

/// Completes what is told with names and places.
struct Teller<'s, 'd> {
    source: &'s Source<'d>,
    scenario: &'s Scenario<'d>,
    step: &'s Step<'d>,
}

impl Teller<'_, '_> {
    fn step(&self) -> String {
        self.step.shown().into_owned()
    }

    fn change(&self, Told(node, setting, before, after): Told) -> Change {
        let (pointer, line, column) = self.source.locate(&Place::Node(node));
        Change { scenario: self.scenario.name.to_string(), step: self.step(), pointer, line, column, setting, before, after }
    }

    fn outside(&self, why: String) -> Outside {
        let (pointer, line, column) = self.source.locate(&self.step.place);
        Outside {
            scenario: self.scenario.name.to_string(),
            step: self.step(),
            module: self.step.module.to_string(),
            pointer,
            line,
            column,
            why,
        }
    }
}

#[cfg(test)]
mod tests;
