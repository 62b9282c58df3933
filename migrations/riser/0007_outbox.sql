-- Accepted set point writes and their states. Rows outlive their point and their EWS server, because they are
-- also the record of the BMS's requests.
CREATE TABLE set_point_writes (
    id            INTEGER NOT NULL PRIMARY KEY,
    group_id      INTEGER NOT NULL,
    point         INTEGER NOT NULL,
    item_id       TEXT    NOT NULL,
    ews_server_id INTEGER NOT NULL,
    value_type    INTEGER NOT NULL,
    value_number  REAL,
    value_whole   INTEGER,
    value_text    TEXT,
    actor_kind    TEXT    NOT NULL,
    actor_name    TEXT,
    actor_server  TEXT,
    state         TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    accepted_at   INTEGER NOT NULL,
    sent_at       INTEGER,
    changed_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX set_point_writes_by_point ON set_point_writes (point, id);
CREATE INDEX set_point_writes_open ON set_point_writes (point) WHERE state IN ('Accepted', 'Sent', 'Pending', 'Unknown');
