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

CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    route    TEXT NOT NULL,
    subject  INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    body     BLOB NOT NULL
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

-- Replay keys stand in generations of 65,536, so that their random order touches
-- few pages: the cheapest form we know, again so that the bar is not lowered.
CREATE TABLE replay (
    generation INTEGER NOT NULL,
    key        BLOB NOT NULL,
    body       BLOB NOT NULL,
    event      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    PRIMARY KEY (generation, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE stable (
    tag    BLOB PRIMARY KEY,
    epoch  INTEGER NOT NULL,
    record INTEGER NOT NULL,
    slot   INTEGER NOT NULL,
    random BLOB NOT NULL,
    mac    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
