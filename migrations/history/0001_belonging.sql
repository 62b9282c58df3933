-- One row: the installation to which the handles in this file belong.
CREATE TABLE history_of (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    instance_id   TEXT    NOT NULL,
    riser_version TEXT    NOT NULL
) STRICT;
