"""Frozen values that every floor shares: plans, results, conflicts, events, graphs, configuration.

Nothing here does input or output. The dataclasses are also the schemas of the files that other
programs read: ``ropewalk.store.schema`` validates and writes exactly these fields.
"""
