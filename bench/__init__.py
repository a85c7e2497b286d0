"""Measurements that anyone can run: `python -m bench [NAME ...]`. Each compares two things in one run, as ratios."""
