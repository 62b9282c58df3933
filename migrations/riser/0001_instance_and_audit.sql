-- One row: the id of this installation, and the version of Riser that last wrote the file. Each commit of the
-- configuration raises configuration_version, so that a writer detects the commit of another. plausible_time is the last
-- time at which Riser ran with a plausible clock. Without site_name and site_time_zone, those of the machine apply.
CREATE TABLE instance (
    one                   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id                    TEXT    NOT NULL,
    riser_version         TEXT    NOT NULL,
    created_at            INTEGER NOT NULL,
    configuration_version INTEGER NOT NULL DEFAULT 0,
    plausible_time        INTEGER,
    site_name             TEXT,
    site_time_zone        TEXT
) STRICT;

-- Numbers that are assigned only once. Handles of items and ids of writes are assigned in blocks, so that rows
-- added together get consecutive numbers.
CREATE TABLE id_blocks (
    name    TEXT    NOT NULL PRIMARY KEY,
    next_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO id_blocks (name, next_id) VALUES ('item', 1), ('set_point_write', 1), ('tree', 1);

-- The audit trail. Rows are only added.
CREATE TABLE audit (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    actor_kind    TEXT    NOT NULL,
    actor_name    TEXT,
    actor_server  TEXT,
    action        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    subject_name  TEXT    NOT NULL,
    detail        TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_by_object ON audit (subject, subject_name, id);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'rows of the audit trail cannot be changed');
END;
