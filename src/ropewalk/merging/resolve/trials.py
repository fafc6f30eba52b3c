"""A tree at its proof: who judges it, how far it is, and how its checks are ended."""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from ropewalk.merging.resolve.values import Offered, Refused
from ropewalk.model.values import JsonObject

_POLL_S = 0.1


class Proof(Protocol):
    """Judges the trees that are offered for one conflict."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What a tree must pass."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that are in conflict."""
        ...

    def look(self, offered: Offered) -> tuple[Offered, Refused | None]:
        """Judge without running anything; what was seen is added to the offer."""
        ...

    def check(self, offered: Offered, *, number: int, cancel: threading.Event) -> Refused | None:
        """Run the commands on exactly that tree; safe to call from several threads."""
        ...

    def sees(self, offered: Offered, path: str, *, number: int, cancel: threading.Event) -> bool:
        """Say whether a command fails where git's markers are left in one file of that tree.

        Safe to call from several threads.
        """
        ...

    def find_doubt(self, refused: Refused) -> str | None:
        """Say that what one tree failed is failed by both sides alone too, where it is so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A tree at its proof."""

    number: int
    offered: Offered
    verdict: Future[Refused | None]
    was_checked: bool

    def data(self, domain: str, *, of: int) -> JsonObject:
        """Return which tree this is, for an event; ``of`` is how many are offered."""
        return {
            "domain": domain,
            "number": self.number,
            "of": of,
            "by": self.offered.by.value,
            "tree": self.offered.tree,
        }


class Stop(threading.Event):
    """Set when the trials of a rung are over, or when the whole merge is to stop."""

    def __init__(self, whole: threading.Event) -> None:
        super().__init__()
        self._whole = whole

    def is_set(self) -> bool:
        return super().is_set() or self._whole.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        ends_at = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (ends_at is None or time.monotonic() < ends_at):
            super().wait(_POLL_S)
        return self.is_set()
