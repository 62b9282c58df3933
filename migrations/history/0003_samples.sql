-- New samples go to the journal, which is ordered by time. Later they move to `samples`, which is ordered by
-- history. Without the journal, one sample of each of many histories would touch as many pages of `samples`.
CREATE TABLE sample_journal (
    ts           INTEGER NOT NULL,
    handle       INTEGER NOT NULL,
    value_type   INTEGER NOT NULL,
    value_number REAL,
    value_whole  INTEGER,
    value_text   TEXT,
    state        INTEGER NOT NULL,
    PRIMARY KEY (ts, handle)
) STRICT, WITHOUT ROWID;

CREATE TABLE samples (
    handle       INTEGER NOT NULL,
    ts           INTEGER NOT NULL,
    value_type   INTEGER NOT NULL,
    value_number REAL,
    value_whole  INTEGER,
    value_text   TEXT,
    state        INTEGER NOT NULL,
    PRIMARY KEY (handle, ts)
) STRICT, WITHOUT ROWID;
