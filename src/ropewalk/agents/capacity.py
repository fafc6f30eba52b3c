"""What the machine has for agents: memory and CPUs, and turns for those that are starting.

An agent that is at work waits for its model most of the time; one that starts keeps a CPU busy. So
memory bounds how many are at work, and CPUs bound how many start at the same moment.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

_MB: Final = 1024 * 1024
_CGROUP: Final = Path("/sys/fs/cgroup")
_LOOK_S: Final = 0.2


def cpu_count() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_mb(cgroup: Path = _CGROUP) -> float:
    """Return the memory in MB that can be used without swapping, within the limit of a container.

    Args:
        cgroup: folder of the control group of this process.
    """
    free = psutil.virtual_memory().available
    limit, used = (_read_bytes(cgroup / name) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        free = min(free, max(0, limit - used))
    return free / _MB


def _read_bytes(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


class StartUps:
    """Turns for agents that start; used from any thread.

    Args:
        most: how many may be starting at once; None: one for each CPU.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most or cpu_count()
        self._lock = threading.Lock()
        self._until: dict[int, float] = {}
        self._number = 0

    @contextmanager
    def turn(
        self, seconds: float, *, cancel: threading.Event, told: Callable[[int], object]
    ) -> Iterator[None]:
        """Wait for a turn, which lasts ``seconds`` and at most as long as the context.

        Args:
            seconds: how long the start keeps a CPU busy; with 0 there is nothing to wait for.
            cancel: ends the waiting; the context is entered all the same.
            told: called once, with the number of those that are starting, when there is no turn.
        """
        number = self._take(seconds) if seconds > 0 else 0
        if number is None:
            told(self._most)
        while number is None and not cancel.is_set():
            cancel.wait(_LOOK_S)
            number = self._take(seconds)
        try:
            yield
        finally:
            with self._lock:
                self._until.pop(number or 0, None)

    def _take(self, seconds: float) -> int | None:
        now = time.monotonic()
        with self._lock:
            self._until = {one: until for one, until in self._until.items() if until > now}
            if len(self._until) >= self._most:
                return None
            self._number += 1
            self._until[self._number] = now + seconds
            return self._number
