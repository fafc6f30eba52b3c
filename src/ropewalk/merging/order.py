"""In which order domains are merged: dependencies first, names decide the rest.

Orders are functions of the plan alone, so the same plan gives the same commits everywhere.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import DomainSpec

Needs = Mapping[str, tuple[str, ...]]


def merge_order(domains: Sequence[DomainSpec]) -> tuple[str, ...]:
    """Return the names of the domains, each after everything it depends on, ties by name.

    Raises:
        InvalidInput: a dependency is not among the domains, or they form a cycle.
    """
    needs = {domain.name: set(domain.depends_on) for domain in domains}
    _require_known(needs)
    ready = sorted(name for name, wanted in needs.items() if not wanted)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for other, wanted in needs.items():
            if name in wanted:
                wanted.discard(name)
                if not wanted:
                    heapq.heappush(ready, other)
    if len(order) < len(needs):
        stuck = ", ".join(sorted(set(needs) - set(order)))
        raise InvalidInput(
            f"the dependencies of {stuck} form a cycle", hint="remove one of their depends_on"
        )
    return tuple(order)


def is_order(order: Sequence[str], needs: Needs) -> bool:
    """Whether every name of ``order`` stands after those of its needs that are in it."""
    place = {name: number for number, name in enumerate(order)}
    return all(
        place[need] < place[name] for name in order for need in needs.get(name, ()) if need in place
    )


def order_reason(order: Sequence[str], needs: Needs) -> str:
    """Return one sentence that says what decided ``order``."""
    if any(needs.get(name) for name in order):
        return "dependencies first, then by name"
    return "no dependencies, by name"


def alternatives(
    order: Sequence[str], needs: Needs, *, late: str, limit: int = 24
) -> Iterator[tuple[str, ...]]:
    """Yield other valid orders in which ``late`` may merge cleanly, the nearest ones first.

    First ``late`` moves forward step by step, then it changes places with its own level. At most
    ``limit`` orders, none twice, never ``order`` itself.
    """
    yield from islice(_distinct(order, needs, late), limit)


def levels(order: Sequence[str], needs: Needs) -> dict[str, int]:
    """Return how many dependencies stand, one above another, below each name."""
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = max(
            (depth[need] + 1 for need in needs.get(name, ()) if need in depth), default=0
        )
    return depth


def _require_known(needs: Mapping[str, set[str]]) -> None:
    for name, wanted in needs.items():
        for need in sorted(wanted - set(needs)):
            raise InvalidInput(
                f"domain '{name}' needs '{need}', which is not in the plan",
                hint=f"add '{need}' or remove it from depends_on",
            )


def _distinct(order: Sequence[str], needs: Needs, late: str) -> Iterator[tuple[str, ...]]:
    seen = {tuple(order)}
    for candidate in _candidates(tuple(order), needs, late):
        if candidate not in seen and is_order(candidate, needs):
            seen.add(candidate)
            yield candidate


def _candidates(order: tuple[str, ...], needs: Needs, late: str) -> Iterator[tuple[str, ...]]:
    place = order.index(late)
    rest = (*order[:place], *order[place + 1 :])
    for earlier in reversed(range(place)):
        yield (*rest[:earlier], late, *rest[earlier:])
    depth = levels(order, needs)
    slots = [number for number, name in enumerate(order) if depth[name] == depth[late]]
    for shuffled in islice(permutations([order[number] for number in slots]), 720):
        changed = list(order)
        for number, name in zip(slots, shuffled, strict=True):
            changed[number] = name
        yield tuple(changed)
