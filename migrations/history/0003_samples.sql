-- Samples are written in the order of time into the journal, and from there, sorted by history, into their
-- final place: one tick of many histories would touch a page of `samples` for each of them.
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
