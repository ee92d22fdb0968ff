-- Written for SQLite, in words that other engines share: `INTEGER` is 64 bits, `BLOB` is bytes, and what stands after a
-- table's closing bracket is SQLite's own. There are no foreign keys: one writer checks before it writes, and a look-up
-- of the parent for each child row would double the cost of an event.

-- Small named values: the grant revision, the node's own marks.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: 1 while a process has the store open. Apart from `meta` because it is no part of the logical state.
CREATE TABLE run (
    row     INTEGER PRIMARY KEY,
    running INTEGER NOT NULL
) STRICT;

-- Data subjects. state: 0 live, 1 pending (known by no identifier yet, expires), 2 erased. Rows stay as tombstones.
CREATE TABLE subject (
    row           INTEGER PRIMARY KEY,
    number        BLOB NOT NULL,
    mode          INTEGER NOT NULL,
    realm         TEXT NOT NULL,
    state         INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    pending_until INTEGER,
    erased        INTEGER,
    dek_id        BLOB,
    epoch         INTEGER,
    wrapped       BLOB,
    pseudonym     BLOB
) STRICT;
CREATE INDEX subject_epoch ON subject (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX subject_pending ON subject (pending_until) WHERE pending_until IS NOT NULL;

-- How an identifier finds its subject: an encrypted tag and a MAC over the row.
CREATE TABLE subject_index (
    epoch   INTEGER NOT NULL,
    tag     BLOB NOT NULL,
    subject INTEGER NOT NULL,
    mac     BLOB NOT NULL,
    PRIMARY KEY (epoch, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX subject_index_subject ON subject_index (subject);

-- How a value of a subject finds its stable token. Found again by record when the record or its subject goes.
CREATE TABLE stable_index (
    epoch  INTEGER NOT NULL,
    tag    BLOB NOT NULL,
    record INTEGER NOT NULL,
    slot   INTEGER NOT NULL,
    random BLOB NOT NULL,
    mac    BLOB NOT NULL,
    PRIMARY KEY (epoch, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX stable_index_record ON stable_index (record);

-- The protected fields of one event or answer in one packed row. It covers the numbers no .. no + count - 1.
-- A row whose `sealed` is NULL is a tombstone: erased with its subject, or past its retention.
CREATE TABLE record (
    no       INTEGER PRIMARY KEY,
    count    INTEGER NOT NULL,
    subject  INTEGER NOT NULL,
    event    INTEGER,
    created  INTEGER NOT NULL,
    expires  INTEGER,
    audience BLOB,
    sealed   BLOB
) STRICT;
CREATE INDEX record_subject ON record (subject);
CREATE INDEX record_expires ON record (expires) WHERE expires IS NOT NULL;

-- Ranges of record numbers handed to writers: `next` has not been handed out.
CREATE TABLE record_lease (
    writer INTEGER PRIMARY KEY,
    next   INTEGER NOT NULL
) STRICT;

-- The last three columns say what makes the event the same event again, and until when.
CREATE TABLE event (
    row          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL,
    route        TEXT NOT NULL,
    mode         INTEGER NOT NULL,
    subject      INTEGER NOT NULL,
    record       INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    source_key   BLOB NOT NULL,
    body_key     BLOB NOT NULL,
    repeat_until INTEGER NOT NULL
) STRICT;

-- Sealed bodies stand apart from their events so that the pages of a delivered body are free at once.
CREATE TABLE body (
    event  INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE held (
    event  INTEGER PRIMARY KEY,
    until  INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX held_until ON held (until);

-- Keys of events seen, up to the event `last` and sorted, in generations of bounded size: a few long rows each, and a
-- filter in memory that tells in which of them a key may stand. Newer keys are read from their events. A generation is
-- dropped whole.
CREATE TABLE replay_generation (
    generation INTEGER PRIMARY KEY,
    last       INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    filter     BLOB NOT NULL
) STRICT;
CREATE TABLE replay (
    bucket  INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

-- state: 0 due or leased (next_at is then the end of the lease), 1 dead, 2 delivered, 3 paused, 4 erased, 5 discarded.
CREATE TABLE delivery (
    row      INTEGER PRIMARY KEY,
    event    INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    state    INTEGER NOT NULL,
    next_at  INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    reason   TEXT
) STRICT;
CREATE INDEX delivery_waiting ON delivery (state, next_at) WHERE state <> 2;
CREATE INDEX delivery_event ON delivery (event);
CREATE TABLE attempt (
    delivery   INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    status     INTEGER,
    latency_ms INTEGER NOT NULL,
    error      TEXT,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE route_disabled (
    route  TEXT NOT NULL PRIMARY KEY,
    since  INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. mac = HMAC(audit key, leaf, mac of the leaf before).
CREATE TABLE leaf (
    seq  INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    mac  BLOB NOT NULL
) STRICT;
CREATE TABLE origin (
    first   INTEGER PRIMARY KEY,
    id      BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    id        TEXT NOT NULL PRIMARY KEY,
    mode      INTEGER NOT NULL,
    workflow  TEXT NOT NULL,
    owner     TEXT NOT NULL,
    hash      BLOB NOT NULL,
    detail    BLOB NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    revoked   INTEGER,
    last_used INTEGER,
    revision  INTEGER NOT NULL,
    mac       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- state: 0 in flight, 1 done, 2 done and its answer erased.
CREATE TABLE idempotency (
    key         BLOB NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    state       INTEGER NOT NULL,
    begun       INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    subject     INTEGER,
    answer      BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_until ON idempotency (until);
CREATE INDEX idempotency_subject ON idempotency (subject) WHERE subject IS NOT NULL;
