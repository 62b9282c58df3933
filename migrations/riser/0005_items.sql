-- The key in front of all item ids that one plugin declares for one connection. It comes from id_blocks and is
-- never used twice: the ids of a removed connection must not refer to other points later.
CREATE TABLE tree_keys (
    key           INTEGER NOT NULL PRIMARY KEY,
    plugin        TEXT    NOT NULL,
    connection_id INTEGER REFERENCES connections (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX tree_keys_once ON tree_keys (plugin, ifnull(connection_id, 0));

-- The owners of items: one plugin, one connection and one EWS server.
CREATE TABLE tree_owners (
    id            INTEGER NOT NULL PRIMARY KEY,
    ews_server_id INTEGER NOT NULL REFERENCES ews_servers (id) ON DELETE CASCADE,
    tree_key      INTEGER NOT NULL REFERENCES tree_keys (key) ON DELETE CASCADE,
    UNIQUE (ews_server_id, tree_key)
) STRICT;

-- The handle comes from id_blocks and is never used twice, because it identifies values and histories in the
-- other database.
CREATE TABLE items (
    handle           INTEGER NOT NULL PRIMARY KEY,
    owner_id         INTEGER NOT NULL REFERENCES tree_owners (id) ON DELETE CASCADE,
    ews_server_id    INTEGER NOT NULL,
    position         INTEGER NOT NULL,
    item_id          TEXT    NOT NULL,
    parent_id        TEXT,
    node             TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    container_kind   TEXT,
    value_kind       TEXT,
    unit             TEXT,
    value_item_id    TEXT,
    published_by     TEXT,
    writes_handled_by TEXT,
    is_writable      INTEGER NOT NULL,
    set_point_min    REAL,
    set_point_max    REAL,
    set_point_future INTEGER NOT NULL,
    set_point_options TEXT,
    vanished_at      INTEGER,
    UNIQUE (ews_server_id, item_id)
) STRICT;
CREATE INDEX items_by_owner ON items (owner_id, position);
CREATE INDEX items_vanished ON items (vanished_at) WHERE vanished_at IS NOT NULL;
