"""The timeline service: takes reports in, answers who held what, and what was known then."""
