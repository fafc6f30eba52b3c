"""Ends what a run left behind when its supervisor could not, or its coordinator was killed.

What counts as left behind: the supervisor and the child, each by identity and never by pid alone;
every process whose environment holds the run's mark; and the descendants of all of these. This
process and its ancestors are never touched, whatever their environment says.
"""

import contextlib
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from ropewalk.process.identity import (
    ProcessRow,
    boot_id,
    has_variable,
    is_alive,
    process_table,
)
from ropewalk.process.values import MARK_VARIABLE, Started

_POLL_S: Final = 0.02
_KILL_POLL_S: Final = 0.2
_KILL_PATIENCE_S: Final = 5.0


def end_leftover(started: Started, *, mark: str | None, grace_s: float = 3.0) -> tuple[int, ...]:
    """End what is left of a run; return the pids that could not be ended, none when all is well.

    A supervisor that still lives is asked to end its tree first and gets `grace_s` seconds for it;
    the rest gets SIGTERM, `grace_s` seconds, then SIGKILL.

    Args:
        started: the identities noted when the program started.
        mark: value of ROPEWALK_MARK in the program's environment, None when it had none.
        grace_s: seconds of patience after each request to end.
    """
    remains = _Remains(started, mark)
    if remains.find() and is_alive(started.supervisor):
        _send((started.supervisor.pid,), signal.SIGTERM, signal.SIGCONT)
        remains.wait_until_gone(grace_s)
    left = remains.find()
    if left:
        _send(left, signal.SIGTERM, signal.SIGCONT)
        remains.wait_until_gone(grace_s)
    deadline = time.monotonic() + _KILL_PATIENCE_S
    while remains.find() and time.monotonic() < deadline:
        _send(remains.freeze(), signal.SIGKILL)
        remains.wait_until_gone(_KILL_POLL_S)
    return remains.find()


class _Remains:
    """The processes of one run that are still alive.

    Whatever was found once is known from then on by its identity, so that a process without the
    mark stays in sight after its marked parent has ended.
    """

    def __init__(self, started: Started, mark: str | None) -> None:
        self._boot_id = boot_id()
        self._entry = None if mark is None else f"{MARK_VARIABLE}={mark}"
        self._known = {
            (identity.pid, identity.start_time)
            for identity in (started.supervisor, started.child)
            if identity.boot_id == self._boot_id
        }

    def find(self) -> tuple[int, ...]:
        """Return the pids of all that is left: known ones, marked ones, and their descendants."""
        table = tuple(row for row in process_table() if row.state not in "ZX")
        roots = {row.pid for row in table if self._is_known(row) or self._is_marked(row)}
        left = _with_descendants(roots, table) - _own_line(table) if roots else set()
        self._known |= {(row.pid, row.start_time) for row in table if row.pid in left}
        return tuple(sorted(left))

    def freeze(self) -> tuple[int, ...]:
        """Stop all that is left, so that none of it starts another process unseen."""
        frozen = set[int]()
        left = self.find()
        while not frozen.issuperset(left):
            _send(left, signal.SIGSTOP)
            frozen.update(left)
            left = self.find()
        return left

    def wait_until_gone(self, patience_s: float) -> None:
        """Wait until nothing is left, at most `patience_s` seconds."""
        deadline = time.monotonic() + patience_s
        while self.find() and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def _is_known(self, row: ProcessRow) -> bool:
        return (row.pid, row.start_time) in self._known

    def _is_marked(self, row: ProcessRow) -> bool:
        return self._entry is not None and has_variable(row.pid, self._entry)


def _with_descendants(roots: Iterable[int], table: Iterable[ProcessRow]) -> set[int]:
    """Return the roots and everything that descends from them."""
    children = defaultdict[int, list[int]](list)
    for row in table:
        children[row.parent].append(row.pid)
    found = set[int]()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children[pid])
    return found


def _own_line(table: Iterable[ProcessRow]) -> set[int]:
    """Return this process and its ancestors."""
    parents = {row.pid: row.parent for row in table}
    line = set[int]()
    pid = os.getpid()
    while pid and pid not in line:
        line.add(pid)
        pid = parents.get(pid, 0)
    return line


def _send(pids: Iterable[int], *numbers: signal.Signals) -> None:
    """Send signals to processes that may be gone or belong to somebody else."""
    for pid in pids:
        for number in numbers:
            with contextlib.suppress(OSError):
                os.kill(pid, number)
