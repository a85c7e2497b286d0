"""Services over the log and its projections; there is one, the timeline."""
