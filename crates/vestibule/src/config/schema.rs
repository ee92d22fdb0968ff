//! Every key of the configuration: its form, its default and what it does. The readers, the reference page and
//! "did you mean" come from these tables.

/// A table of the file.
#[derive(Debug)]
pub struct Section {
    /// How it is written, for example `[in.NAME]`.
    pub heading: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys, in the order of the reference page.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// A value as one would write it.
    pub example: &'static str,
    /// What holds without it: a value, `required`, or what its absence means.
    pub default: &'static str,
    /// What it does.
    pub about: &'static str,
}

macro_rules! section {
    ($name:ident $heading:literal $about:literal $($key:literal = $example:literal, $default:literal: $text:literal;)*) => {
        /// See [`Section::about`].
        pub static $name: Section = Section {
            heading: $heading,
            about: $about,
            keys: &[$(Key { name: $key, example: $example, default: $default, about: $text }),*],
        };
    };
}

/// Every table, in the order of the reference page.
pub static ALL: &[&Section] = &[
    &ROOT,
    &SERVER,
    &TLS,
    &STORE,
    &KEYS,
    &LIMITS,
    &SYSTEM,
    &WORKFLOW,
    &IN,
    &SCHEME,
    &SUBJECT,
    &FIELD,
    &DELIVER,
    &HEADER,
    &OUT,
    &CREDENTIAL,
    &GRANT,
    &ANSWER,
    &SCAN,
    &SCAN_ACCOUNT,
];

section! { ROOT "the file"
    "One file says everything the gateway does."
    "server" = "…", "required": "Where the gateway listens.";
    "store" = "…", "required": "Where the database lies.";
    "keys" = "…", "required": "Where keys come from.";
    "limits" = "…", "the defaults of [limits]": "Bounds of the whole process.";
    "system" = "…", "none": "Nodes of the data map.";
    "workflow" = "…", "none": "Scenarios, Zaps and n8n workflows.";
    "in" = "…", "none": "Routes for data coming in.";
    "out" = "…", "none": "Destinations for data going out.";
    "scan" = "…", "nothing": "Accounts that `vestibule scan --account` audits.";
}

section! { SERVER "[server]"
    "Where the gateway listens and how it is known."
    "public_url" = "\"https://gate.example.com\"", "required": "What sources post to and links show.";
    "listen" = "\"0.0.0.0:443\"", "required": "Address and port of the data listener.";
    "tls" = "{ cert = \"/etc/vestibule/gate.pem\", key = \"/etc/vestibule/gate.key\" }", "none; then `listen` must be a loopback address": "Certificate and key of the data listener.";
    "token_domain" = "\"t.example.com\"", "token.invalid": "The domain of e-mail tokens: a subdomain of yours without mail. Required for live routes.";
    "threads" = "2", "one per core": "Threads of the data path, 1 to 256.";
}

section! { TLS "tls"
    "PEM files of the data listener. Both are read again on reload."
    "cert" = "\"/etc/vestibule/gate.pem\"", "required": "The certificate chain, the server's own certificate first.";
    "key" = "\"/etc/vestibule/gate.key\"", "required": "Its private key.";
}

section! { STORE "[store]"
    "The database. It holds ciphertext and numbers only."
    "url" = "\"sqlite:/var/lib/vestibule/vestibule.db\"", "required": "`sqlite:` and the path of the file.";
}

section! { KEYS "[keys]"
    "Where keys come from, and how long erased data may stay readable in backups."
    "root" = "\"credential:vestibule-root\"", "required": "Reference to the root key: `credential:` (systemd), `file:` or `env:`.";
    "store" = "\"/var/lib/vestibule-keys/keys\"", "required": "File of the key store, apart from the database and its backups.";
    "erasure_days" = "30", "30": "Erased data is unreadable in every backup after this many days, 11 to 90.";
    "restore_window_days" = "14", "14": "How old a backup may be and still be restored, 2 to 81; at most `erasure_days` - 9.";
}

section! { LIMITS "[limits]"
    "Bounds of the whole process. The defaults fit a machine with 1 GiB of memory."
    "max_body" = "\"10 MiB\"", "10 MiB": "Largest body of a request, 1 KiB to 256 MiB; a route can set its own.";
    "body_budget" = "\"256 MiB\"", "256 MiB": "Most bytes that all bodies together, of requests and of answers to calls, may hold in memory, 1 MiB to 64 GiB.";
}

