//! The one graph that every platform's file becomes: scenario, steps, connections, entries, requests, and every configured value.
//!
//! Readers fill it, checks read it. Nothing here judges: a [`Spot`] says what a value is called and where it stands, not what it is.

pub mod files;
pub mod make;
pub mod n8n;
pub mod walk;
pub mod zapier;

use std::borrow::Cow;

use crate::source::{At, Place, Text};

/// Whose file it is; decides how expressions in texts look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Make (formerly Integromat).
    Make,
    /// n8n.
    N8n,
    /// Zapier.
    Zapier,
    /// Any other file: `.env`, CSV, spreadsheet, e-mail, unknown JSON.
    File,
}

impl Platform {
    /// The word of the JSON output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::N8n => "n8n",
            Self::Zapier => "zapier",
            Self::File => "file",
        }
    }
}

/// One scenario, Zap or workflow; for other files, the file as one step.
#[derive(Debug)]
pub struct Scenario<'d> {
    /// Whose it is.
    pub platform: Platform,
    /// Its own name, or empty.
    pub name: Text<'d>,
    /// Its id at the platform, where the file says it.
    pub id: Option<Text<'d>>,
    /// Where it stands.
    pub place: Place,
    /// Whether it runs, where the file says it.
    pub active: Option<At<bool>>,
    /// Started by each event at once (Make `instant`, a webhook trigger).
    pub instant: Option<bool>,
    /// Where the platform runs it, such as `eu1.make.com`.
    pub zone: Option<At<Text<'d>>>,
    /// Whose it is at the platform: account or user id, name or address.
    pub owner: Option<At<Text<'d>>>,
    /// When it last changed and last ran, as the file writes it.
    pub changed: Option<At<Text<'d>>>,
    /// See [`Scenario::changed`].
    pub last_run: Option<At<Text<'d>>>,
    /// What the platform keeps of each run.
    pub logging: Logging,
    /// A handler for errors of the whole scenario (n8n `settings.errorWorkflow`).
    pub error_workflow: bool,
    /// Steps in the order of the file, those on error, tool and disabled branches and orphans too.
    pub steps: Vec<Step<'d>>,
    /// Which step feeds which, by index into `steps`.
    pub links: Vec<(usize, usize)>,
    /// What the reader met and could not take apart: a reason in plain words and where.
    pub unread: Vec<At<String>>,
}

/// What the platform keeps of each run, where the file says it. The place is that of the setting.
#[derive(Debug, Default)]
pub struct Logging {
    /// Make `confidential`: processed data is not kept.
    pub confidential: Option<At<bool>>,
    /// Make `dlq`: failed runs are kept with their data.
    pub keeps_failed: Option<At<bool>>,
    /// n8n `saveDataSuccessExecution`, `saveManualExecutions`: data of good runs is kept.
    pub keeps_good: Option<At<bool>>,
}

/// One module, node or action.
#[derive(Debug)]
pub struct Step<'d> {
    /// What expressions call it: Make's module number, n8n's node name, Zapier's node id.
    pub id: Text<'d>,
    /// What people call it; readers fall back to the module's name.
    pub name: Text<'d>,
    /// The platform's key: `gateway:CustomWebHook`, `n8n-nodes-base.httpRequest`, `WebHookCLIAPI:hook_v2` (app and action).
    pub module: Text<'d>,
    /// Its version as the file writes it.
    pub version: Option<Text<'d>>,
    /// Where it stands.
    pub place: Place,
    /// Switched off in the editor.
    pub disabled: bool,
    /// How the flow comes to it.
    pub reach: Reach,
    /// What it does.
    pub kind: Kind,
    /// Stored connections it uses.
    pub connections: Vec<Connection<'d>>,
    /// Every value somebody has typed or mapped into it.
    pub spots: Vec<Spot<'d>>,
    /// Its errors are handled: an error branch, `onError: continue…`, a retry that keeps the run.
    pub handles_errors: bool,
    /// The reader knows the shape of this module; otherwise its values were read by name only.
    pub understood: bool,
}

/// How the flow comes to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// On the ordinary way.
    Flow,
    /// On an error branch.
    OnError,
    /// As a tool of an AI agent.
    Tool,
    /// Not connected to anything; still holds what it holds.
    Orphan,
}

/// What a step does.
#[derive(Debug)]
pub enum Kind {
    /// Starts the scenario.
    Entry(Entry),
    /// Sends an HTTP request of somebody's making.
    Request(Request),
    /// Answers the caller of a webhook.
    Reply,
    /// Runs code or a command.
    Code,
    /// Sets values for later steps.
    Assign,
    /// Routes, filters, waits, loops, transforms: nothing leaves and nothing is stored.
    Flow,
    /// Text for people.
    Note,
    /// A vendor's own module.
    App {
        /// It brings data in (a search, a read) rather than sending it out; `None` where its name does not say.
        reads: Option<bool>,
    },
}

/// How a scenario starts.
#[derive(Debug)]
pub struct Entry {
    /// By what.
    pub by: EntryBy,
    /// Who may start it.
    pub protection: Protection,
    /// The HTTP method where it is a webhook that says so, upper case; `ANY` for several.
    pub method: Option<String>,
    /// Where the setting stands or, where there is none, the step.
    pub place: Place,
}

