//! What n8n's nodes are, by their type: which start a workflow, send requests, run code, only route, or belong to a vendor.

/// What a node is, as far as its type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Starts a workflow.
    Entry,
    /// HTTP Request in every version, also as a tool.
    Http,
    /// GraphQL: a request with other names for its parts.
    GraphQl,
    /// Code.
    Code,
    /// A shell command, here or on another machine.
    Command,
    /// Sets values.
    Set,
    /// Answers a webhook.
    Reply,
    /// Decides by conditions.
    Condition,
    /// Routes, waits, transforms, groups.
    Flow,
    /// A sticky note.
    Note,
    /// A node of n8n for a vendor or a model.
    App,
    /// A node of somebody else.
    Community,
}

const OFFICIAL: [&str; 2] = ["n8n-nodes-base.", "@n8n/n8n-nodes-langchain."];

const FLOW: &[&str] = &[
    "aggregate",
    "aiTransform",
    "compareDatasets",
    "compression",
    "convertToFile",
    "crypto",
    "dateTime",
    "debugHelper",
    "documentBinaryInputLoader",
    "documentDefaultDataLoader",
    "documentJsonInputLoader",
    "editImage",
    "evaluation",
    "executeWorkflow",
    "executionData",
    "extractFromFile",
    "form",
    "guardrails",
    "html",
    "htmlExtract",
    "iCal",
    "itemLists",
    "jwt",
    "limit",
    "markdown",
    "merge",
    "moveBinaryData",
    "noOp",
    "readPDF",
    "removeDuplicates",
    "renameKeys",
    "simulate",
    "sort",
    "splitInBatches",
    "splitOut",
    "spreadsheetFile",
    "stopAndError",
    "summarize",
    "totp",
    "wait",
    "xml",
    "memoryBufferWindow",
    "memoryManager",
    "memoryChatRetriever",
    "modelSelector",
    "outputParserAutofixing",
    "outputParserItemList",
    "outputParserStructured",
    "retrieverContextualCompression",
    "retrieverMultiQuery",
    "retrieverVectorStore",
    "retrieverWorkflow",
    "rerankerCohere",
    "textSplitterCharacterTextSplitter",
    "textSplitterRecursiveCharacterTextSplitter",
    "textSplitterTokenSplitter",
    "toolCalculator",
    "toolExecutor",
    "toolThink",
    "toolVectorStore",
    "toolWorkflow",
];

/// The class of a node type.
pub(super) fn class(module: &str) -> Class {
    if !is_official(module) {
        return if short(module).ends_with("Trigger") { Class::Entry } else { Class::Community };
    }
    match base(module) {
        "httpRequest" | "toolHttpRequest" => Class::Http,
        "graphql" => Class::GraphQl,
        "code" | "function" | "functionItem" | "toolCode" => Class::Code,
        "executeCommand" | "ssh" => Class::Command,
        "set" => Class::Set,
        "respondToWebhook" | "chat" => Class::Reply,
        "if" | "switch" | "filter" => Class::Condition,
        "stickyNote" => Class::Note,
        "webhook" | "cron" | "interval" | "start" | "emailReadImap" => Class::Entry,
        name if name.ends_with("Trigger") => Class::Entry,
        name if FLOW.contains(&name) => Class::Flow,
        _ => Class::App,
    }
}

/// Whether the node comes with n8n.
pub(super) fn is_official(module: &str) -> bool {
    OFFICIAL.iter().any(|prefix| module.starts_with(prefix))
}

/// The type without its package.
pub(super) fn short(module: &str) -> &str {
    module.rsplit('.').next().unwrap_or(module)
}

/// The type without its package; a node that n8n offers as a tool under a second name has its first name.
pub(super) fn base(module: &str) -> &str {
    let short = short(module);
    short.strip_suffix("Tool").filter(|name| !name.is_empty()).unwrap_or(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_apart() {
        for (module, expected) in [
            ("n8n-nodes-base.httpRequestTool", Class::Http),
            ("@n8n/n8n-nodes-langchain.toolHttpRequest", Class::Http),
            ("n8n-nodes-base.gmailTool", Class::App),
            ("n8n-nodes-base.gmailTrigger", Class::Entry),
            ("n8n-nodes-acme.acmeTrigger", Class::Entry),
            ("n8n-nodes-acme.acme", Class::Community),
            ("@n8n/n8n-nodes-langchain.code", Class::Code),
            ("@n8n/n8n-nodes-langchain.agentTool", Class::App),
            ("", Class::Community),
        ] {
            assert_eq!(class(module), expected, "{module}");
        }
        assert_eq!(base("n8n-nodes-base.gmailTool"), "gmail");
    }
}
