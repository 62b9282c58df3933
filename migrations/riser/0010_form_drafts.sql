-- Unfinished forms of the portal, such as that for new processors. The input is sealed as a whole, because it may
-- contain passwords.
CREATE TABLE form_drafts (
    id         INTEGER NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title      TEXT    NOT NULL,
    kid        TEXT    NOT NULL REFERENCES data_keys (kid),
    input      BLOB    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX form_drafts_by_user ON form_drafts (user_id, changed_at);
