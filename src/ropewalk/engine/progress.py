"""Where the steps of a growing graph stand, and what the end of one means for the others.

Pure: no clock, no journal, no threads. What may start is decided when all needs of a step are
final, so that neither states nor reasons depend on the order in which needs ended. A failure
reaches only the steps that need the failed one, directly or through others.

A step that grew others is followed by them: whoever needs it needs them too, so a step that waits
for a fan-out waits for all of it. Steps that it grew itself may need it as it is.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from ropewalk.engine.graph import require_valid
from ropewalk.errors import InvalidInput
from ropewalk.model.graph import Graph, Step, StepState, WhenNeeds

UPSTREAM_FAILED = "upstream_failed"
UPSTREAM_SKIPPED = "upstream_skipped"
FAIL_FAST = "fail_fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A step that will not run, and why."""

    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What changed: steps that may start now, and steps that were skipped."""

    ready: tuple[Step, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Node:
    step: Step
    grower: str | None
    needs: set[str] = field(default_factory=set)
    dependants: dict[str, None] = field(default_factory=dict)
    grown: tuple[str, ...] = ()
    state: StepState = StepState.PENDING
    reason: str | None = None
    missing: int = 0
    good: int = 0
    bad: int = 0


class Progress:
    """The states of all steps.

    Args:
        graph: the steps.
        grown: which of them were added by which step, in the order in which that happened.
        ended: state and reason of those that are final already.

    Raises:
        InvalidInput: the graph is not valid.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        grown: Mapping[str, tuple[str, ...]],
        ended: Mapping[str, tuple[StepState, str | None]],
    ) -> None:
        require_valid(graph)
        self._nodes: dict[str, _Node] = {}
        self._is_stopped = False
        ids = {step.id for step in graph.steps}
        growth = {
            grower: tuple(id_ for id_ in added if id_ in ids)
            for grower, added in grown.items()
            if grower in ids
        }
        growers = {id_: grower for grower, added in growth.items() for id_ in added}
        for step in graph.steps:
            self._nodes[step.id] = _Node(step=step, grower=growers.get(step.id))
        for id_ in (step.id for step in graph.steps if step.id not in growers):
            self._link(id_)
        for grower, added in growth.items():
            self._attach(grower, added)
        for id_, (state, reason) in ended.items():
            if id_ in self._nodes:
                self._conclude(self._nodes[id_], state, reason)

    @property
    def states(self) -> dict[str, StepState]:
        """The state of every step, in the order of the graph."""
        return {id_: node.state for id_, node in self._nodes.items()}

    @property
    def reasons(self) -> dict[str, str]:
        """The reason of every final step that has one."""
        return {id_: node.reason for id_, node in self._nodes.items() if node.reason is not None}

    def step(self, id_: str) -> Step:
        """The definition of a step."""
        return self._nodes[id_].step

    def needs_of(self, id_: str) -> tuple[str, ...]:
        """What a step waits for, including what its needs grew; sorted."""
        return tuple(sorted(self._nodes[id_].needs))

    def begin(self) -> Moves:
        """Decide about all steps whose needs are final."""
        return self._decide(tuple(self._nodes))

    def mark(self, id_: str, state: StepState) -> None:
        """Set a state that is not final."""
        self._nodes[id_].state = state

    def end(self, id_: str, state: StepState, reason: str | None) -> Moves:
        """Set a final state and decide about the steps that waited for it."""
        node = self._nodes[id_]
        self._conclude(node, state, reason)
        return self._decide((*node.grown, *node.dependants))

    def stop(self) -> Moves:
        """Skip all that has not started, now and later, but for steps that run in any case."""
        self._is_stopped = True
        for node in self._nodes.values():
            if node.state is StepState.READY and node.step.when_needs is not WhenNeeds.ALWAYS:
                node.state = StepState.PENDING
        return self._decide(tuple(self._nodes))

    def require_growth(self, grower: str, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Check steps that a step wants to add; return those that are new.

        Raises:
            InvalidInput: an id is taken by another step, a need is unknown, or steps would wait
                for each other in a circle.
        """
        new: list[Step] = []
        for step in steps:
            known = self._nodes.get(step.id)
            if known is None:
                new.append(step)
            elif known.grower != grower:
                raise InvalidInput(
                    f"step '{grower}' adds '{step.id}', which is in the graph already",
                    code="duplicate_step",
                )
        ids = {step.id for step in new}
        outside = {need for step in new for need in step.needs if need not in ids}
        shells = [Step(id=need, kind="") for need in sorted(outside) if need in self._nodes]
        require_valid(Graph(steps=(*new, *shells)))
        self._require_no_circle(grower, outside - {grower})
        return tuple(new)

    def grow(self, grower: str, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Add steps that a running step asked for; return those that are new.

        Raises:
            InvalidInput: as `require_growth`.
        """
        new = self.require_growth(grower, steps)
        self._nodes.update((step.id, _Node(step=step, grower=grower)) for step in new)
        self._attach(grower, tuple(step.id for step in new))
        return new

    def _require_no_circle(self, grower: str, needs: Iterable[str]) -> None:
        unsure = {need for need in needs if not self._nodes[need].state.is_final}
        if not unsure:
            return
        for id_ in self._waiting_for(grower):
            if id_ in unsure:
                raise InvalidInput(
                    f"step '{grower}' adds a step that needs '{id_}', which waits for '{grower}'",
                    code="cycle",
                )

    def _waiting_for(self, id_: str) -> Iterator[str]:
        """Yield every step that waits for this one, directly or through others."""
        seen = {id_}
        queue = deque(self._nodes[id_].dependants)
        while queue:
            found = queue.popleft()
            if found not in seen:
                seen.add(found)
                yield found
                queue.extend(self._nodes[found].dependants)

    def _attach(self, grower: str, new: tuple[str, ...]) -> None:
        """Link what a step grew, and let those that wait for it wait for the new ones too."""
        node = self._nodes[grower]
        waiting = tuple(node.dependants)
        for id_ in new:
            self._link(id_)
        node.grown += new
        for id_ in waiting:
            self._wait_for(self._nodes[id_], new)

    def _link(self, id_: str) -> None:
        node = self._nodes[id_]
        self._wait_for(node, self._followed(node))

    def _wait_for(self, node: _Node, needs: Iterable[str]) -> None:
        for need in needs:
            if need in node.needs:
                continue
            node.needs.add(need)
            needed = self._nodes[need]
            needed.dependants[node.step.id] = None
            node.missing += 1
            if needed.state.is_final:
                _count(node, needed)

    def _followed(self, node: _Node) -> Iterator[str]:
        """Yield what a step needs and what these grew, but not the growth it is part of itself."""
        queue = deque(node.step.needs)
        while queue:
            need = queue.popleft()
            yield need
            if not self._is_grown_by(node.step.id, need):
                queue.extend(self._nodes[need].grown)

    def _is_grown_by(self, id_: str, ancestor: str) -> bool:
        grower = self._nodes[id_].grower
        while grower is not None and grower != ancestor:
            grower = self._nodes[grower].grower
        return grower is not None

    def _conclude(self, node: _Node, state: StepState, reason: str | None) -> None:
        node.state = state
        node.reason = reason
        for id_ in node.dependants:
            _count(self._nodes[id_], node)

    def _decide(self, candidates: Iterable[str]) -> Moves:
        ready: list[Step] = []
        skipped: list[Skipped] = []
        queue = deque(candidates)
        while queue:
            node = self._nodes[queue.popleft()]
            if node.state is not StepState.PENDING:
                continue
            reason = self._reason_to_skip(node)
            if reason is not None:
                self._conclude(node, StepState.SKIPPED, reason)
                skipped.append(Skipped(step=node.step.id, reason=reason))
                queue.extend(node.dependants)
            elif not node.missing:
                node.state = StepState.READY
                ready.append(node.step)
        return Moves(ready=tuple(ready), skipped=tuple(skipped))

    def _reason_to_skip(self, node: _Node) -> str | None:
        when = node.step.when_needs
        if self._is_stopped and when is not WhenNeeds.ALWAYS:
            return FAIL_FAST
        if node.missing or not node.needs:
            return None
        others = len(node.needs) - node.good - node.bad
        match when:
            case WhenNeeds.ALWAYS:
                stops = False
            case WhenNeeds.NONE_FAILED:
                stops = node.bad > 0
            case WhenNeeds.ANY_SUCCESS:
                stops = node.good == 0
            case WhenNeeds.ALL_SUCCESS:
                stops = node.bad + others > 0
            case _:
                assert_never(when)
        if not stops:
            return None
        return UPSTREAM_FAILED if node.bad else UPSTREAM_SKIPPED


def _count(node: _Node, need: _Node) -> None:
    """Note the end of one need; a skip by a step's own condition is neither good nor bad."""
    node.missing -= 1
    if need.state.is_good:
        node.good += 1
    elif need.state is not StepState.SKIPPED or need.reason in (UPSTREAM_FAILED, FAIL_FAST):
        node.bad += 1
