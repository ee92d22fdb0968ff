//! Whether a vendor's node brings data in or sends it out, by the name of its operation.

use super::kinds;

/// First words of operations that bring data in.
const READS: [&str; 19] = [
    "get",
    "list",
    "search",
    "read",
    "lookup",
    "download",
    "find",
    "select",
    "fetch",
    "retrieve",
    "load",
    "count",
    "history",
    "export",
    "extract",
    "info",
    "information",
    "describe",
    "query",
];
/// First words of operations that send data out or change it.
const SENDS: [&str; 67] = [
    "add",
    "analyze",
    "append",
    "archive",
    "assign",
    "ban",
    "call",
    "change",
    "clear",
    "close",
    "complete",
    "completion",
    "copy",
    "create",
    "deactivate",
    "activate",
    "delete",
    "duplicate",
    "edit",
    "execute",
    "generate",
    "import",
    "incr",
    "insert",
    "invite",
    "join",
    "kick",
    "launch",
    "leave",
    "link",
    "mark",
    "member",
    "merge",
    "message",
    "move",
    "notify",
    "pin",
    "post",
    "publish",
    "push",
    "put",
    "react",
    "register",
    "remove",
    "rename",
    "replace",
    "reply",
    "response",
    "restore",
    "run",
    "send",
    "set",
    "share",
    "start",
    "stop",
    "submit",
    "subscribe",
    "sync",
    "text",
    "transcribe",
    "translate",
    "trigger",
    "unsubscribe",
    "update",
    "upload",
    "upsert",
    "write",
];
/// Nodes that read if no operation is named.
const READ_BY_DEFAULT: [&str; 24] = [
    "airtable",
    "googleAnalytics",
    "googleSheets",
    "hackerNews",
    "harvest",
    "microsoftSharePoint",
    "mongoDb",
    "n8n",
    "nasa",
    "nocoDb",
    "onfleet",
    "openWeatherMap",
    "quickbooks",
    "readBinaryFile",
    "readBinaryFiles",
    "readWriteFile",
    "redis",
    "rssFeedRead",
    "sentryIo",
    "stripe",
    "toolSerpApi",
    "toolWikipedia",
    "toolWolframAlpha",
    "youTube",
];
/// Nodes that send if no operation is named.
const SEND_BY_DEFAULT: [&str; 47] = [
    "actionNetwork",
    "activeCampaign",
    "agent",
    "asana",
    "awsLambda",
    "awsSes",
    "awsSns",
    "chainLlm",
    "chainRetrievalQa",
    "chainSummarization",
    "clockify",
    "copper",
    "dataTable",
    "discord",
    "dropbox",
    "emailSend",
    "facebookGraphApi",
    "github",
    "gmail",
    "googleCalendar",
    "googleDocs",
    "googleDrive",
    "googleGemini",
    "hubspot",
    "informationExtractor",
    "jira",
    "linkedIn",
    "mattermost",
    "microsoftOneDrive",
    "microsoftOutlook",
    "microsoftTeams",
    "monicaCrm",
    "notion",
    "openAi",
    "perplexity",
    "postgres",
    "sentimentAnalysis",
    "shopify",
    "slack",
    "supabase",
    "telegram",
    "textClassifier",
    "trello",
    "twilio",
    "whatsApp",
    "wordpress",
    "zendesk",
];

/// `Some(true)` if it brings data in, `Some(false)` if it sends data out, `None` if nothing says it.
pub(super) fn reads(
    module: &str,
    resource: Option<&str>,
    operation: Option<&str>,
    query: Option<&str>,
    mode: Option<&str>,
) -> Option<bool> {
    let base = kinds::base(module);
    if base.starts_with("vectorStore") {
        return Some(mode != Some("insert") && mode != Some("update"));
    }
    if base.starts_with("lm") || base.starts_with("embeddings") {
        return Some(false);
    }
    match operation {
        Some("executeQuery") | Some("query") if query.is_some() => query.and_then(reads_query),
        Some(operation) => by_word(operation),
        None if query.is_some_and(|query| reads_query(query).is_some()) => query.and_then(reads_query),
        None if (base, resource) == ("telegram", Some("file")) || (base, resource) == ("googleDrive", Some("fileFolder")) => {
            Some(true)
        }
        None if READ_BY_DEFAULT.contains(&base) => Some(true),
        None if SEND_BY_DEFAULT.contains(&base) => Some(false),
        None => None,
    }
}

fn by_word(operation: &str) -> Option<bool> {
    let end = operation.find(|char: char| !char.is_ascii_lowercase()).unwrap_or(operation.len());
    let word = operation.get(..end)?;
    if READS.contains(&word) {
        return Some(true);
    }
    SENDS.contains(&word).then_some(false)
}

/// By the first word of an SQL text.
fn reads_query(query: &str) -> Option<bool> {
    let word = query.trim_start().split(|char: char| !char.is_ascii_alphabetic()).next()?;
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(&["select", "show", "with", "describe"]) {
        return Some(true);
    }
    is(&["insert", "update", "delete", "merge", "upsert", "replace", "create", "drop", "alter", "call", "truncate"])
        .then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_says_the_direction() {
        let by = |module: &str, operation: Option<&str>| reads(module, None, operation, None, None);
        assert_eq!(by("n8n-nodes-base.gmail", None), Some(false));
        assert_eq!(by("n8n-nodes-base.gmail", Some("getAll")), Some(true));
        assert_eq!(by("n8n-nodes-base.googleSheetsTool", None), Some(true));
        assert_eq!(by("n8n-nodes-base.googleSheets", Some("appendOrUpdate")), Some(false));
        assert_eq!(by("n8n-nodes-acme.acme", None), None);
        assert_eq!(by("n8n-nodes-acme.acme", Some("frobnicate")), None);
        assert_eq!(by("@n8n/n8n-nodes-langchain.lmChatOpenAi", None), Some(false));
        let sql = |query: &str| reads("n8n-nodes-base.postgres", None, Some("executeQuery"), Some(query), None);
        assert_eq!(sql(" select 1"), Some(true));
        assert_eq!(sql("INSERT INTO x"), Some(false));
        assert_eq!(sql("{{ $json.q }}"), None);
        let store = |mode| reads("@n8n/n8n-nodes-langchain.vectorStoreQdrant", None, None, None, mode);
        assert_eq!((store(None), store(Some("insert"))), (Some(true), Some(false)));
    }
}
