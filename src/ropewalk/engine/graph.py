"""Order, layers and longest paths of a graph of steps.

Everything here is pure, takes time linear in steps and edges (plus sorting), never recurses, and
gives the same answer for the same graph: ties go to the higher priority, then to the lower id.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping

from ropewalk.errors import InvalidInput
from ropewalk.model.graph import Graph, Step


def rank(step: Step) -> tuple[int, str]:
    """Sort key among steps that may start at the same time: higher priority first, then id."""
    return -step.priority, step.id


def require_valid(graph: Graph) -> None:
    """Check that the steps can be put in an order.

    Raises:
        InvalidInput: an id is empty or given twice, a need is unknown, or steps wait for each other
            in a circle; the message names all of them.
    """
    ids = _require_unique(graph.steps)
    for step in graph.steps:
        for need in step.needs:
            if need not in ids:
                raise InvalidInput(
                    f"step '{step.id}' needs '{need}', which is not in the graph",
                    hint=f"add '{need}' or remove it from the needs of '{step.id}'",
                    code="unknown_need",
                )
    if len(_sort(graph)) < len(graph.steps):
        circle = " -> ".join(f"'{id_}'" for id_ in _find_circle(graph))
        raise InvalidInput(
            f"steps wait for each other: {circle}",
            hint="remove one of these needs",
            code="cycle",
        )


def order(graph: Graph) -> tuple[str, ...]:
    """List all ids so that every step comes after the steps it needs.

    Raises:
        InvalidInput: as `require_valid`.
    """
    require_valid(graph)
    return _sort(graph)


def layers(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """Group the ids: the steps of a layer need something of the layer before and nothing later.

    Raises:
        InvalidInput: as `require_valid`.
    """
    steps = _by_id(graph)
    level: dict[str, int] = {}
    grouped: list[list[str]] = []
    for id_ in order(graph):
        level[id_] = max((level[need] + 1 for need in steps[id_].needs), default=0)
        if level[id_] == len(grouped):
            grouped.append([])
        grouped[level[id_]].append(id_)
    return tuple(tuple(sorted(layer, key=lambda id_: rank(steps[id_]))) for layer in grouped)


def width(graph: Graph) -> int:
    """Count the steps of the widest layer; 0 for an empty graph.

    Raises:
        InvalidInput: as `require_valid`.
    """
    return max((len(layer) for layer in layers(graph)), default=0)


def unestimated(graph: Graph, durations: Mapping[str, float]) -> tuple[str, ...]:
    """List the steps that have neither a duration nor an estimate of their own."""
    return tuple(
        step.id for step in graph.steps if step.id not in durations and step.estimate_s is None
    )


def critical_path(graph: Graph, durations: Mapping[str, float]) -> tuple[tuple[str, ...], float]:
    """Find the longest chain of steps and its length.

    Args:
        graph: the steps.
        durations: seconds of each step; a step that is not named takes its own estimate.

    Raises:
        InvalidInput: as `require_valid`, or a step has neither duration nor estimate (code
            `no_estimate`): nothing is guessed.
    """
    seconds = _seconds(graph, durations)
    before: dict[str, str] = {}
    ends: dict[str, float] = {}
    steps = _by_id(graph)
    for id_ in order(graph):
        longest = max(steps[id_].needs, key=lambda need: (ends[need], need), default=None)
        if longest is not None:
            before[id_] = longest
        ends[id_] = seconds[id_] + (ends[longest] if longest is not None else 0.0)
    if not ends:
        return (), 0.0
    last = min(ends, key=lambda id_: (-ends[id_], id_))
    path = [last]
    while path[-1] in before:
        path.append(before[path[-1]])
    return tuple(reversed(path)), ends[last]


def slack(graph: Graph, durations: Mapping[str, float]) -> dict[str, float]:
    """Say for each step by how many seconds it may end later without making the whole later.

    Raises:
        InvalidInput: as `critical_path`.
    """
    seconds = _seconds(graph, durations)
    steps = _by_id(graph)
    sequence = order(graph)
    ends: dict[str, float] = {}
    for id_ in sequence:
        ends[id_] = seconds[id_] + max((ends[need] for need in steps[id_].needs), default=0.0)
    whole = max(ends.values(), default=0.0)
    latest = dict.fromkeys(sequence, whole)
    for id_ in reversed(sequence):
        for need in steps[id_].needs:
            latest[need] = min(latest[need], latest[id_] - seconds[id_])
    return {id_: max(0.0, latest[id_] - ends[id_]) for id_ in sequence}


def extend(graph: Graph, steps: Iterable[Step]) -> Graph:
    """Append steps to a graph.

    Raises:
        InvalidInput: the result is not valid, as `require_valid`.
    """
    extended = Graph(steps=(*graph.steps, *steps))
    require_valid(extended)
    return extended


def _by_id(graph: Graph) -> dict[str, Step]:
    return {step.id: step for step in graph.steps}


def _require_unique(steps: Iterable[Step]) -> set[str]:
    ids: set[str] = set()
    for step in steps:
        if not step.id:
            raise InvalidInput("a step has an empty id", code="empty_id")
        if step.id in ids:
            raise InvalidInput(
                f"two steps are called '{step.id}'",
                hint="give each step an id of its own",
                code="duplicate_step",
            )
        ids.add(step.id)
    return ids


def _sort(graph: Graph) -> tuple[str, ...]:
    """Sort by Kahn's algorithm with a heap; steps on and behind a circle are left out."""
    steps = _by_id(graph)
    missing = {step.id: len(set(step.needs)) for step in graph.steps}
    dependants: dict[str, list[str]] = {step.id: [] for step in graph.steps}
    for step in graph.steps:
        for need in set(step.needs):
            dependants[need].append(step.id)
    ready = [rank(step) for step in graph.steps if not step.needs]
    heapq.heapify(ready)
    sorted_ids: list[str] = []
    while ready:
        _, id_ = heapq.heappop(ready)
        sorted_ids.append(id_)
        for dependant in dependants[id_]:
            missing[dependant] -= 1
            if missing[dependant] == 0:
                heapq.heappush(ready, rank(steps[dependant]))
    return tuple(sorted_ids)


def _find_circle(graph: Graph) -> Iterator[str]:
    """Walk back from an unsortable step to another until one repeats; yield that circle."""
    sortable = set(_sort(graph))
    left = {step.id: step for step in graph.steps if step.id not in sortable}
    walked: dict[str, int] = {}
    id_ = min(left)
    while id_ not in walked:
        walked[id_] = len(walked)
        id_ = min(need for need in left[id_].needs if need in left)
    circle = list(walked)[walked[id_] :]
    yield from circle
    yield circle[0]


def _seconds(graph: Graph, durations: Mapping[str, float]) -> dict[str, float]:
    if unknown := unestimated(graph, durations):
        raise InvalidInput(
            f"no estimate for {', '.join(repr(id_) for id_ in unknown)}",
            hint="give each step an estimate, or leave the length of the whole out",
            code="no_estimate",
        )
    own = {step.id: step.estimate_s for step in graph.steps if step.estimate_s is not None}
    return own | {step.id: durations[step.id] for step in graph.steps if step.id in durations}
