-- What items have in common, once for each owner: a large site has a million items of a hundred definitions.
CREATE TABLE item_definitions (
    id                INTEGER NOT NULL PRIMARY KEY,
    owner_id          INTEGER NOT NULL REFERENCES tree_owners (id) ON DELETE CASCADE,
    node              TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    description       TEXT    NOT NULL,
    container_kind    TEXT,
    value_kind        TEXT,
    unit              TEXT,
    published_by      TEXT,
    writes_handled_by TEXT,
    is_writable       INTEGER NOT NULL,
    set_point_min     REAL,
    set_point_max     REAL,
    set_point_future  INTEGER NOT NULL,
    set_point_options TEXT
) STRICT;
-- A new declaration looks for the definitions that are stored already.
CREATE INDEX item_definitions_by_name ON item_definitions (owner_id, name);

INSERT INTO item_definitions (owner_id, node, name, description, container_kind, value_kind, unit, published_by,
    writes_handled_by, is_writable, set_point_min, set_point_max, set_point_future, set_point_options)
SELECT DISTINCT owner_id, node, name, description, container_kind, value_kind, unit, published_by,
    writes_handled_by, is_writable, set_point_min, set_point_max, set_point_future, set_point_options
FROM items;

-- The handle comes from id_blocks and is never used twice, because it identifies values and histories in the
-- other database. An item id begins with the key of its tree, so it is unique on its EWS server.
CREATE TABLE items_with_definitions (
    handle        INTEGER NOT NULL PRIMARY KEY,
    owner_id      INTEGER NOT NULL REFERENCES tree_owners (id) ON DELETE CASCADE,
    definition_id INTEGER NOT NULL REFERENCES item_definitions (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    item_id       TEXT    NOT NULL,
    parent_id     TEXT,
    value_item_id TEXT,
    vanished_at   INTEGER,
    UNIQUE (owner_id, item_id)
) STRICT;

INSERT INTO items_with_definitions
SELECT items.handle, items.owner_id, definition.id, items.position, items.item_id, items.parent_id,
    items.value_item_id, items.vanished_at
FROM items JOIN item_definitions AS definition
    ON definition.owner_id = items.owner_id AND definition.name = items.name AND definition.node = items.node
    AND definition.description = items.description
    AND definition.container_kind IS items.container_kind AND definition.value_kind IS items.value_kind
    AND definition.unit IS items.unit AND definition.published_by IS items.published_by
    AND definition.writes_handled_by IS items.writes_handled_by AND definition.is_writable = items.is_writable
    AND definition.set_point_min IS items.set_point_min AND definition.set_point_max IS items.set_point_max
    AND definition.set_point_future = items.set_point_future
    AND definition.set_point_options IS items.set_point_options;

DROP TABLE items;
ALTER TABLE items_with_definitions RENAME TO items;
CREATE INDEX items_by_definition ON items (definition_id);
CREATE INDEX items_vanished ON items (vanished_at) WHERE vanished_at IS NOT NULL;
