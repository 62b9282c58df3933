-- Data keys, wrapped by the root key, which is outside this file.
CREATE TABLE data_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
