-- Up to when the times of a schedule have had their run, or a row of `runs` that says why not.
CREATE TABLE schedule_progress (
    configuration_id INTEGER NOT NULL PRIMARY KEY REFERENCES processor_configurations (id) ON DELETE CASCADE,
    rule             TEXT    NOT NULL,
    done_until       INTEGER NOT NULL
) STRICT;