/// By what a scenario is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryBy {
    /// An HTTP address of its own.
    Webhook,
    /// A webhook that the platform's module of a vendor has registered there.
    AppWebhook,
    /// A form of the platform.
    Form,
    /// A chat of the platform.
    Chat,
    /// An MCP server of the platform.
    Mcp,
    /// An e-mail address of its own (a mailhook) .
    Mail,
    /// The clock.
    Schedule,
    /// The platform asks a vendor for news at intervals.
    Polling,
    /// Another scenario.
    Scenario,
    /// A person in the editor.
    Manual,
    /// Something else.
    Other,
}

/// Who may start a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Anybody who knows the address.
    Open,
    /// A credential, a signature or an address list is asked for.
    Guarded,
    /// The file does not say; the platform knows.
    Unseen,
    /// There is nothing to call (schedule, polling, manual).
    None,
}

/// An HTTP request of somebody's making. Its parts are spots of the step, found by role.
#[derive(Debug)]
pub struct Request {
    /// Upper case; `None` where it is an expression.
    pub method: Option<String>,
    /// How it proves itself.
    pub auth: Auth,
    /// TLS verification, where the file says it.
    pub verifies_tls: Option<At<bool>>,
    /// Redirects are followed, where the file says it.
    pub follows_redirects: Option<At<bool>>,
}

/// How a request proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// By nothing that the platform stores; literal headers may still do it.
    None,
    /// By a credential that the platform stores.
    Stored,
    /// By a user and password typed into the step.
    Inline,
    /// Unknown.
    Unseen,
}

/// A stored connection or credential of the platform. The file holds its name, never its secret.
#[derive(Clone, Debug)]
pub struct Connection<'d> {
    /// The platform's id.
    pub id: Text<'d>,
    /// What it is called; often ends in somebody's address.
    pub label: Option<Text<'d>>,
    /// The platform's word for its type, such as `google-restricted`, `httpHeaderAuth`.
    pub kind: Option<Text<'d>>,
    /// Where the id stands.
    pub place: Place,
}

/// One value in a step.
#[derive(Clone, Debug)]
pub struct Spot<'d> {
    /// What part of the step it is.
    pub role: Role,
    /// What it is called where it stands: the header's, parameter's, field's or member's name. Empty where it has none.
    pub name: Text<'d>,
    /// The text, decoded, without the platform's mark of an expression; numbers and booleans as they are written.
    pub value: Text<'d>,
    /// The text may hold expressions of the platform.
    pub dynamic: bool,
    /// A string in the file, rather than a number or a boolean.
    pub is_text: bool,
    /// Where the value stands.
    pub place: Place,
}

/// What part of a step a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The address of a request.
    Url,
    /// A header; the name is the header's.
    Header,
    /// Headers written as one text.
    Headers,
    /// A query parameter.
    Query,
    /// One field of a body or form.
    Field,
    /// A whole body.
    Body,
    /// The user name of basic authentication.
    User,
    /// The password of basic authentication.
    Password,
    /// Code.
    Code,
    /// A shell command.
    Command,
    /// A value set for later steps.
    Assigned,
    /// Text for people.
    Note,
    /// Data kept from a run: pinned data, samples, static data.
    Pinned,
    /// A condition.
    Condition,
    /// A label the editor keeps: of a connection, a folder, a chosen item.
    Label,
    /// What a webhook answers.
    Reply,
    /// Any other setting.
    Setting,
}

impl<'d> Scenario<'d> {
    /// Nothing is known of it yet but whose it is and where it stands.
    pub fn bare(platform: Platform, place: Place) -> Self {
        Self {
            platform,
            name: Text::default(),
            id: None,
            place,
            active: None,
            instant: None,
            zone: None,
            owner: None,
            changed: None,
            last_run: None,
            logging: Logging::default(),
            error_workflow: false,
            steps: Vec::new(),
            links: Vec::new(),
            unread: Vec::new(),
        }
    }
}

impl<'d> Step<'d> {
    /// Its name as people are told it: with its number where it has only that of its module, which others have too.
    pub fn shown(&self) -> Cow<'_, str> {
        if self.name == self.module && !self.id.is_empty() {
            Cow::Owned(format!("{} [{}]", self.name, self.id))
        } else {
            Cow::Borrowed(&self.name)
        }
    }

    /// Its values in this role.
    pub fn spots_in(&self, role: Role) -> impl Iterator<Item = &Spot<'d>> {
        self.spots.iter().filter(move |spot| spot.role == role)
    }

    /// The address of its request.
    pub fn url(&self) -> Option<&Spot<'d>> {
        self.spots_in(Role::Url).next()
    }

    /// How it starts the scenario, if it does.
    pub fn entry(&self) -> Option<&Entry> {
        match &self.kind {
            Kind::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// Its request, if it sends one.
    pub fn request(&self) -> Option<&Request> {
        match &self.kind {
            Kind::Request(request) => Some(request),
            _ => None,
        }
    }
}

impl Spot<'_> {
    /// Whether a step sends the value away: it is part of a request, an action's field or an answer.
    pub fn leaves(&self) -> bool {
        use Role::{Body, Field, Header, Headers, Query, Reply, Url};
        matches!(self.role, Url | Header | Headers | Query | Field | Body | Reply)
    }
}
