"""The programs that take turns, one a peer; see `common`."""
