"""The gate before agents of one kind and model: shut while their provider is not to be asked.

Agents that share an account share its limit, so one that is told to wait makes those wait that have
not started. Each time the limit is met again before anything went well the gate stays shut longer.
When it opens they pass one after another, since together they would only shut it again.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FIRST_S: Final = 15.0
MOST_S: Final = 600.0
LONGEST_S: Final = 3600.0
SPACING_S: Final = 1.0
_FACTOR: Final = 2.0
_LOOK_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTiming:
    """How long a gate stays shut.

    ``first_s`` where nobody says for how long, doubled each time up to ``most_s``; ``spacing_s``
    between two that pass behind a gate that was shut.
    """

    first_s: float = FIRST_S
    most_s: float = MOST_S
    spacing_s: float = SPACING_S


@dataclass(slots=True)
class _Side:
    """One kind and model, on the monotonic clock."""

    shut_until: float = 0.0
    next_at: float = 0.0
    times: int = 0


class RateGate:
    """One gate for each kind and model; used from any thread."""

    def __init__(self, timing: GateTiming | None = None) -> None:
        self._timing = timing or GateTiming()
        self._lock = threading.Lock()
        self._sides: dict[str, _Side] = {}

    def shut(self, key: str, retry_after_s: float | None = None) -> float:
        """Shut the gate, and return the seconds that it stays shut from now on.

        Args:
            key: the kind and model.
            retry_after_s: what the provider asked for; taken up to an hour.
        """
        now = time.monotonic()
        with self._lock:
            side = self._sides.setdefault(key, _Side())
            if now >= side.shut_until:
                side.times += 1
            longer = self._timing.first_s * _FACTOR ** min(side.times - 1, 30)
            own = min(longer, self._timing.most_s)
            delay = own if retry_after_s is None else min(retry_after_s, LONGEST_S)
            side.shut_until = max(side.shut_until, now + delay)
            return side.shut_until - now

    def went_well(self, key: str) -> None:
        """Note that a provider answered: the next time the gate is shut as short as the first."""
        with self._lock:
            if (side := self._sides.get(key)) and time.monotonic() >= side.shut_until:
                del self._sides[key]

    def wait(self, key: str, *, cancel: threading.Event, told: Callable[[float], object]) -> bool:
        """Wait until the gate lets one pass; False when ``cancel`` was set before.

        Args:
            key: the kind and model.
            cancel: ends the waiting.
            told: called with the seconds to wait, and again when they grew.
        """
        known = 0.0
        while not cancel.is_set():
            now = time.monotonic()
            with self._lock:
                opens_at = self._opens_at(key)
                if now >= opens_at:
                    self._pass(key, now)
                    return True
            if opens_at > known + self._timing.spacing_s:
                told(opens_at - now)
                known = opens_at
            cancel.wait(min(opens_at - now, _LOOK_S))
        return False

    def _opens_at(self, key: str) -> float:
        side = self._sides.get(key)
        return 0.0 if side is None else max(side.shut_until, side.next_at)

    def _pass(self, key: str, now: float) -> None:
        if side := self._sides.get(key):
            side.next_at = now + self._timing.spacing_s


def gate_key(kind: str, model: str | None) -> str:
    """Return what one limit is taken to hold for: a kind of agent with a model."""
    return f"{kind}/{model}" if model else kind
