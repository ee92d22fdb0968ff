-- The raw store of the benchmark: what plain SQLite does with the rows of one
-- accepted event, without our store. Same durability as the gateway: WAL,
-- synchronous=FULL, secure_delete. Checkpoints run on another connection.
-- Only the indexes that the rows themselves need: the bar is not lowered by
-- secondary indexes.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA wal_autocheckpoint = 0;
PRAGMA cache_size = -32768;
PRAGMA busy_timeout = 10000;
PRAGMA foreign_keys = OFF;

CREATE TABLE subject (
    id      INTEGER PRIMARY KEY,
    number  BLOB NOT NULL,
    epoch   INTEGER NOT NULL,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE record (
    first    INTEGER PRIMARY KEY,
    slots    INTEGER NOT NULL,
    subject  INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    audience BLOB NOT NULL,
    sealed   BLOB NOT NULL
) STRICT;

-- What makes the event the same event again stands in its row: the cheapest form
-- we know, so that the bar is not lowered.
CREATE TABLE event (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    route        TEXT NOT NULL,
    subject      INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    source_key   BLOB NOT NULL,
    body_key     BLOB NOT NULL,
    repeat_until INTEGER NOT NULL,
    body         BLOB NOT NULL
) STRICT;

CREATE TABLE delivery (
    event    INTEGER PRIMARY KEY,
    workflow TEXT NOT NULL,
    state    INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    next_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE leaf (
    seq  INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    mac  BLOB NOT NULL
) STRICT;

CREATE TABLE stable (
    tag    BLOB PRIMARY KEY,
    epoch  INTEGER NOT NULL,
    record INTEGER NOT NULL,
    slot   INTEGER NOT NULL,
    random BLOB NOT NULL,
    mac    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
