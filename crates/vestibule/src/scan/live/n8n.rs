//! n8n: the workflows of one instance with their owners and last runs (public API version 1,
//! <https://docs.n8n.io/api/>).
//!
//! Credentials are no part of a workflow and are not asked for. Who may start a workflow stands in the workflow itself.

use super::call::{Api, Asked};
use super::json::{Answer, Object, without};
use super::{AccountFile, Fetched, LiveError, MOST_SCENARIOS};
use crate::net::outbound::OutboundError;
use std::collections::{HashMap, HashSet};
use vestibule_core::document::{Kind, NodeId};

const WORKFLOWS: Asked = Asked { what: "workflows", scope: "workflow:list and workflow:read" };
const RUNS: Asked = Asked { what: "the last runs of a workflow", scope: "execution:list" };
const USERS: Asked = Asked { what: "users", scope: "user:list" };

/// Workflows asked for at a time. A page holds them whole, pinned data too, so if one is too large for an answer, fewer are
/// asked for, from the start: the platform's cursor carries the size of its page.
const PAGES: [usize; 3] = [25, 5, 1];
/// Users asked for at a time.
const USERS_AT_A_TIME: usize = 100;
/// Longest cursor that is sent back.
const MOST_CURSOR: usize = 2_000;

/// What of a workflow stays behind: who shares it, which is said once in the envelope, and the published version, which
/// becomes a file of its own where it differs.
const APART: [&str; 2] = ["shared", "activeVersion"];

/// Reads an instance. `base` is the path before the API, as configured.
pub(super) async fn read(
    api: &Api<'_>,
    base: &str,
    fetched: &mut Fetched,
    take: &mut dyn FnMut(AccountFile),
) -> Result<(), LiveError> {
    let root = if base.ends_with("/api/v1") { "" } else { "/api/v1" };
    let mut state = Reading { api, root, seen: HashSet::new(), runs: true, users: None };
    for size in PAGES {
        match state.workflows(size, fetched, take).await {
            Err(LiveError::Outbound { error: OutboundError::TooLarge, .. }) => {}
            done => return done,
        }
    }
    fetched.notes.push("a workflow is too large to be fetched, and those that follow it in the list were not read".into());
    fetched.complete = false;
    Ok(())
}

struct Reading<'a> {
    api: &'a Api<'a>,
    root: &'static str,
    seen: HashSet<String>,
    /// Last runs can be seen.
    runs: bool,
    /// Addresses by the number of a user, once they were asked for.
    users: Option<HashMap<String, String>>,
}

