"""The command line: it parses, calls one function of `ropewalk.api`, shows what that answers.

click and rich live here and nowhere else. What is asked for goes to stdout, everything else to
stderr. `ropewalk --help` imports click and the table of verbs only.
"""
