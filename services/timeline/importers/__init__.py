"""Foreign formats in: one file a format, each a pure function from rows to events; `running` alone touches the log."""
