-- Further folders of a session's work, as a JSON list of paths.
ALTER TABLE sessions ADD COLUMN folders TEXT NOT NULL DEFAULT '[]';

-- Bytes that journals name by their hash, such as pictures.
CREATE TABLE blobs (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL, -- SHA-256 in hexadecimal
    bytes   BLOB NOT NULL,
    PRIMARY KEY (session, hash)
) STRICT;
