//! Ways in: the language server and the command line.
