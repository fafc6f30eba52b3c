"""Checks: the commands that must pass, found in a project and run on exact trees."""