section! { SYSTEM "[system.NAME]"
    "A system that data comes from, passes or goes to: a node of the data map. These keys change nothing that the gateway does; reviews and `status` show them."
    "connector" = "\"greenhouse\"", "unknown": "Which product it is.";
    "region" = "\"eu\"", "unknown": "Where its data lies.";
    "vendor" = "\"greenhouse-software\"", "unknown": "The company behind it.";
    "transfer" = "\"eu-us-dpf\"", "none": "The legal ground of a transfer abroad.";
    "keeps" = "{ \"execution log\" = \"30 days\" }", "nothing": "What it keeps, and for how long.";
}

section! { WORKFLOW "[workflow.NAME]"
    "A scenario, Zap or n8n workflow: the principal that keys, grants and tokens belong to."
    "platform" = "\"make\"", "required": "`make`, `zapier`, `n8n` or `other`. Make and Zapier answers 400, 401, 403 and 404 end a delivery at once.";
    "owner" = "\"dana@example.com\"", "required": "Mail address of the person who answers for it.";
    "purpose" = "\"employment.recruitment\"", "required": "What it is for; stands in every entry of the log.";
    "expires" = "2027-12-31", "never": "A date; after its end (UTC) the workflow is refused.";
}

section! { IN "[in.NAME]"
    "A route for data coming in. What no rule names never passes."
    "path" = "\"/careers/apply\"", "required": "The exact path that the source posts to.";
    "from" = "\"careers-site\"", "unknown": "The system that sends. Its routes share the ids that it gives people; the ids of a route that names none are its own.";
    "realm" = "\"hr\"", "default": "People are matched within a realm, never across.";
    "mode" = "\"live\"", "live": "`test` or `live`. Keys, events, subjects and tokens of the two never mix.";
    "secret" = "\"env:CAREERS_SIGNING_SECRET\"", "required": "Reference to the secret the source proves itself with; a list of up to 4 during a rotation.";
    "scheme" = "{ kind = \"hmac\", header = \"x-signature\" }", "Standard Webhooks": "How the source proves itself, see `scheme`.";
    "tolerance_seconds" = "300", "300": "How far the signed time may differ from ours, both ways, 5 to 3600.";
    "addresses" = "[\"203.0.113.0/24\"]", "any": "Networks that requests may come from.";
    "when" = "{ \"consent.given\" = true }", "always": "All of these must hold, or the event is answered 200, neither stored nor forwarded. A list means one of several values.";
    "subject" = "{ email = \"candidate.email\" }", "a pending subject for each event": "How the person is known, see `subject`.";
    "fields" = "{ \"candidate.email\" = \"email\", \"job.id\" = \"keep\" }", "none": "Rules by path: `keep`, `drop`, a category, or a table, see `fields`.";
    "derive" = "{ email_domain = \"domain(candidate.email)\" }", "none": "Members added for filters: `domain` of an e-mail address, `year` of a date, `length` of a text, `count` of a list, or whether a value is `present`.";
    "otherwise" = "\"drop\"", "drop": "What happens to values that no rule names: `drop`, `tokenize` or `hold`.";
    "hold_days" = "7", "none": "With `otherwise = \"hold\"`: after this many days, 1 to 30, the event goes on and the values that no rule names are dropped.";
    "max_body" = "\"1 MiB\"", "limits.max_body": "Largest body on this route.";
    "deliver" = "{ workflow = \"candidate-intake\", url = \"env:MAKE_INTAKE_HOOK\" }", "stored only": "Where the protected event goes, see `deliver`.";
}

section! { SCHEME "scheme"
    "How a source proves itself where it does not speak Standard Webhooks."
    "kind" = "\"hmac\"", "required": "`standard-webhooks`, `hmac`, `bearer` (Authorization: Bearer) or `header` (a static key in a named header).";
    "header" = "\"x-signature\"", "required for `hmac` and `header`": "The header of the signature or key.";
    "algorithm" = "\"sha256\"", "sha256": "For `hmac`: `sha1`, `sha256` or `sha512`.";
    "encoding" = "\"hex\"", "hex": "For `hmac`: `hex`, `base64` or `base64url`.";
    "prefix" = "\"sha256=\"", "none": "For `hmac`: what stands before the signature in its header.";
    "timestamp_header" = "\"x-timestamp\"", "no time": "For `hmac`: the header of the signed time, in seconds; then time, a dot and the body are what is signed.";
}

section! { SUBJECT "subject"
    "How the person of an event is known. Both paths need a rule in `fields`."
    "id" = "\"candidate.id\"", "none": "The sender's own identifier of the person. Another sender's equal identifier is somebody else's; where it leads to another person than the address does, it decides.";
    "email" = "\"candidate.email\"", "none": "The person's e-mail address; its rule has the category `email`.";
}

