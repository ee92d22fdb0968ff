//! Codes of the running gateway: store, keys, log, clock and command line. It does not touch any of them.

use super::{Problem, problems};

pub(super) static PROBLEMS: &[Problem] = problems! {
    Caller 500 "internal.lost" "the gateway failed":
        "Something broke inside the gateway. The request has an entry in the log, which says whether anything was sent."
        => "Give the request id to the operator. Before a call that writes is sent again, look at the destination whether it acted; sources send again by themselves, and an event is taken in once.";
    Caller 503 "store.full" "no space left":
        "The disk of the gateway is full. Nothing was accepted and nothing revealed."
        => "Free space in the data folder; senders try again by themselves." again;
    Caller 503 "store.busy" "too much at once":
        "The queue of the database is full."
        => "Send again in a moment." again;
    Caller 503 "store.io" "database not available":
        "The database could not read or write. Nothing was accepted and nothing revealed."
        => "Look at the journal of the gateway and the state of the disk." again;
    Operator 0 "store.unreachable" "database not reachable":
        "The file of the database, or its folder, is missing or is something else. Nothing was changed."
        => "Correct `store.url`, or make the folder for the user that the gateway runs as.";
    Operator 0 "file.permission" "file of another user":
        "A file or its folder belongs to another user than the one this process runs as. Nothing was changed."
        => "Run the command as the user that the gateway runs as, or give the file to that user with `chown`.";
    Operator 0 "store.none" "no database yet":
        "There is no database of this version to read: none was made yet, or the one there is older."
        => "Start the gateway once with `vestibule serve`, which makes it or brings it up to date; or `vestibule restore` a backup.";
    Operator 0 "store.newer_schema" "database of a newer version":
        "The database was written by a newer version of Vestibule. It was not touched."
        => "Start that version or a newer one, or restore a backup made by this one.";
    Operator 0 "store.in_use" "database in use":
        "Another process has the database open for writing. Nothing was changed."
        => "Stop the gateway, or the other process, then try again.";
    Operator 0 "store.damaged" "database damaged":
        "The integrity check of the database failed. It was not changed."
        => "Copy the files away, then restore the newest backup with `vestibule restore`.";
    Operator 0 "store.foreign" "another kind of database":
        "The file is a database, but not one of this gateway. It was not touched."
        => "Correct `store.url`.";
    Caller 503 "store.lost" "database lost this step":
        "The database failed in the middle of this step and wrote nothing of it."
        => "Send again in a moment." again;
    Caller 503 "store.closed" "gateway is stopping":
        "The gateway is shutting down."
        => "Send again in a moment." again;
    Operator 0 "store.range" "number out of range":
        "A number does not fit its place in the database; nothing was written."
        => "Report it with the output of `vestibule status`.";
    Operator 0 "store.not_scrubbed" "old bytes not yet overwritten":
        "The person is erased, but a long read keeps old sealed bytes in the write-ahead log until the next checkpoint."
        => "End long reads such as a copy of the database, then erase again or wait for the next checkpoint.";
    Caller 500 "store.malformed" "damaged row":
        "A row of the database does not have its form. Nothing was revealed."
        => "The operator runs `vestibule log verify` and restores the newest backup.";
    Caller 500 "store.sql" "database refused a statement":
        "SQLite refused a statement; nothing was written."
        => "Report it with the output of `vestibule status`.";
    Caller 500 "store.tampered" "row not written by this gateway":
        "A row of the database does not carry the right seal: it was changed from outside. Nothing was revealed."
        => "Treat it as an incident: find out who could write to the database.";
    Operator 0 "store.authority_rolled_back" "older keys put back":
        "The list of workflow keys in the database, or one row of it, is older than the key store has seen: a revoked key may stand again."
        => "Bring the newest database back, or `vestibule restore` a backup: it accepts the keys of that backup and lists those that stand.";
    Operator 0 "log.broken" "log does not verify":
        "An entry of the log was changed, removed, reordered or cut off. The first place is named."
        => "Treat it as an incident: keep the files, find out who could write to the database, compare with the head kept outside.";
    Operator 0 "log.behind_key_store" "not the newest database":
        "The log in the database does not reach the newest head that the key store knows: the data folder is another one, is empty, or holds an older copy. Nothing was changed."
        => "Put the newest database in its place, or `vestibule restore` a backup; if it is lost for good, `vestibule log accept-gap` goes on with the one that is there.";
    Operator 0 "log.no_gap" "no gap in the log":
        "The database is the newest one that the key store knows, so there is nothing to accept. Nothing was changed."
        => "Start the gateway with `vestibule serve`.";
    Operator 0 "clock.wrong" "clock not plausible":
        "The clock of this machine is before the newest entry of the log, or far from any plausible date."
        => "Set the clock (NTP), then start again.";
    Operator 0 "root.malformed" "root key damaged":
        "The text of the root key is not whole: its form or its checksum is wrong. Nothing was changed."
        => "Copy it again from the recovery kit, whole and in one line.";
    Operator 0 "root.exposed" "root key readable by others":
        "The file of the root key can be read by other users of this machine."
        => "Set its mode to 0600 and its owner to the gateway's user, then rotate the root key.";
    Operator 0 "root.same" "the same root key":
        "The new root key is the one that the key store lies under already. Nothing was rotated."
        => "Name a file that is not there yet: `vestibule rotate root --new-root FILE` makes a new root key in it.";
    Operator 0 "root.not_a_root" "not a root key":
        "The text does not begin with `vroot1_`."
        => "Check `keys.root`; the recovery kit holds a copy of the root key.";
    Operator 0 "root.checksum" "typing error in the root key":
        "The checksum of the root key does not fit, so a character is wrong. Nothing was changed."
        => "Copy it again from the recovery kit.";
    Operator 0 "keystore.wrong_root" "wrong root key":
        "The key store was sealed with another root key. Nothing was changed."
        => "Find the root key with the fingerprint that the message names.";
    Operator 0 "keystore.file" "key store not readable":
        "The key store at `keys.store` is missing, or cannot be read or written. Without it no value can be opened. Nothing was changed."
        => "Bring it back from its own backup, or correct `keys.store`. Only where nothing was ever accepted does `vestibule init` make a new one.";
    Operator 0 "keystore.damaged" "key store damaged":
        "The key store is truncated or was altered. Nothing was changed."
        => "Restore the newest copy of the key store.";
    Operator 0 "keystore.newer" "key store of a newer version":
        "The key store was written by a newer version of Vestibule. It was not touched."
        => "Start that version or a newer one.";
    Operator 0 "keystore.not_a_key_store" "not a key store":
        "The file at `keys.store` is something else. It was not touched."
        => "Correct `keys.store`, or restore the newest copy of the key store.";
    Operator 0 "keystore.truncated" "key store cut short":
        "The end of the key store is missing. Nothing was changed."
        => "Restore the newest copy of the key store.";
    Operator 0 "rotation.still_named" "old epoch still in use":
        "A key version cannot be destroyed: rows of the database still name it."
        => "Run `vestibule rotate` and `vestibule backup`, then try again.";
    Operator 0 "rotation.overdue" "erasure promise broken":
        "An epoch key is older than `keys.erasure_days`: backups of that age still open erased persons."
        => "Run `vestibule rotate` and `vestibule backup` now, and find out why the nightly run failed.";
    Operator 0 "rotation.already_announced" "rotation under way":
        "A next version of this key is announced already."
        => "Let that rotation finish first.";
    Operator 0 "rotation.no_such_version" "no such key version":
        "The key store has no version with this number."
        => "See `vestibule status` for the versions there are.";
    Operator 0 "rotation.wrong_state" "step out of order":
        "The key version is not in the state that this step starts from."
        => "Keys go from announced over active and retired to destroyed.";
    Operator 0 "rotation.needs_highest_record" "token keys rotate otherwise":
        "Token keys change hands at a record number, which this step did not name."
        => "Run `vestibule rotate` beside the running server.";
    Operator 0 "rotation.no_checked_backup" "no checked backup":
        "No backup made after the re-wrapping has passed a restore check, so the old key stays."
        => "Run `vestibule backup`, then rotate again.";
    Operator 0 "backup.recipient" "no backup recipient":
        "The text is no age recipient."
        => "Give a recipient that begins with `age1`; `age-keygen` makes one.";
    Operator 0 "backup.wrong_identity" "backup does not open":
        "The identity does not open this backup."
        => "Use the age identity whose recipient the backup was made for.";
    Operator 0 "backup.damaged" "backup damaged":
        "The backup is truncated or was altered."
        => "Use another copy.";
    Operator 0 "backup.not_a_backup" "not a backup":
        "The file is no age file, so it is none that `vestibule backup` has written."
        => "Give the file of a backup.";
    Operator 0 "backup.too_old" "backup older than its keys":
        "The epoch keys of this backup were destroyed on schedule. Nobody can open it any more."
        => "Use a newer backup; delete this one.";
    Operator 0 "backup.identity" "not an identity":
        "The text is no age identity."
        => "Give the identity that begins with `AGE-SECRET-KEY-1`.";
    Operator 0 "backup.io" "backup not readable":
        "Reading or writing the backup failed."
        => "Check the path, the space left and the mode.";
    Operator 0 "restore.not_empty" "target not empty":
        "There is a database at the target already. It was not changed."
        => "Give `--replace`, which keeps it under another name, or move it away.";
    Operator 0 "restore.gap" "erasures may be missing":
        "No key store newer than the backup was given, so persons erased since then could come back."
        => "Give the newest key store, or accept the named gap with `--accept-gap`.";
    Operator 0 "secret.unusable" "secret not usable":
        "A secret is empty, too short, too long, or not in the form that its use asks for. The message names the route and the reference."
        => "Copy it again from where it was issued.";
    Operator 0 "secret.no_file" "no file of a secret":
        "The file that a reference to a secret names is not there, or is a folder."
        => "Write the secret into the file that the message names, or correct the reference of the route.";
    Operator 0 "secret.denied" "file of a secret not readable":
        "The file of a secret is there, but the user of the gateway may not read it, or may not enter a folder above it."
        => "As root, give the file to the user of the gateway with `chown` and keep it private with `chmod 0600`; folders above it need `chmod u+x` or a group that may enter.";
    Operator 0 "secret.no_variable" "variable of a secret not set":
        "The variable that a reference to a secret names is not in the environment of this process. `sudo` and services do not hand on what a shell has."
        => "Set it where the gateway is started: `export NAME=…` in that shell, or the environment of the service; or write the secret to a file and refer to it by `file:`.";
    Operator 0 "secret.no_credential" "no such systemd credential":
        "A reference names a systemd credential, and systemd did not pass it to this process."
        => "Add `LoadCredential=NAME:/path/to/file` to the service and start it again with systemctl; outside of systemd use `file:`.";
    Operator 0 "listen.in_use" "address in use":
        "Another process listens on the address that the message names, or on the socket for commands: perhaps a gateway that runs already."
        => "Stop it (`ss -ltnp` shows who listens), or change `server.listen`.";
    Operator 0 "listen.bind" "address not allowed":
        "The system does not let this process listen on the address that the message names: it is not one of this machine, or its port is under 1024, which takes a capability."
        => "For a port under 1024 run `setcap cap_net_bind_service=+ep` on the binary as root, or set `AmbientCapabilities=CAP_NET_BIND_SERVICE` for the service; else set `server.listen` to an address of this machine.";
    Operator 0 "listen.plain" "no TLS beyond this machine":
        "A listener without TLS was to be opened on an address that others can reach."
        => "Set `server.tls`, or listen on a loopback address.";
    Operator 0 "listen.not_a_socket" "not a socket":
        "A file lies where the socket of the commands belongs."
        => "Move the file out of the data folder.";
    Operator 0 "listen.thread" "no threads":
        "The system gave no more threads."
        => "Raise the limit of processes for the user of the gateway, or set `server.threads`.";
    Operator 0 "tls.bad_certificate" "certificate not usable":
        "A certificate in the file of `tls.cert` cannot be read."
        => "Check both files of `server.tls`; the certificate file holds the whole chain, the server's own first.";
    Operator 0 "tls.no_certificate" "no certificate in the file":
        "The file of `tls.cert` holds no certificate in PEM."
        => "Give the chain in PEM, the certificate of the server first.";
    Operator 0 "tls.no_key" "no key in the file":
        "The file of `tls.key` holds no private key in PEM."
        => "Give the private key in PEM.";
    Operator 0 "tls.bad_key" "key not usable":
        "The private key is of a kind that is not supported."
        => "Use an ECDSA P-256, Ed25519 or RSA key.";
    Operator 0 "tls.key_mismatch" "key of another certificate":
        "The certificate and the private key do not belong together."
        => "Give the key that the certificate was issued for.";
    Operator 0 "tls.no_roots" "no trusted authorities":
        "There is no trusted authority: the system has none, or the `ca` file of a destination holds none."
        => "Install the certificates of the system (ca-certificates), or correct `ca`.";
    Operator 0 "tls.provider" "TLS not available":
        "The TLS library refused its settings."
        => "Report it with the version of the gateway.";
    Operator 0 "local.no_server" "no server running":
        "The command speaks to a running server, and none answers on the socket in the data folder."
        => "Start `vestibule serve`, or give the configuration of the running server with `--config`.";
    Operator 0 "local.denied" "socket not accessible":
        "The socket of the running server belongs to another user."
        => "Run the command as the user of the gateway.";
    Operator 0 "local.slow" "server does not answer":
        "The running server took longer than the command waits."
        => "Look at the load of the machine, then try again." again;
    Operator 0 "local.too_large" "answer too large":
        "The answer of the running server is longer than the command accepts."
        => "Ask for less, for example for one route.";
    Operator 0 "local.broken" "connection to the server broke":
        "The running server ended the connection in the middle of its answer."
        => "Look at the journal of the gateway.";
    Operator 0 "cli.argument" "unusable argument":
        "An argument of the command is not what it expects."
        => "See the command's `--help`.";
    Operator 0 "cli.file" "file not readable":
        "A file named on the command line cannot be read or written."
        => "Check the path and its permissions.";
    Operator 0 "cli.no_config" "no configuration":
        "There is no file where the command looks for the configuration."
        => "`vestibule init --dir gateway` makes one; name another with `--config`.";
    Operator 0 "cli.exists" "file exists already":
        "The command would overwrite a file that is there already. It was not changed."
        => "Move the file away, or name another place.";
    Operator 0 "cli.unknown_code" "no such code":
        "The catalogue has no entry with this code."
        => "See docs/reference/errors.md, or run `vestibule explain` without a code for the list.";
    Operator 0 "cli.unknown_name" "no such name":
        "The configuration has no route, destination or workflow with this name."
        => "Run `vestibule status` for the names there are.";
    Operator 0 "cli.unknown_dead" "no such dead letter":
        "No dead letter has this number: it was sent again or thrown away, or the number is mistyped."
        => "Run `vestibule dead list` for the numbers there are.";
    Operator 0 "cli.unknown_held" "no such held event":
        "No event that waits for its owner has this number: it went on or was dropped, or the number is mistyped."
        => "Run `vestibule held list` for the numbers there are.";
    Operator 0 "cli.unknown_key" "no such key":
        "No workflow key has this public id. It is the ten characters after `vst_live_` or `vst_test_`."
        => "Run `vestibule keys list` for the ids there are.";
    Operator 0 "dev.failed" "the trial did not go on":
        "A part of the trial could not be started, or an event did not come through."
        => "Start `vestibule dev` again; if it happens twice, report what it printed.";
    Operator 0 "file.unreadable" "file not readable":
        "A file that the configuration names cannot be read."
        => "Check its path, its owner and its mode.";
    Caller 500 "vault.sealed" "sealed data does not open":
        "A sealed value was changed, moved or sealed under another key. Nothing was revealed."
        => "Treat it as an incident if the database was not restored lately.";
    Caller 503 "vault.random" "no random bytes":
        "The system gave no random bytes, so nothing was sealed."
        => "Send again; the operator looks at the journal of the machine." again;
    Caller 500 "vault.draw_exhausted" "random draw used up":
        "The request needed more random bytes than it had drawn. Nothing was sent."
        => "Report it with the request id.";
    Operator 0 "vault.no_active_key" "no active key":
        "A kind of key has no active version."
        => "Run `vestibule rotate`.";
    Caller 500 "vault.key_gone" "key destroyed":
        "The key that a value was sealed under was destroyed. Nobody can open it any more."
        => "Send the event again at the source.";
    Caller 500 "vault.record_not_covered" "no token key for this record":
        "No live token key covers the number of this record."
        => "The operator runs `vestibule rotate`.";
    Caller 422 "vault.too_long" "value too long":
        "A value or name is longer than its sealed form allows."
        => "Send less in one field.";
    Caller 503 "vault.permit_stale" "decision too old":
        "The decision was more than a second old when its values were to be opened, so they were not."
        => "Send the call again." again;
    Caller 500 "vault.not_permitted" "outside the decision":
        "A value was asked for that the decision does not cover. It was not opened."
        => "Report it with the request id.";
    Caller 422 "vault.token_mismatch" "token of another record":
        "The token does not belong to the record it leads to."
        => "Map the token of this event, whole.";
    Caller 500 "vault.primitive" "cryptographic library failed":
        "The cryptographic library refused a step that cannot fail with sound memory. Nothing was sent."
        => "Check the memory of the machine.";
    Operator 0 "path.tie" "two paths for one place":
        "Two paths of one list fit the same place equally well."
        => "Keep one of the two.";
    Operator 0 "path.too_many" "too many paths":
        "One list holds more paths than can be told apart."
        => "Name a container instead of each of its members.";
    Operator 0 "path.root" "dollar sign inside a path":
        "The dollar sign stands for the whole document and only alone."
        => "Remove the dollar sign.";
    Operator 0 "path.name" "name missing in a path":
        "Between two dots, or after the last one, stands no name."
        => "Write a name, or put an odd one into brackets and quotes.";
    Operator 0 "path.separator" "separator missing in a path":
        "After a bracket comes a dot, another bracket or the end."
        => "Add the dot.";
    Operator 0 "path.bracket" "bracket not readable":
        "Brackets hold `*`, a position, `key=value` or a quoted name."
        => "Correct the text in brackets, and close them.";
    Operator 0 "path.selector" "selector not readable":
        "A selector is `[key=value]`; either side may stand in quotes."
        => "Correct the selector.";
    Operator 0 "path.quotes" "quotes not readable":
        "A quoted name follows the rules of JSON texts and ends with a quote."
        => "Close the quotes, and escape quotes inside with a backslash.";
    Operator 0 "path.too_long" "path too long":
        "A path has more than 64 steps."
        => "Name a container further up.";
    Operator 0 "backup.other_keys" "backup of another key store":
        "The backup was made beside another key store, so nothing in it could be opened."
        => "Put the key store in place that stood beside the database when the backup was made.";
    Owner 0 "deliver.failed" "delivery failed":
        "An attempt to deliver an event failed before the platform answered; the attempt's own code says why."
        => "See `vestibule dead list` and the platform's address in the configuration.";
    Operator 0 "request.cut_at_stop" "request cut by a stop":
        "The gateway was asked to stop and cut requests that did not end in time."
        => "Nothing is lost: sources send again. Give the service more time to stop if this happens often.";
    Operator 0 "erasure.applied_to_older_copy" "erasure repeated on an older copy":
        "The database was an older copy and still held somebody who had been erased; the key store's list was applied before anything was served."
        => "Nothing to do. It shows that a restore cannot bring anybody back.";
    Operator 0 "ops.request" "command not understood":
        "The running gateway does not know the command, or it arrived damaged."
        => "Use the command of the same version as the running gateway.";
};
