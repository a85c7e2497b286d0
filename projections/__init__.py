"""What follows from what was said: standing, policies, the folds, and the views that keep their results. Imports events."""
