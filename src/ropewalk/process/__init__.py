"""Starts and ends every program other than git.

`run` starts one program under a supervisor process of its own, feeds and drains it, watches its
deadlines, and returns only when the whole tree of processes that it made is gone, or says in
`Ended.survivors` what could not be ended. A failing program is a value (`Ended`), never an error;
errors are for programs that could not be started. Nothing here waits for "any child": only known
pids are reaped, so other threads may start programs of their own at any time.
"""

from ropewalk.process.environment import base_environment, shell_argv
from ropewalk.process.identity import ProcessIdentity, find_identity, is_alive
from ropewalk.process.leftover import end_leftover
from ropewalk.process.pump import communicate
from ropewalk.process.running import run
from ropewalk.process.supervised import read_report, read_rest
from ropewalk.process.talk import Talk
from ropewalk.process.values import (
    DEFAULT_LIMITS,
    MARK_VARIABLE,
    Ended,
    EndedBy,
    Limits,
    Started,
    Usage,
)

__all__ = [
    "DEFAULT_LIMITS",
    "MARK_VARIABLE",
    "Ended",
    "EndedBy",
    "Limits",
    "ProcessIdentity",
    "Started",
    "Talk",
    "Usage",
    "base_environment",
    "communicate",
    "end_leftover",
    "find_identity",
    "is_alive",
    "read_report",
    "read_rest",
    "run",
    "shell_argv",
]
