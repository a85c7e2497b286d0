"""Hot standbys that reads go to: which of them may answer, and what is read from one."""
