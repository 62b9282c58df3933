-- State of a processor between its runs.
CREATE TABLE plugin_state (
    configuration_id INTEGER NOT NULL REFERENCES processor_configurations (id) ON DELETE CASCADE,
    state_key        TEXT    NOT NULL,
    state_value      BLOB    NOT NULL,
    PRIMARY KEY (configuration_id, state_key)
) STRICT, WITHOUT ROWID;
