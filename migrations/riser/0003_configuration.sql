-- Numbers of rows that own secrets are never given out twice (AUTOINCREMENT): a sealed value is bound to its
-- row's number and must not open in the row of a successor.
CREATE TABLE ews_servers (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name            TEXT    NOT NULL UNIQUE,
    listen          TEXT    NOT NULL,
    path            TEXT    NOT NULL,
    realm           TEXT    NOT NULL,
    public_url      TEXT,
    tls_certificate TEXT,
    tls_key         TEXT,
    page_size_items INTEGER NOT NULL,
    digest_order    TEXT    NOT NULL,
    CHECK ((tls_certificate IS NULL) = (tls_key IS NULL))
) STRICT;

CREATE TABLE ews_accounts (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    ews_server_id INTEGER NOT NULL REFERENCES ews_servers (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    rights        TEXT    NOT NULL,
    password_kid  TEXT    REFERENCES data_keys (kid),
    password      BLOB,
    UNIQUE (ews_server_id, name),
    CHECK ((password_kid IS NULL) = (password IS NULL))
) STRICT;

CREATE TABLE connections (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    settings_json  TEXT    NOT NULL,
    secret_version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE connection_secrets (
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    setting_key   TEXT    NOT NULL,
    kid           TEXT    NOT NULL REFERENCES data_keys (kid),
    sealed        BLOB    NOT NULL,
    set_at        INTEGER NOT NULL,
    set_by        TEXT    NOT NULL,
    PRIMARY KEY (connection_id, setting_key)
) STRICT, WITHOUT ROWID;

-- The rule is the text of riser_calendar::ScheduleRule, with its time zone.
CREATE TABLE schedules (
    id   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT    NOT NULL UNIQUE,
    rule TEXT    NOT NULL
) STRICT;

CREATE TABLE processor_configurations (
    id                  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name                TEXT    NOT NULL UNIQUE,
    plugin              TEXT    NOT NULL,
    class               TEXT    NOT NULL,
    connection_id       INTEGER REFERENCES connections (id),
    ews_server_id       INTEGER NOT NULL REFERENCES ews_servers (id),
    schedule_id         INTEGER REFERENCES schedules (id),
    active              INTEGER NOT NULL,
    runs_at_start       INTEGER NOT NULL,
    runs_on_schedule    INTEGER NOT NULL,
    manually_startable  INTEGER NOT NULL,
    manually_stoppable  INTEGER NOT NULL,
    settings_json       TEXT    NOT NULL,
    memory_limit_mib    INTEGER NOT NULL
) STRICT;

CREATE TABLE processor_secrets (
    configuration_id INTEGER NOT NULL REFERENCES processor_configurations (id) ON DELETE CASCADE,
    setting_key      TEXT    NOT NULL,
    kid              TEXT    NOT NULL REFERENCES data_keys (kid),
    sealed           BLOB    NOT NULL,
    set_at           INTEGER NOT NULL,
    set_by           TEXT    NOT NULL,
    PRIMARY KEY (configuration_id, setting_key)
) STRICT, WITHOUT ROWID;
