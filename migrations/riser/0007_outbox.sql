-- Set points accepted and what became of them. Rows outlive the point and the server they were written on:
-- they are also the record of what the BMS asked for.
CREATE TABLE wishes (
    id            INTEGER NOT NULL PRIMARY KEY,
    group_id      INTEGER NOT NULL,
    point         INTEGER NOT NULL,
    item_id       TEXT    NOT NULL,
    ews_server_id INTEGER NOT NULL,
    value_type    INTEGER NOT NULL,
    value_number  REAL,
    value_whole   INTEGER,
    value_text    TEXT,
    author_kind   TEXT    NOT NULL,
    author_name   TEXT,
    author_server TEXT,
    state         TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    accepted_at   INTEGER NOT NULL,
    sent_at       INTEGER,
    changed_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX wishes_by_point ON wishes (point, id);
CREATE INDEX wishes_open ON wishes (point) WHERE state IN ('Accepted', 'Sent', 'Pending', 'Unknown');
