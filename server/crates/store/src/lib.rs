//! The journal: SQLite on disk, or memory.
