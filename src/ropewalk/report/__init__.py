"""Projections of the journal and of the results: what is true now, and documents for people."""
