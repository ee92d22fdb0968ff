//! Codes of the configuration: what `vestibule check` finds. The checks themselves are in the binary.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Operator 0 "config.syntax" "not TOML":
        "The file is not valid TOML, so nothing else in it was looked at."
        => "Correct the marked place; texts stand in quotes, tables in [brackets].";
    Operator 0 "config.duplicate_key" "key given twice":
        "A key or table stands twice, and only one of the two could count."
        => "Keep one of the two.";
    Operator 0 "config.unknown_key" "unknown key":
        "Nothing reads this key. A misspelt control would silently not exist, so it is an error."
        => "Correct the spelling or remove the key; docs/reference/configuration.md lists all keys.";
    Operator 0 "config.missing_key" "key missing":
        "The table needs this key, and there is no safe value to assume."
        => "Add the key.";
    Operator 0 "config.wrong_type" "wrong type":
        "The value has another type than the key takes: a text, a number, a list or a table."
        => "Write the value in the form that the message shows.";
    Operator 0 "config.out_of_range" "number out of range":
        "The number is smaller or larger than the key allows."
        => "Choose a number within the limits that the message names.";
    Operator 0 "config.bad_value" "unknown word":
        "The key takes one of a few words, and this is none of them."
        => "Use one of the words that the message lists.";
    Operator 0 "config.bad_name" "unusable name":
        "Names of systems, workflows, routes and realms stand in URLs and logs."
        => "Use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter.";
    Operator 0 "config.bad_field_path" "unreadable field path":
        "A path to a field has the form `a.b`, `list[*].c`, `list[key=value].c`, `list[0]` or `a[\"odd name\"]`."
        => "Correct the path at the marked place; in TOML a path with dots stands in quotes.";
    Operator 0 "config.bad_route" "unusable path":
        "The path of an incoming route begins with a slash and has plain segments; /out, /oauth, /api and /.well-known are taken."
        => "Choose a path such as \"/careers/apply\".";
    Operator 0 "config.bad_call" "unreadable call":
        "A call is a method and a path below the destination's `to`, with `*` or `{name}` for a single segment."
        => "Write it like \"POST /candidates/{id}/notes\".";
    Operator 0 "config.bad_url" "unusable URL":
        "The URL is not one the gateway would ever call: it has no plain host, or holds user information, a query or a fragment."
        => "Write \"https://host/base/path\"; the credential belongs into `credential`.";
    Operator 0 "config.plain_http" "connection without TLS":
        "The URL begins with http://. Personal data and credentials travel over verified TLS only; there is no switch for that."
        => "Write https://; for a system with an own authority set `ca`.";
    Operator 0 "config.private_host" "private host without a pin":
        "The host is an IP address, a local name or a name inside a private network. A name that can be made to point inwards is how data leaves by mistake."
        => "Pin the system with `address = \"IP:port\"` beside the URL.";
    Operator 0 "config.bad_address" "unreadable address":
        "The text is no IP address, no address with port, or no network in CIDR notation."
        => "Write \"203.0.113.0/24\" for a network, \"10.0.0.7:443\" for a pin, \"0.0.0.0:443\" to listen.";
    Operator 0 "config.bad_secret_ref" "unreadable reference":
        "A secret is named by `env:VARIABLE`, `file:/absolute/path` or `credential:name`, and the part after the colon is not usable."
        => "Write the reference in one of these forms.";
    Operator 0 "config.literal_secret" "secret in the file":
        "A secret, or a text that looks like one, stands in the configuration itself, where backups, reviews and version control keep it for ever."
        => "Put it into a variable, file or systemd credential, refer to that, and replace the secret: it counts as leaked.";
    Operator 0 "config.unknown_system" "unknown system":
        "No [system.NAME] table has this name."
        => "Correct the name, or add the table.";
    Operator 0 "config.unknown_workflow" "unknown workflow":
        "No [workflow.NAME] table has this name."
        => "Correct the name, or add the table.";
    Operator 0 "config.unknown_category" "unknown category":
        "The word is no treatment and no category of personal data."
        => "Use an alias or key of docs/reference/categories.md, `keep` or `drop`.";
    Operator 0 "config.route_tie" "two routes with one path":
        "Two [in.NAME] tables have the same path, so nothing says which of them gets an event."
        => "Give each route a path of its own.";
    Operator 0 "config.grant_tie" "two grants for one call":
        "Two grants of a destination fit the same workflow, method and path equally well, so nothing says which of them decides."
        => "Merge the two, or make one path more exact.";
    Operator 0 "config.field_tie" "two rules for one field":
        "Two rules name the same place, perhaps spelt differently, so nothing says which of them holds."
        => "Keep one of the two.";
    Operator 0 "config.subject_path" "subject without a rule":
        "The place that names the person is not named in `fields`, or not with a treatment that fits."
        => "Add it to `fields`; the e-mail of `subject` has the category `email`.";
    Operator 0 "config.special_category" "special category too weakly treated":
        "Health, belief, origin, union membership, sexual orientation and criminal record are never kept in the clear, derived from or restored inside a text."
        => "Tokenize or drop the field, and reveal it only alone in its place.";
    Operator 0 "config.keep_category" "category and keep contradict":
        "A category says that the value is personal data, and `keep` would send it to the platform as it is."
        => "Remove `treat = \"keep\"`; if the field is not personal, write \"keep\" without a category.";
    Operator 0 "config.keep_looks_personal" "kept field looks personal":
        "The field is kept in the clear, but its name is that of a category of personal data."
        => "Give it the category, or rename the field at the source if the name misleads.";
    Operator 0 "config.not_indexable" "no stable tokens for this category":
        "Values of this category are so few that an index over them could be guessed through."
        => "Remove `stable = true`; filters can use `derive`.";
    Operator 0 "config.hold_days" "hold without an end":
        "Held data waits for its owner's decision, and must not wait for ever."
        => "Set `hold_days`, 1 to 30, together with `otherwise = \"hold\"`.";
    Operator 0 "config.token_domain" "live use without a token domain":
        "E-mail tokens of live routes take a domain that is yours: mail to `token.invalid` vanishes, mail to somebody else's domain is a leak."
        => "Set `server.token_domain` to a subdomain of yours without mail, or the route to `mode = \"test\"`.";
    Operator 0 "config.keys_beside_database" "keys beside the database":
        "The key store or the root key lies in the folder of the database, so one copied folder holds lock and key."
        => "Put `keys.store` and the root key into a folder of their own, apart from the database and its backups.";
    Operator 0 "config.erasure_window" "erasure takes too long":
        "Epochs of 7 days and the restore window must end two days before `keys.erasure_days`, else old backups outlive the promise."
        => "Shorten `restore_window_days`, or lengthen `erasure_days` and tell the people whose data it is.";
    Operator 0 "config.plain_listener" "public listener without TLS":
        "The gateway would take personal data without encryption on an address that others can reach."
        => "Set `server.tls`, or listen on 127.0.0.1 behind a proxy on the same machine.";
    Operator 0 "config.too_many" "too many entries":
        "The list is longer than the work it would cause allows."
        => "Remove entries, for example secrets whose rotation is over.";
    Operator 0 "config.bad_header" "unusable header":
        "The header's name is not a name, or is one that the gateway or the protocol sets."
        => "Use a name such as \"x-make-apikey\".";
    Operator 0 "config.test_is_live" "test calls to the live system":
        "`test_to` is the address of `to`, and the call carries the same credential or none: nothing would keep test calls from acting on live data."
        => "Name a sandbox in `test_to`, or give the credential of a test account in `test_credential`; without `test_to`, test calls are refused.";
    Operator 0 "config.bad_condition" "unusable condition":
        "A condition on addressees joins `same-subject`, `@domain` and literal addresses with `|`, and no token may stand in the middle of what it names."
        => "Write it like \"same-subject | @example.com\".";
    Operator 0 "config.bad_derive" "unknown function":
        "Derived fields know `domain`, `present`, `count`, `length` and `year`, each of one path."
        => "Write it like \"present(candidate.cv)\".";
    Operator 0 "config.expired" "past its date":
        "The workflow or grant has expired. Everything else works; calls that need it are refused."
        => "Review it with its owner, then set a new date or remove it.";
    Operator 0 "config.weak_hmac" "weak signature":
        "The source signs with SHA-1. HMAC over SHA-1 is not broken, but nobody should begin with it today."
        => "Choose SHA-256 at the source if it offers that.";
    Operator 0 "config.static_key" "source without a signature":
        "A static key proves who sent, not what: somebody who sees one request can send any other."
        => "Use a signature if the source offers one; otherwise list the source's `addresses`.";
    Operator 0 "config.root_in_env" "root key in the environment":
        "Variables are visible to every process of this user and land in crash reports."
        => "Use a systemd credential or a file with mode 0600.";
    Operator 0 "config.destination" "destination not usable":
        "A destination passed the check but cannot be opened as it is written."
        => "Correct `to` and `address` of the destination.";
    Operator 0 "config.call" "call not usable":
        "A call of a grant passed the check but cannot be compiled."
        => "Write it like \"POST /candidates/{id}/notes\".";
};
