-- One row: which installation this is, and which Riser last wrote the file. Every commit of the configuration
-- raises configuration_version, by which a writer notices another one.
CREATE TABLE instance (
    one                   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id                    TEXT    NOT NULL,
    riser_version         TEXT    NOT NULL,
    created_at            INTEGER NOT NULL,
    configuration_version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Numbers that are given out once and never again. Handles of items and numbers of writes are handed out in
-- blocks, so that what is added together gets neighbouring ones.
CREATE TABLE id_blocks (
    name        TEXT    NOT NULL PRIMARY KEY,
    next_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO id_blocks (name, next_id) VALUES ('item', 1), ('set_point_write', 1), ('tree', 1);

-- Who changed what; only ever added to.
CREATE TABLE audit (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    actor_kind   TEXT    NOT NULL,
    actor_name   TEXT,
    actor_server TEXT,
    action        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    subject_name  TEXT    NOT NULL,
    detail        TEXT    NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;