section! { FIELD "fields"
    "A rule in long form, for one path and everything below it."
    "category" = "\"user_id\"", "required unless `treat` is drop": "An alias or key of docs/reference/categories.md.";
    "treat" = "\"tokenize\"", "tokenize": "`tokenize` or `drop`.";
    "stable" = "true", "as the category says": "Whether the same value of the same person gets the same token, so that the platform can recognise it.";
}

section! { DELIVER "deliver"
    "Where a protected event goes. What we send carries a Standard Webhooks signature and a stable id."
    "workflow" = "\"candidate-intake\"", "required": "The workflow that receives it; tokens of the event open for it.";
    "url" = "\"env:MAKE_INTAKE_HOOK\"", "required": "Reference to the webhook's address, which is a secret: whoever knows it can run the scenario.";
    "header" = "{ name = \"x-make-apikey\", value = \"env:MAKE_HOOK_KEY\" }", "none": "A header that the platform asks for.";
    "signing" = "\"env:DELIVERY_SECRET\"", "a key of the key store": "Reference to the `whsec_` secret that deliveries are signed with, for receivers that verify.";
    "address" = "\"10.0.0.9:443\"", "looked up; private addresses are refused": "Pins a platform of your own, such as n8n in your network, to this address and port.";
    "ca" = "\"/etc/vestibule/n8n-ca.pem\"", "the system's authorities": "PEM file of the only authority trusted for it.";
    "timeout_seconds" = "30", "30": "How long to wait for the answer, 1 to 120.";
}

section! { HEADER "header"
    "A header and its secret value."
    "name" = "\"x-make-apikey\"", "required": "The header's name.";
    "value" = "\"env:MAKE_HOOK_KEY\"", "required": "Reference to its value.";
}

section! { OUT "[out.NAME]"
    "A destination. Workflows call `/out/NAME/…` here instead of the vendor, and never hold its credential."
    "to" = "\"https://harvest.greenhouse.io/v1\"", "required": "Origin and base path of live calls.";
    "system" = "\"greenhouse\"", "unknown": "The system behind it.";
    "address" = "\"10.0.0.7:443\"", "looked up; private addresses are refused": "Pins a private system to this address and port. Metadata addresses never.";
    "ca" = "\"/etc/vestibule/ats-ca.pem\"", "the system's authorities": "PEM file of the only authority trusted for it.";
    "credential" = "{ basic = \"env:GREENHOUSE_KEY\" }", "none": "What the gateway adds to the call, see `credential`.";
    "test_to" = "\"https://sandbox.example.com/v1\"", "test calls are refused": "Origin and base path of test calls; they never reach `to`. The same address as `to` takes another credential.";
    "test_address" = "\"10.0.0.8:443\"", "looked up": "Like `address`, for test calls.";
    "test_ca" = "\"/etc/vestibule/test-ca.pem\"", "the system's authorities": "Like `ca`, for test calls.";
    "test_credential" = "{ bearer = \"env:SANDBOX_TOKEN\" }", "none": "Like `credential`, for test calls; the live one is never sent there.";
    "connect_timeout_seconds" = "5", "5": "How long to wait for the connection, 1 to 60.";
    "timeout_seconds" = "60", "60": "How long to wait for the answer, 1 to 300.";
    "max_answer" = "\"10 MiB\"", "10 MiB": "Largest answer, 1 KiB to 256 MiB.";
    "headers" = "{ \"notion-version\" = \"2022-06-28\" }", "none": "Constants that every call gets, live and test, such as the version of an API; they take the place of what the workflow sends. Never a credential. Of the workflow's own headers pass `accept`, `accept-language`, `content-type`, `idempotency-key`, `if-match`, `if-none-match` and those that the grant names in `reveal_header`; the rest stays here.";
    "grant" = "…", "nobody may call": "Who may call what: [[out.NAME.grant]].";
}

section! { CREDENTIAL "credential"
    "What the gateway adds to a call: exactly one of these."
    "basic" = "\"env:GREENHOUSE_KEY\"", "none": "HTTP Basic: `user:password`, or the user alone with an empty password.";
    "bearer" = "\"env:GMAIL_TOKEN\"", "none": "Authorization: Bearer.";
    "header" = "{ name = \"x-api-key\", value = \"env:ATS_KEY\" }", "none": "A named header.";
}

