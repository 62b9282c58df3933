-- Versions of processor configurations: the row as each change left it, with the actor. The versions of a removed
-- processor are kept for a while, so that it can be restored. new_secrets has one setting key on each line.
CREATE TABLE processor_versions (
    configuration_id   INTEGER NOT NULL,
    version            INTEGER NOT NULL,
    at                 INTEGER NOT NULL,
    actor_kind         TEXT    NOT NULL,
    actor_name         TEXT,
    actor_server       TEXT,
    is_removal         INTEGER NOT NULL,
    new_secrets        TEXT    NOT NULL,
    name               TEXT    NOT NULL,
    plugin             TEXT    NOT NULL,
    class              TEXT    NOT NULL,
    connection_id      INTEGER,
    ews_server_id      INTEGER NOT NULL,
    schedule_id        INTEGER,
    active             INTEGER NOT NULL,
    runs_at_start      INTEGER NOT NULL,
    runs_on_schedule   INTEGER NOT NULL,
    manually_startable INTEGER NOT NULL,
    manually_stoppable INTEGER NOT NULL,
    settings_json      TEXT    NOT NULL,
    memory_limit_mib   INTEGER NOT NULL,
    PRIMARY KEY (configuration_id, version)
) STRICT, WITHOUT ROWID;
