-- What the audits of a platform account have found so far, by the account's name in the configuration. `sealed` holds all
-- of it under the key of `subject`, a pending subject of its own that lapses when nothing was saved for long.
CREATE TABLE scan (
    row     INTEGER PRIMARY KEY,
    account TEXT NOT NULL UNIQUE,
    subject INTEGER NOT NULL,
    run     INTEGER NOT NULL,
    saved   INTEGER NOT NULL,
    sealed  BLOB NOT NULL
) STRICT;
CREATE INDEX scan_subject ON scan (subject);
