CREATE TABLE run_log (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    level  TEXT    NOT NULL,
    line   TEXT    NOT NULL
) STRICT;
CREATE INDEX run_log_by_run ON run_log (run_id, id);

-- The number of lines of a run that were removed because it wrote more than are kept.
CREATE TABLE run_log_trimmed (
    run_id INTEGER NOT NULL PRIMARY KEY,
    lines  INTEGER NOT NULL
) STRICT;
