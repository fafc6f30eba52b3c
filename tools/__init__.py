"""Checks of the house that no linter has: sizes, coverage per part, hygiene of tracked files."""
