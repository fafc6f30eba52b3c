"""What the phases of one run share: the plan, the journal, the state as it grows, the guard."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ropewalk.agents.budget import Purse
from ropewalk.agents.watch import Together
from ropewalk.checks.exact import ExactTrees
from ropewalk.engine.executor import Control
from ropewalk.epic.guard import Guard
from ropewalk.epic.workspace import Workspace
from ropewalk.git.command import Identity
from ropewalk.model.event import Event
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Domain, Plan
from ropewalk.model.result import DomainResult
from ropewalk.report.domain_state import DomainState
from ropewalk.report.metadata import metadata_of
from ropewalk.report.state import RunState, apply
from ropewalk.store.schema.documents import read_document, write_document


class Live:
    """The state of a run, folded event by event while it happens; safe to use from threads.

    Worktree metadata is written whenever an event changes the history of a domain.
    """

    def __init__(self, workspace: Workspace, observe: Callable[[Event], None] | None) -> None:
        self._workspace = workspace
        self._state = RunState()
        self._observe = observe
        self._lock = threading.Lock()

    @property
    def state(self) -> RunState:
        """The state after the last event."""
        with self._lock:
            return self._state

    def begin(self, state: RunState) -> None:
        """Start from what the journal held before, and bring the metadata in line with it."""
        with self._lock:
            self._state = state
            for domain in state.domains.values():
                self._project(None, domain)

    def worktrees(self) -> dict[str, Path]:
        """Return the worktrees that exist, by domain."""
        known = self.state.domains.values()
        return {one.name: Path(one.path) for one in known if one.path and one.removed is None}

    def take(self, event: Event) -> None:
        """Fold one event, write the metadata that it changes, and pass it on."""
        with self._lock:
            before, self._state = self._state, apply(self._state, event)
            name = event.data.get("domain")
            if isinstance(name, str) and name in self._state.domains:
                self._project(before.domains.get(name), self._state.domains[name])
        if self._observe is not None:
            self._observe(event)

    def _project(self, before: DomainState | None, after: DomainState) -> None:
        if before is not None and (before.history, before.branch) == (after.history, after.branch):
            return
        path = self._workspace.layout.metadata(self._state.epic_id, after.name)
        document = metadata_of(self._state, after)
        if document is not None:
            write_document(path, document)
        else:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicContext:
    """Everything that a phase needs; one per coordinator.

    ``identity`` returns who signs the commits of the run; git is asked for it once. ``watching``
    lasts as long as an agent is at work, and watches over clashes with others. ``together`` and
    ``purse`` are what agents at work at once share; ``cost_before`` says what the domains of an
    agent cost in earlier epics.
    """

    workspace: Workspace
    plan: Plan
    run_id: str
    live: Live
    guard: Guard
    checks: ExactTrees
    watching: Callable[[], AbstractContextManager[None]]
    cancel: threading.Event
    identity: Callable[[], Identity]
    together: Together
    purse: Purse
    cost_before: Callable[[str], float | None]

    @property
    def epic_id(self) -> str:
        """The epic that is worked on."""
        return self.plan.epic_id

    @property
    def planned_at(self) -> int:
        """When the epic was planned, in seconds since the epoch: the date of what merges make."""
        return int(datetime.fromisoformat(self.plan.created_at).timestamp())

    def domain(self, name: str) -> Domain:
        """Return a domain of the plan."""
        return self.plan.domain(name)

    def domain_state(self, name: str) -> DomainState:
        """Return what the journal tells of a domain now."""
        return self.live.state.domains.get(name, DomainState(name=name))

    def worktree(self, name: str) -> Path:
        """Return the worktree of a domain."""
        path = self.domain_state(name).path
        return Path(path) if path else self.workspace.layout.worktree(self.epic_id, name)

    def result(self, name: str) -> DomainResult | None:
        """Return the verified result of a domain, or None while there is none of this run."""
        path = self.workspace.layout.domain_results(self.epic_id, name)
        if self.domain_state(name).status is None or not path.is_file():
            return None
        return read_document(DomainResult, path)

    def results(self) -> tuple[DomainResult, ...]:
        """Return the verified results of all collected domains, in plan order."""
        found = (self.result(domain.name) for domain in self.plan.domains)
        return tuple(result for result in found if result is not None)

    def is_ours(self, path: Path) -> bool:
        """Return whether the journal says that we were making, or made, this worktree."""
        known = self.live.state.domains.values()
        return str(path) in {place for one in known for place in (one.path, one.creating) if place}


def stopped(control: Control, context: EpicContext) -> bool:
    """Return whether the person asked to stop."""
    return control.cancelled.is_set() or context.cancel.is_set()


def interrupted(spec: AttemptSpec) -> AttemptResult:
    """Return the result of an attempt that was stopped before it decided anything."""
    return AttemptResult(
        attempt_id=spec.attempt_id, state=StepState.CANCELLED, reason="interrupted"
    )
