CREATE TABLE run_log (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    level  TEXT    NOT NULL,
    line   TEXT    NOT NULL
) STRICT;
CREATE INDEX run_log_by_run ON run_log (run_id, id);
