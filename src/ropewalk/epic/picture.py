"""An epic as a graph: its domains and their order, or the steps of its run with their states."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ropewalk.engine import draw
from ropewalk.engine.history import fold
from ropewalk.epic.runs import Run, find_run, require_plan, require_plan_of, require_run
from ropewalk.epic.workspace import Workspace
from ropewalk.model.graph import Graph, Step, StepState
from ropewalk.model.plan import Plan
from ropewalk.model.values import JsonObject
from ropewalk.report.domain_state import DomainState


class PictureFormat(StrEnum):
    """How a graph is drawn."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A graph and the states of its steps, where they are known."""

    graph: Graph
    states: Mapping[str, StepState]

    def text(self, kind: PictureFormat) -> str:
        """Return the drawing; as JSON, see `data`."""
        match kind:
            case PictureFormat.MERMAID:
                return draw.mermaid(self.graph, states=self.states)
            case PictureFormat.DOT:
                return draw.dot(self.graph, states=self.states)
            case _:
                return draw.text(self.graph, states=self.states)

    def data(self) -> JsonObject:
        """Return the graph as JSON."""
        return draw.to_json(self.graph, states=self.states)


def picture(workspace: Workspace, name: str, *, steps: bool = False) -> Picture:
    """Return the domains of an epic, or with ``steps`` those of its run.

    Raises:
        NotPlanned: there is neither a plan nor a run of this name.
        WrongPhase: ``steps`` of an epic that was not run.
    """
    if steps:
        history = fold(require_run(workspace, name).events)
        return Picture(graph=history.graph, states=history.states)
    run = find_run(workspace, name)
    plan = require_plan_of(workspace, run) if run is not None else require_plan(workspace, name)
    return Picture(graph=_domains(plan), states=_states(run) if run is not None else {})


def _domains(plan: Plan) -> Graph:
    ordered = [plan.domain(name) for name in plan.merge_order]
    return Graph(
        steps=tuple(
            Step(id=domain.name, kind="domain", needs=domain.depends_on) for domain in ordered
        )
    )


def _states(run: Run) -> dict[str, StepState]:
    found = {domain.name: _state(domain) for domain in run.state.domains.values()}
    return {name: state for name, state in found.items() if state is not None}


def _state(domain: DomainState) -> StepState | None:
    if domain.at_work:
        return StepState.RUNNING
    if domain.status is None:
        return StepState.PENDING
    return StepState.FAILED if domain.status == "failed" else StepState.SUCCEEDED
