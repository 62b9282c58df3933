CREATE TABLE runs (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    configuration_id INTEGER NOT NULL REFERENCES processor_configurations (id) ON DELETE CASCADE,
    trigger_kind     TEXT    NOT NULL,
    trigger_name     TEXT,
    due_at           INTEGER,
    state            TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    library_sha256   TEXT,
    queued_at        INTEGER NOT NULL,
    started_at       INTEGER,
    ended_at         INTEGER
) STRICT;
CREATE INDEX runs_by_configuration ON runs (configuration_id, id);
CREATE INDEX runs_not_over ON runs (id) WHERE state IN ('waiting', 'running');
CREATE INDEX runs_succeeded ON runs (configuration_id, ended_at) WHERE state = 'succeeded';
-- Processors that are not started until a person releases them, because they crashed too often.
CREATE TABLE quarantines (
    configuration_id INTEGER NOT NULL PRIMARY KEY REFERENCES processor_configurations (id) ON DELETE CASCADE,
    since            INTEGER NOT NULL,
    reason           TEXT    NOT NULL
) STRICT;
