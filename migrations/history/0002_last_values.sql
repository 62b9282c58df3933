CREATE TABLE last_values (
    handle        INTEGER NOT NULL PRIMARY KEY,
    value_type    INTEGER NOT NULL,
    value_number  REAL,
    value_whole   INTEGER,
    value_text    TEXT,
    state         INTEGER NOT NULL,
    reason        TEXT,
    source_time   INTEGER NOT NULL,
    received_time INTEGER NOT NULL
) STRICT;
