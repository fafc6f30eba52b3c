"""Money that agents at work at once share: reserved before they start, counted as they spend.

Invariants: what is spent and what is reserved never exceed the budget, but for the one turn in
which an agent learns that it has nothing left; nothing is reserved twice; what an agent reserved
and did not spend is free the moment it ends. `docs/decisions/budget.md` says why.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WARN_AT: Final = 0.8
HEADROOM: Final = 1.25
_LEAST: Final = 0.25
_ROUNDING: Final = 1e-9
_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a start asks for.

    Attributes:
        agent: whose costs tell what it will take.
        budget_usd: of the run, None for none.
        cap_usd: of the agent itself, None for none.
        expected_usd: what its work cost before this run, None where that is not known.
        domain: whose work it is, empty for none.
        unstarted: the domains of the run that no agent had started on, where the agent ends itself
            at what is reserved and can take no more: it gets its share of what is free, if that
            is more than it is expected to need. Empty: no share.
    """

    agent: str
    budget_usd: float | None = None
    cap_usd: float | None = None
    expected_usd: float | None = None
    domain: str = ""
    unstarted: frozenset[str] = frozenset()


class Purse:
    """The money of one run; used from any thread.

    Args:
        spent_usd: what the run has spent before.
        warned_usd: the budget of which somebody was told that little is left, if anybody was.
    """

    def __init__(self, spent_usd: float = 0.0, *, warned_usd: float | None = None) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ended_usd = spent_usd
        self._warned_usd = warned_usd
        self._open: list[Allowance] = []
        self._dearest: dict[str, float] = {}
        self._let_in: set[str] = set()

    @property
    def spent_usd(self) -> float:
        """What was spent so far, by those at work too."""
        with self._lock:
            return self._ended_usd + math.fsum(one.spent_usd for one in self._open)

    def spend(self, usd: float) -> None:
        """Count what was spent by somebody without an allowance."""
        with self._changed:
            self._ended_usd += usd
            self._changed.notify_all()

    def reserve(
        self, need: Need, *, cancel: threading.Event, told: Callable[[float | None, float], object]
    ) -> "Allowance | None":
        """Reserve what a start needs, waiting while others may leave some of theirs.

        Args:
            need: who asks for what.
            cancel: ends the waiting.
            told: called once before the waiting, with the dollars that are needed (None: nobody
                knows) and those that are free.

        Returns:
            None when too little is left, or ``cancel`` was set.
        """
        is_told = False
        with self._changed:
            while not cancel.is_set():
                amount = self._amount(need)
                if amount is not None:
                    allowance = Allowance(self, need, reserved_usd=amount)
                    self._open.append(allowance)
                    self._let_in.add(need.domain)
                    return allowance
                if not self._open:
                    return None
                if not is_told:
                    is_told = True
                    told(self._wanted(need), max(0.0, self._free(need)))
                self._changed.wait(_LOOK_S)
        return None

    def _amount(self, need: Need) -> float | None:
        """Return what can be reserved now, None when that is too little."""
        wanted = self._wanted(need)
        if need.budget_usd is None:
            return math.inf if wanted is None else wanted
        free = self._free(need)
        if wanted is None:
            return free if free > _ROUNDING and not self._open else None
        if free + _ROUNDING >= wanted and free > _ROUNDING:
            return max(wanted, self._share(need, free))
        return free if not self._open and free > max(_ROUNDING, wanted * _LEAST) else None

    def _share(self, need: Need, free: float) -> float:
        if need.cap_usd is not None or not need.unstarted:
            return 0.0
        return free / len((need.unstarted - self._let_in) | {need.domain})

    def _wanted(self, need: Need) -> float | None:
        if need.cap_usd is not None or need.budget_usd is None:
            return need.cap_usd
        known = self._dearest.get(need.agent, need.expected_usd)
        return None if known is None else known * HEADROOM

    def _free(self, need: Need) -> float:
        held = math.fsum(one.held_usd for one in self._open)
        return math.inf if need.budget_usd is None else need.budget_usd - self._ended_usd - held

    def take(self, allowance: "Allowance", total_usd: float) -> bool:
        """Count what an agent has spent; False when it has to end. Use `Allowance.take`."""
        with self._changed:
            allowance.spent_usd = total_usd
            if allowance.need.cap_usd is not None and _is_over(total_usd, allowance.need.cap_usd):
                return False
            lacking = total_usd - allowance.reserved_usd
            if lacking <= _ROUNDING:
                return True
            # It is spent and held already: what is left is what nobody holds.
            is_covered = self._free(allowance.need) >= -_ROUNDING
            allowance.reserved_usd = total_usd
            return is_covered

    def is_to_warn(self, budget_usd: float | None) -> bool:
        """Say, once for each budget, that most of it is spent."""
        with self._lock:
            if budget_usd is None or budget_usd == self._warned_usd:
                return False
            if self.spent_usd < WARN_AT * budget_usd:
                return False
            self._warned_usd = budget_usd
            return True

    def close(self, allowance: "Allowance", *, finished: bool) -> None:
        """Give back what was not spent. Use `Allowance.close`."""
        with self._changed:
            if allowance not in self._open:
                return
            self._open.remove(allowance)
            self._ended_usd += allowance.spent_usd
            agent, spent = allowance.need.agent, allowance.spent_usd
            if finished:
                self._dearest[agent] = max(spent, self._dearest.get(agent, 0.0))
            self._changed.notify_all()


class Allowance:
    """What one attempt may spend."""

    def __init__(self, purse: Purse, need: Need, *, reserved_usd: float) -> None:
        self._purse = purse
        self.need = need
        self.reserved_usd = reserved_usd
        self.spent_usd = 0.0

    @property
    def limit_usd(self) -> float | None:
        """What the agent is told that it may spend, None where it may spend anything."""
        return self.reserved_usd if math.isfinite(self.reserved_usd) else None

    @property
    def held_usd(self) -> float:
        """What nobody else can have: reserved or spent already."""
        if not math.isfinite(self.reserved_usd):
            return self.spent_usd
        return max(self.reserved_usd, self.spent_usd)

    def take(self, total_usd: float) -> bool:
        """Count what the attempt has spent in all; False when it has to end with this turn.

        Beyond what it reserved it may spend what nobody else holds, up to its own limit.
        """
        return self._purse.take(self, total_usd)

    def close(self, *, finished: bool) -> None:
        """Give back what was not spent; ``finished`` makes its cost a measure for others."""
        self._purse.close(self, finished=finished)


def _is_over(spent: float, limit: float) -> bool:
    return spent > limit + _ROUNDING * max(1.0, limit)
