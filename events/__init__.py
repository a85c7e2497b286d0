"""What was said: the vocabulary, the events, their stored form and the log. Imports nothing of ours; importing it opens nothing."""