section! { GRANT "[[out.NAME.grant]]"
    "One workflow, one call, exact places. A token anywhere else is an error, never sent through. Of several grants that fit a path the one with a literal segment further left decides."
    "workflow" = "\"candidate-intake\"", "required": "Who may call.";
    "call" = "\"POST /candidates/{id}/notes\"", "required": "Method and path below `to`; `*` and `{name}` stand for one segment.";
    "reveal" = "{ \"first_name\" = \"name\" }", "nothing": "Places of the JSON or form body and the category, or list of categories, restored there.";
    "reveal_query" = "{ \"email\" = \"email\" }", "nothing": "Parameters of the query. URLs land in logs: prefer the body.";
    "reveal_path" = "{ \"id\" = \"user_id\" }", "nothing": "Segments of the path, by their {name} in `call`.";
    "reveal_header" = "{ \"x-on-behalf-of\" = \"email\" }", "nothing": "Headers. One that is named here passes with a text of the workflow's own too.";
    "in_text" = "{ \"html\" = \"name\" }", "nothing": "Places of the body where tokens may stand in the middle of a text.";
    "where" = "{ \"to\" = \"same-subject | @example.com\" }", "no condition": "Who may be addressed: the call's own person, a domain, or an address. Holds for every spelling of the place in body, form and query; an address anywhere else in the call must meet one of the conditions too. Checked before anything is revealed.";
    "purpose" = "\"employment.recruitment\"", "the workflow's": "What this call is for.";
    "expires" = "2027-12-31", "never": "A date; after its end (UTC) the grant is refused.";
    "batch" = "false", "false": "Whether one call may hold tokens of several people.";
    "answer" = "{ keep = { \"id\" = \"integer\" } }", "everything is dropped": "What passes of the answer, see `answer`.";
}

section! { ANSWER "answer"
    "What passes of a destination's answer."
    "keep" = "{ \"id\" = \"integer\" }", "nothing": "Places that pass if they have the type: `integer`, `number`, `string` or `boolean`.";
    "otherwise" = "\"drop\"", "drop": "The rest: `drop`, or `tokenize` for the calling workflow. The answer to a call about one person is about that person. In any other, each entry of a list, or record under an id, counts as somebody of its own, and so does what stands outside: two of them in one call need `batch`, and are never `same-subject`.";
    "retention_days" = "30", "30": "With `otherwise = \"tokenize\"`: how long the values are kept, 1 to 365.";
}

section! { SCAN "[scan]"
    "What the auditor of scenarios reads besides files. A file that holds nothing else is enough for `vestibule scan --account`."
    "account" = "…", "none": "Accounts at automation platforms: [scan.account.NAME].";
}

section! { SCAN_ACCOUNT "[scan.account.NAME]"
    "An account at Make or n8n, audited by `vestibule scan --account NAME`. Only read: no request but GET is sent. docs/guide/scan-accounts.md says how to make the token."
    "platform" = "\"make\"", "required": "`make` or `n8n`. Zaps are audited from Zapier's export.";
    "zone" = "\"eu1.make.com\"", "required for Make": "The host that Make has in your browser.";
    "team" = "123", "required for Make": "The number of the team, from the address `…/123/…` in your browser.";
    "url" = "\"https://n8n.example.com\"", "required for n8n": "Origin and base path of the instance, https only.";
    "token" = "\"env:MAKE_TOKEN\"", "required": "Reference to a token that can only read.";
    "address" = "\"10.0.0.9:443\"", "looked up; private addresses are refused": "Pins a private instance to this address and port. Metadata addresses never.";
    "ca" = "\"/etc/vestibule/n8n-ca.pem\"", "the system's authorities": "PEM file of the only authority trusted for it.";
}

section! { SUPPRESSIONS "the suppression file"
    "Findings that are accepted, each with a reason and until a day."
    "salt" = "\"0a1b…\"", "that of the baseline": "64 hex digits: what `value` marks were made with.";
    "suppress" = "…", "none": "The suppressions.";
}

section! { SUPPRESS "[[suppress]]"
    "One finding, or several of one check, that are accepted for a time."
    "check" = "\"cleartext-http\"", "required": "The id of the check.";
    "file" = "\"exports/intake.json\"", "any file": "Only in this file, named as the scan names it.";
    "scenario" = "\"Candidate intake\"", "any scenario": "Only in the scenario with this name.";
    "step" = "\"Create candidate\"", "any step": "Only in the step with this name.";
    "value" = "\"9f3a01cc\"", "any value": "Only for the value with this mark.";
    "reason" = "\"a sandbox without people\"", "required": "Why it is accepted.";
    "expires" = "2027-01-31", "required": "The last day on which it is.";
}
