"""Opening a run for a verb, executing its round, and turning the end of it into an answer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.engine.ledger import GraphOutcome
from ropewalk.epic import exits
from ropewalk.epic.answer import Answer
from ropewalk.epic.context import EpicContext
from ropewalk.epic.life import Coordinator, coordinate, execute
from ropewalk.epic.runs import Run, require_plan_of, require_run
from ropewalk.epic.segments import next_round
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import Interrupted, PlanChanged, RopewalkError, WrongPhase
from ropewalk.merging.report import exit_code as merge_exit
from ropewalk.model.event import Event
from ropewalk.model.graph import Step, StepState
from ropewalk.model.merge import MergeReport
from ropewalk.model.result import Aggregate
from ropewalk.model.validation import Postmortem, ValidationReport
from ropewalk.model.values import JsonObject, Value
from ropewalk.planner.resolve import is_unchanged
from ropewalk.store.schema.documents import read_document

_FAILED = StepState.FAILED
Observe = Callable[[Event], None]


@contextmanager
def open_run(
    workspace: Workspace,
    name: str,
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[tuple[Run, Coordinator]]:
    """Become the coordinator of the run that ``name`` means.

    Raises:
        NotPlanned: there is no such epic or run.
        WrongPhase: the epic was not run, or the run was replaced by a fresh one.
        Busy: another coordinator works on this epic.
    """
    run = require_run(workspace, name)
    if run.state.superseded:
        raise WrongPhase(
            f"run {run.run_id} was replaced by a fresh one",
            hint=f"ropewalk status {run.state.epic_id}",
        )
    plan = require_plan_of(workspace, run)
    with coordinate(workspace, plan, run.run_id, observe=observe, cancel=cancel) as coordinator:
        yield require_run(workspace, run.run_id), coordinator


def go(
    coordinator: Coordinator,
    request: JsonObject,
    steps: tuple[Step, ...],
    *,
    jobs: int | None = None,
) -> Answer:
    """Execute a round and return the document of its last phase.

    Raises:
        PlanChanged: the plan on disk is not the one that was run.
        Interrupted: the round was stopped; everything is kept for ``resume``.
        RopewalkError: a step could not do its work at all.
    """
    context = coordinator.context
    _require_same_plan(context)
    outcome = execute(coordinator, request=request, steps=steps, jobs=jobs)
    if outcome.interrupted:
        raise Interrupted(
            f"stopped; everything that was made for '{context.epic_id}' is kept",
            hint=f"ropewalk resume {context.epic_id}",
        )
    number = next_round(outcome.states) - 1
    _raise_failures(outcome, number)
    done = [step for step, state in outcome.states.items() if state.is_good or state is _FAILED]
    return _answer(context, {s.split(":", 1)[0] for s in done if s.endswith(f":{number}")})


def _require_same_plan(context: EpicContext) -> None:
    """Raise PlanChanged unless this is the plan of the run: agents can write its file."""
    plan, known = context.plan, context.live.state.plan_hash
    if known and (plan.plan_hash != known or not is_unchanged(plan)):
        path = context.workspace.relative(context.workspace.layout.analysis(plan.epic_id))
        raise PlanChanged(
            f"the plan of '{plan.epic_id}' was changed after it was run",
            hint=f"put {path} back as it was, or plan the epic under another id: --id",
        )


def round_of(coordinator: Coordinator) -> int:
    """Return the number of the round that comes next."""
    return next_round(step.id for step in coordinator.history.graph.steps)


def quiet_control(cancel: threading.Event) -> Control:
    """Return a control for work that leaves no trace in a journal."""
    return Control(on_event=lambda _type, _data, _sync: None, cancelled=cancel)


def _raise_failures(outcome: GraphOutcome, number: int) -> None:
    for step, result in outcome.results.items():
        error = result.outputs.get("error")
        if not step.endswith(f":{number}") or not isinstance(error, dict):
            continue
        raised = RopewalkError(
            str(error["message"]), hint=str(error.get("hint", "")), code=str(error["code"])
        )
        raised.exit_code = int(error.get("exit_code", 1))
        raise raised


def _answer(context: EpicContext, kinds: set[str]) -> Answer:
    """Return the document of the last phase that was reached in a round.

    The look back is about the phases before it, so it means what the last of them means.
    """
    layout, epic = context.workspace.layout, context.epic_id
    if "postmortem" in kinds:
        answer = read_answer(Postmortem, layout.postmortem(epic))
        before = kinds - {"postmortem"}
        return replace(answer, exit_code=_answer(context, before).exit_code) if before else answer
    if "land" in kinds:
        return read_answer(MergeReport, layout.merge_results(epic))
    if "validate" in kinds:
        return read_answer(ValidationReport, layout.validation_results(epic))
    return read_answer(Aggregate, layout.aggregate(epic))


def read_answer(kind: type[Value], path: Path) -> Answer:
    """Return the document of ``kind`` in ``path`` with the exit code that it means."""
    document = read_document(kind, path)
    return Answer(document=document, path=path, exit_code=exit_code_of(document))


def exit_code_of(document: Value) -> int:
    """Return the exit code that a phase's document means."""
    match document:
        case Aggregate():
            return exits.of_aggregate(document)
        case MergeReport():
            return merge_exit(document)
        case ValidationReport():
            return exits.of_validation(document)
        case _:
            return exits.DONE
