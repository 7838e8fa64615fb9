//! Documents as the agent sees them: buffers over disk, search and structure.
