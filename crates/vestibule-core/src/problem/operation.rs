//! Codes of the running gateway: store, keys, log, clock and command line. It does not touch any of them.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Caller 500 "internal.lost" "the gateway failed":
        "Something broke inside the gateway. The request has an entry in the log, and nothing was sent unless the log says so."
        => "Send again with the same Idempotency-Key; if it happens twice, give the request id to the operator." again;
    Caller 503 "store.full" "no space left":
        "The disk of the gateway is full. Nothing was accepted and nothing revealed."
        => "Free space in the data folder; senders try again by themselves." again;
    Caller 503 "store.busy" "too much at once":
        "The queue of the database is full."
        => "Send again in a moment." again;
    Caller 503 "store.unavailable" "database not available":
        "The database could not read or write. Nothing was accepted and nothing revealed."
        => "Look at the journal of the gateway and the state of the disk." again;
    Operator 0 "store.newer" "database of a newer version":
        "The database was written by a newer version of Vestibule. It was not touched."
        => "Start that version or a newer one, or restore a backup made by this one.";
    Operator 0 "store.in_use" "database in use":
        "Another process has the database open for writing."
        => "Stop the other process, or use the command beside the running server.";
    Operator 0 "store.damaged" "database damaged":
        "The integrity check of the database failed. It was not changed."
        => "Copy the files away, then restore the newest backup with `vestibule restore`.";
    Operator 0 "store.missing" "no database":
        "There is no database at the configured place, or its folder cannot be entered."
        => "Run `vestibule init`, or correct `store.url`.";
    Caller 503 "audit.unavailable" "log not writable":
        "The entry that must precede every reveal could not be written, so nothing was revealed."
        => "Look at the journal of the gateway and the state of the disk." again;
    Operator 0 "audit.broken" "log does not verify":
        "An entry of the log was changed, removed, reordered or cut off. The first place is named."
        => "Treat it as an incident: keep the files, find out who could write to the database, compare with the head kept outside.";
    Operator 0 "audit.behind" "database older than the log head":
        "The database ends before the newest head in the key store: it was replaced by an older copy."
        => "Bring the newest database back, or accept the gap by name; a new log origin is opened.";
    Operator 0 "clock.wrong" "clock not plausible":
        "The clock of this machine is before the newest entry of the log, or far from any plausible date."
        => "Set the clock (NTP), then start again.";
    Operator 0 "root.missing" "root key not found":
        "The root key is not where `keys.root` says. Nothing was changed."
        => "Bring the file, variable or systemd credential back; the recovery kit holds a copy.";
    Operator 0 "root.malformed" "root key damaged":
        "The text of the root key is not whole: its form or its checksum is wrong. Nothing was changed."
        => "Copy it again from the recovery kit, whole and in one line.";
    Operator 0 "root.wrong" "wrong root key":
        "The key store was sealed with another root key. Nothing was changed."
        => "Find the root key with the fingerprint that the message names.";
    Operator 0 "root.exposed" "root key readable by others":
        "The file of the root key can be read by other users of this machine."
        => "Set its mode to 0600 and its owner to the gateway's user, then rotate the root key.";
    Operator 0 "keystore.missing" "key store not found":
        "There is no key store at `keys.store`. Without it no value can be opened. Nothing was changed."
        => "Bring it back from its own backup, or run `vestibule init` for a new installation.";
    Operator 0 "keystore.damaged" "key store damaged":
        "The key store is truncated or was altered. Nothing was changed."
        => "Restore the newest copy of the key store.";
    Operator 0 "keystore.newer" "key store of a newer version":
        "The key store was written by a newer version of Vestibule. It was not touched."
        => "Start that version or a newer one.";
    Operator 0 "keystore.foreign" "key store of another installation":
        "The key store does not belong to this database."
        => "Put together the database and the key store of the same installation.";
    Operator 0 "epoch.in_use" "old epoch still in use":
        "An epoch key cannot be destroyed: persons are still sealed under it, or no backup after their re-wrapping passed its check."
        => "Run `vestibule rotate` and `vestibule backup`, then try again.";
    Operator 0 "epoch.overdue" "erasure promise broken":
        "An epoch key is older than `keys.erasure_days`: backups of that age still open erased persons."
        => "Run `vestibule rotate` and `vestibule backup` now, and find out why the nightly run failed.";
    Operator 0 "backup.recipient" "no backup recipient":
        "The text is no age recipient."
        => "Give a recipient that begins with `age1`; `age-keygen` makes one.";
    Operator 0 "backup.identity" "backup does not open":
        "The identity does not open this backup."
        => "Use the age identity whose recipient the backup was made for.";
    Operator 0 "backup.damaged" "backup damaged":
        "The backup is truncated or was altered."
        => "Use another copy.";
    Operator 0 "backup.too_old" "backup older than its keys":
        "The epoch keys of this backup were destroyed on schedule. Nobody can open it any more."
        => "Use a newer backup; delete this one.";
    Operator 0 "restore.not_empty" "target not empty":
        "There is a database at the target already. It was not changed."
        => "Move it away, then restore.";
    Operator 0 "restore.gap" "erasures may be missing":
        "No key store newer than the backup was given, so persons erased since then could come back."
        => "Give the newest key store, or accept the named gap with `--accept-gap`.";
    Operator 0 "secret.missing" "secret not found":
        "A reference of the configuration leads nowhere: the variable is not set, or the file or credential does not exist."
        => "Set the variable, or write the file, that the message names.";
    Operator 0 "secret.unusable" "secret not usable":
        "A secret is empty, too short, too long, or not in the form that its use asks for."
        => "Copy it again from where it was issued.";
    Operator 0 "secret.exposed" "secret readable by others":
        "The file of a secret can be read by other users of this machine."
        => "Set its mode to 0600 and its owner to the gateway's user.";
    Operator 0 "listen.in_use" "address in use":
        "Another process listens on the configured address."
        => "Stop it, or change `server.listen`.";
    Operator 0 "listen.forbidden" "address not allowed":
        "The system does not let this user listen on the configured address; ports under 1024 take a capability."
        => "Use the systemd unit, or give the binary CAP_NET_BIND_SERVICE.";
    Operator 0 "tls.unusable" "certificate not usable":
        "The certificate or its key cannot be read, or they do not belong together."
        => "Check both files of `server.tls`; the certificate file holds the whole chain, the server's own first.";
    Operator 0 "cli.no_server" "no server running":
        "The command speaks to a running server, and none answers on the socket in the data folder."
        => "Start `vestibule serve`, or give the configuration of the running server with `--config`.";
    Operator 0 "cli.argument" "unusable argument":
        "An argument of the command is not what it expects."
        => "See the command's `--help`.";
    Operator 0 "cli.file" "file not readable":
        "A file named on the command line cannot be read or written."
        => "Check the path and its permissions.";
    Operator 0 "cli.exists" "file exists already":
        "The command would overwrite a file that is there already. It was not changed."
        => "Move the file away, or name another place.";
    Operator 0 "cli.unknown_code" "no such code":
        "The catalogue has no entry with this code."
        => "See docs/reference/errors.md, or run `vestibule explain` without a code for the list.";
    Operator 0 "cli.unknown_name" "no such name":
        "The configuration has no route, destination or workflow with this name."
        => "Run `vestibule status` for the names there are.";
};
