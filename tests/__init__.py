"""Tests, by what they need: unit/ nothing, integration/ PostgreSQL, acceptance/ all of it."""
