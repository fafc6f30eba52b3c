"""Which ready step starts next, and how much of each pool the running ones hold.

A step asks for amounts of named pools; a pool without a size is unbounded. The order is: higher
priority first, then lower id. A step that does not fit keeps its place: nothing behind it may take
from a pool that it is short of, so that a large request is not starved by small ones, while steps
that use other pools go on. What is held never exceeds a pool's size.
"""

import heapq
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ropewalk.engine.graph import rank
from ropewalk.errors import InvalidInput
from ropewalk.model.graph import Step

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Why a step that is ready does not start: a pool has less free than the step asks for."""

    pool: str
    needed: float
    free: float
    size: float


def require_fits(steps: Iterable[Step], pools: Mapping[str, float]) -> None:
    """Check that each step fits into the pools when nothing else runs.

    Raises:
        InvalidInput: a size or an amount is negative or not a number, or an amount is larger than
            its pool.
    """
    for name, size in pools.items():
        if math.isnan(size) or size < 0:
            raise InvalidInput(f"pool '{name}' has the size {size}", code="pool_size")
    for step in steps:
        for name, amount in step.resources.items():
            if not math.isfinite(amount) or amount < 0:
                raise InvalidInput(f"step '{step.id}' asks for {amount} of '{name}'", code="amount")
            if amount > pools.get(name, math.inf):
                raise InvalidInput(
                    f"step '{step.id}' asks for {amount:g} of '{name}', there are {pools[name]:g}",
                    hint=f"let it ask for less, or make the pool '{name}' larger",
                    code="pool_too_small",
                )


class Pools:
    """The queue of ready steps and what the running ones hold."""

    def __init__(self, sizes: Mapping[str, float]) -> None:
        self._sizes = dict(sizes)
        self._held: dict[str, dict[str, float]] = {name: {} for name in sizes}
        self._queues: dict[frozenset[tuple[str, float]], list[tuple[tuple[int, str], Step]]] = {}

    def __len__(self) -> int:
        """Count the steps that are ready and have not started."""
        return sum(len(queue) for queue in self._queues.values())

    def push(self, step: Step) -> None:
        """Queue a step that may start."""
        wanted = frozenset(
            (name, amount) for name, amount in step.resources.items() if name in self._sizes
        )
        heapq.heappush(self._queues.setdefault(wanted, []), (rank(step), step))

    def pop(self) -> Step | None:
        """Take the next step that fits and hold its amounts; None when none fits."""
        short: set[str] = set()
        for wanted in sorted(self._queues, key=lambda wanted: self._queues[wanted][0][0]):
            lacking = {name for name, amount in wanted if not self._has(name, amount)}
            if not lacking and short.isdisjoint(name for name, _ in wanted):
                return self._take(wanted)
            short |= lacking
        return None

    def shortages(self) -> Iterator[tuple[Step, Shortage]]:
        """Yield each step that is ready and does not fit, with the first pool that it is short of.

        A step that would fit and keeps out of the way of a larger one is short of that one's pool.
        """
        reserved: set[str] = set()
        for wanted in sorted(self._queues, key=lambda wanted: self._queues[wanted][0][0]):
            amounts = sorted(wanted)
            lacking = [name for name, amount in amounts if not self._has(name, amount)]
            short = lacking or [name for name, _ in amounts if name in reserved]
            reserved.update(lacking)
            if short:
                shortage = self._shortage(short[0], dict(amounts)[short[0]])
                yield from ((step, shortage) for _, step in self._queues[wanted])

    def _shortage(self, name: str, needed: float) -> Shortage:
        size = self._sizes[name]
        free = max(0.0, size - math.fsum(self._held[name].values()))
        return Shortage(pool=name, needed=needed, free=free, size=size)

    def release(self, step: str) -> None:
        """Give back what a step holds; nothing when it holds nothing."""
        for holders in self._held.values():
            holders.pop(step, None)

    def hold(self, step: Step) -> None:
        """Hold the amounts of a step that is running already."""
        for name, amount in step.resources.items():
            if name in self._sizes:
                self._held[name][step.id] = amount

    def drop(self, steps: Collection[str]) -> None:
        """Take steps out of the queue without starting them."""
        for wanted, queue in list(self._queues.items()):
            kept = [entry for entry in queue if entry[1].id not in steps]
            heapq.heapify(kept)
            self._keep(wanted, kept)

    def _has(self, name: str, amount: float) -> bool:
        size = self._sizes[name]
        used = math.fsum(self._held[name].values())
        return used + amount <= size + _ROUNDING * max(1.0, size)

    def _take(self, wanted: frozenset[tuple[str, float]]) -> Step:
        _, step = heapq.heappop(self._queues[wanted])
        self._keep(wanted, self._queues[wanted])
        self.hold(step)
        return step

    def _keep(
        self, wanted: frozenset[tuple[str, float]], queue: list[tuple[tuple[int, str], Step]]
    ) -> None:
        if queue:
            self._queues[wanted] = queue
        else:
            self._queues.pop(wanted, None)
