"""State on disk: where files are, how they are written, the journal, locks, and parsed documents.

Nothing is imported here: a program that only wants paths does not pay for schemas.
"""
