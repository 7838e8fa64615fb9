//! Pure text algebra: positions, diffs, edits and change sets.
