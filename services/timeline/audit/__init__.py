"""The record that a stranger can check: the tree over the log kept, signed, served, verified and witnessed."""
