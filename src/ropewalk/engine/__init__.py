"""Runs graphs of steps: order, slots, retries, deadlines, gates, growth, resume and a cache.

The engine knows neither epics nor workflows: front ends build graphs, executors run attempts, and
the journal is handed in as a function.
"""
