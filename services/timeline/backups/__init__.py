"""The whole database in one file, and back: PostgreSQL's own dump beside the checkpoint that it has to agree with."""
