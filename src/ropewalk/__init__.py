"""Split an epic, let coding agents work on its domains at once, merge their work in order.

This package holds no code of its own: programs import `ropewalk.api`, people run `ropewalk`.
Importing it must stay free of side effects and cost nothing.
"""

__version__ = "0.1.0"
