-- Of each document that a session has changed: who wrote what in it.
CREATE TABLE weaves (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    path    TEXT NOT NULL,
    weave   BLOB NOT NULL,
    PRIMARY KEY (session, path)
) STRICT;