impl Reading<'_> {
    async fn workflows(
        &mut self,
        size: usize,
        fetched: &mut Fetched,
        take: &mut dyn FnMut(AccountFile),
    ) -> Result<(), LiveError> {
        let mut cursor = None;
        let mut cursors = HashSet::new();
        loop {
            self.api.in_time()?;
            let bytes = self.api.get(&self.page("workflows", size, cursor.as_deref()), WORKFLOWS).await?;
            let answer = Answer::parse(&bytes).ok_or_else(|| self.api.odd(WORKFLOWS))?;
            let nodes = answer.list(&["data"]).ok_or_else(|| self.api.odd(WORKFLOWS))?;
            for node in nodes {
                if self.seen.len() >= MOST_SCENARIOS {
                    fetched.notes.push(format!("only the first {MOST_SCENARIOS} workflows were read"));
                    fetched.complete = false;
                    return Ok(());
                }
                match answer.id(node, "id").filter(|_| answer.kind(node) == Kind::Object) {
                    Some(id) if self.seen.insert(id.clone()) => self.workflow(&answer, node, &id, fetched, take).await?,
                    Some(_) => {}
                    None => {
                        fetched.notes.push("a workflow without a readable number was left out".into());
                        fetched.complete = false;
                    }
                }
            }
            cursor =
                answer.text(NodeId::ROOT, "nextCursor").filter(|next| next.len() <= MOST_CURSOR).map(|next| next.into_owned());
            // a cursor that comes back would lead in a circle
            if !cursor.as_ref().is_some_and(|next| cursors.insert(next.clone())) {
                return Ok(());
            }
        }
    }

    async fn workflow(
        &mut self,
        answer: &Answer<'_>,
        node: NodeId,
        id: &str,
        fetched: &mut Fetched,
        take: &mut dyn FnMut(AccountFile),
    ) -> Result<(), LiveError> {
        let owner = self.owner(answer, node, fetched).await?;
        let last_run = if self.runs { self.last_run(id, fetched).await? } else { None };
        // an instance that keeps no run of a workflow cannot tell that it never ran
        let settings =
            answer.tape().member(node, "settings").and_then(|settings| answer.text(settings, "saveDataSuccessExecution"));
        let last_run = last_run.filter(|run| run != "null" || settings.as_deref() != Some("none"));
        let name = answer.text(node, "name").map_or_else(|| id.to_owned(), |text| text.into_owned());
        let hand_on = |file: String, workflow: &str, take: &mut dyn FnMut(AccountFile)| {
            let mut envelope = Object::new();
            envelope.text("vestibule_account", "n8n").text("zone", &self.api.host()).raw("workflow", workflow);
            envelope.maybe("owner", owner.as_deref()).maybe("changed", answer.text(node, "updatedAt").as_deref());
            if let Some(last_run) = &last_run {
                envelope.raw("last_run", last_run);
            }
            let bytes = envelope.end().into_bytes();
            take(AccountFile { name: file, bytes, scenario: name.clone(), owner: owner.clone() });
        };
        fetched.read += 1;
        hand_on(fetched.file(id), &without(answer, node, &APART), take);
        if let Some(published) = published(answer, node) {
            hand_on(fetched.file(&format!("{id}-published")), &published, take);
        }
        Ok(())
    }

    /// When a workflow last ran, as JSON; `null` if the instance keeps no run of it, nothing if it cannot be known.
    async fn last_run(&mut self, id: &str, fetched: &mut Fetched) -> Result<Option<String>, LiveError> {
        let path = format!("{}/executions?workflowId={id}&includeData=false&limit=1", self.root);
        let bytes = match self.api.get(&path, RUNS).await {
            Ok(bytes) => bytes,
            Err(error) if error.is_about_one() => {
                self.runs = false;
                fetched.notes.push(format!("{error}; when workflows last ran cannot be seen"));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Some(answer) = Answer::parse(&bytes) else { return Ok(None) };
        let Some(runs) = answer.list(&["data"]) else { return Ok(None) };
        let time = runs.first().and_then(|run| answer.text(*run, "startedAt").or_else(|| answer.text(*run, "stoppedAt")));
        Ok(Some(time.map_or_else(|| "null".into(), |time| serde_json::Value::from(time.as_ref()).to_string())))
    }

    /// The person a workflow belongs to. `shared` names the project that owns it; that of one person is called by name and
    /// address, and versions of n8n differ in whether they also give the person.
    async fn owner(&mut self, answer: &Answer<'_>, node: NodeId, fetched: &mut Fetched) -> Result<Option<String>, LiveError> {
        let Some(shared) = answer.tape().member(node, "shared") else { return Ok(None) };
        let owns = |entry: &NodeId| answer.text(*entry, "role").as_deref() == Some("workflow:owner");
        let Some(entry) = answer.tape().children(shared).find(owns) else { return Ok(None) };
        if let Some(address) = answer.tape().member(entry, "user").and_then(|user| answer.text(user, "email")) {
            return Ok(Some(address.into_owned()));
        }
        let Some(project) = answer.tape().member(entry, "project") else { return Ok(None) };
        let relations = answer.tape().member(project, "projectRelations");
        let holds = |entry: &NodeId| answer.text(*entry, "role").as_deref() == Some("project:personalOwner");
        if let Some(person) = relations.and_then(|relations| answer.tape().children(relations).find(holds)) {
            if let Some(address) = answer.tape().member(person, "user").and_then(|user| answer.text(user, "email")) {
                return Ok(Some(address.into_owned()));
            }
            if let Some(id) = answer.id(person, "userId") {
                let known = self.users(fetched).await?.get(&id).cloned();
                return Ok(Some(known.unwrap_or(id)));
            }
        }
        let name = answer.text(project, "name");
        let address = name.as_deref().and_then(|name| name.split_once('<')?.1.strip_suffix('>'));
        Ok(address.or(name.as_deref()).map(str::to_owned))
    }

    /// The addresses of users; empty if the key may not see them.
    async fn users(&mut self, fetched: &mut Fetched) -> Result<&HashMap<String, String>, LiveError> {
        if self.users.is_none() {
            let users = match self.all_users().await {
                Ok(users) => users,
                Err(error) if error.is_about_one() => {
                    fetched.notes.push(format!("{error}; owners stand by number"));
                    HashMap::new()
                }
                Err(error) => return Err(error),
            };
            self.users = Some(users);
        }
        Ok(self.users.get_or_insert_default())
    }

    async fn all_users(&self) -> Result<HashMap<String, String>, LiveError> {
        let mut users = HashMap::new();
        let mut cursor = None;
        loop {
            let bytes = self.api.get(&self.page("users", USERS_AT_A_TIME, cursor.as_deref()), USERS).await?;
            let answer = Answer::parse(&bytes).ok_or_else(|| self.api.odd(USERS))?;
            let before = users.len();
            for node in answer.list(&["data"]).ok_or_else(|| self.api.odd(USERS))? {
                if let (Some(id), Some(address)) = (answer.id(node, "id"), answer.text(node, "email")) {
                    users.insert(id, address.into_owned());
                }
            }
            cursor =
                answer.text(NodeId::ROOT, "nextCursor").filter(|next| next.len() <= MOST_CURSOR).map(|next| next.into_owned());
            if cursor.is_none() || users.len() == before || users.len() > MOST_SCENARIOS {
                return Ok(users);
            }
        }
    }

    fn page(&self, list: &str, size: usize, cursor: Option<&str>) -> String {
        let cursor = cursor.map(|cursor| format!("&cursor={}", escaped(cursor))).unwrap_or_default();
        format!("{}/{list}?limit={size}{cursor}", self.root)
    }
}

/// The published version as a workflow, where it is not the one that stands in the editor: it is what runs.
fn published(answer: &Answer<'_>, node: NodeId) -> Option<String> {
    let tape = answer.tape();
    let version = tape.member(node, "activeVersion").filter(|version| answer.kind(*version) == Kind::Object)?;
    let nodes = tape.member(version, "nodes").filter(|nodes| answer.kind(*nodes) == Kind::Array)?;
    if answer.text(version, "versionId") == answer.text(node, "versionId") {
        return None;
    }
    let mut object = Object::new();
    for member in tape.children(node) {
        let name = tape.name(member).unwrap_or_default();
        match name.as_ref() {
            // pinned data belongs to the editor; the rest of the version follows below
            "shared" | "activeVersion" | "nodes" | "connections" | "pinData" => {}
            name => {
                object.raw(name, tape.raw(member));
            }
        }
    }
    object.raw("nodes", tape.raw(nodes));
    if let Some(connections) = tape.member(version, "connections") {
        object.raw("connections", tape.raw(connections));
    }
    Some(object.end())
}

/// For a query: all but letters, digits and `-._~` (RFC 3986, section 2.3) as percent and two digits.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn cursors_are_escaped() {
        assert_eq!(escaped("MTIz+/=&x#é"), "MTIz%2B%2F%3D%26x%23%C3%A9");
    }

    #[test]
    fn the_published_version_is_a_file_where_it_differs() {
        let workflow = |published: &str| {
            let bytes = format!(
                r#"{{"id":"a","name":"n","versionId":"2","nodes":[1],"connections":{{"x":1}},"pinData":{{"p":1}},"shared":[],
                "activeVersion":{published}}}"#
            );
            published_of(&bytes)
        };
        assert_eq!(workflow("null"), None);
        assert_eq!(workflow(r#"{"versionId":"2","nodes":[1]}"#), None);
        assert_eq!(workflow(r#"{"versionId":"1"}"#), None);
        let file = workflow(r#"{"versionId":"1","nodes":[7],"connections":{"y":2}}"#).unwrap();
        assert_eq!(file, r#"{"id":"a","name":"n","versionId":"2","nodes":[7],"connections":{"y":2}}"#);
    }

    fn published_of(bytes: &str) -> Option<String> {
        let answer = Answer::parse(bytes.as_bytes()).unwrap();
        published(&answer, NodeId::ROOT)
    }
}
