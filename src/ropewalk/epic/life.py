"""The order of an epic's phases, and the one way in which any of them is executed.

Every verb that does work is a round: steps added to the graph of the run. What was added is
journalled, so ``resume`` is the same call without new steps: finished steps are never run again.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial

from ropewalk.agents.budget import Purse
from ropewalk.agents.capacity import available_mb, cpu_count
from ropewalk.agents.table import memory_of
from ropewalk.agents.watch import Together
from ropewalk.checks.exact import ExactTrees
from ropewalk.engine.cache import Cache
from ropewalk.engine.executor import Control, LocalExecutor, Runner
from ropewalk.engine.graph import extend
from ropewalk.engine.history import History
from ropewalk.engine.history import fold as fold_history
from ropewalk.engine.ledger import GraphOutcome
from ropewalk.engine.pools import Shortage
from ropewalk.engine.schedule import run_graph
from ropewalk.epic.clashes import ClashWatch
from ropewalk.epic.collect import run_collect
from ropewalk.epic.conclude import run_aggregate
from ropewalk.epic.context import EpicContext, Live, interrupted
from ropewalk.epic.costs import mean_cost
from ropewalk.epic.guard import Guard
from ropewalk.epic.merge import run_check, run_land, run_train
from ropewalk.epic.postmortem import run_postmortem
from ropewalk.epic.prepare import run_prepare
from ropewalk.epic.runs import open_journal, plan_copy
from ropewalk.epic.segments import slots_pool
from ropewalk.epic.validate import run_validate
from ropewalk.epic.work import run_work
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import GitKilled
from ropewalk.git.own import refresh_own
from ropewalk.git.repository import Place, read_drivers, read_filters
from ropewalk.model.config import AgentConfig, AgentKind, Config
from ropewalk.model.event import Emit, Event
from ropewalk.model.graph import AttemptResult, AttemptSpec, Step
from ropewalk.model.plan import Plan
from ropewalk.model.values import JsonObject
from ropewalk.report.state import RunState, fold
from ropewalk.store.journal import Journal, read_events
from ropewalk.store.patterns import Patterns
from ropewalk.store.schema.config_file import cache_bytes
from ropewalk.store.schema.documents import from_json, to_json, write_document

_PATIENCE_S = 10.0
PHASES: Mapping[str, Callable[..., AttemptResult]] = {
    "prepare": run_prepare,
    "work": run_work,
    "collect": run_collect,
    "aggregate": run_aggregate,
    "train": run_train,
    "check": run_check,
    "validate": run_validate,
    "land": run_land,
    "postmortem": run_postmortem,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator:
    """The one writer of a run: its context, its journal, and what the journal held before."""

    context: EpicContext
    journal: Journal
    history: History


@contextmanager
def coordinate(
    workspace: Workspace,
    plan: Plan,
    run_id: str,
    *,
    observe: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[Coordinator]:
    """Become the coordinator of a run; nobody else is while this context lasts.

    Raises:
        Busy: somebody else is.
        StorageError: the journal is damaged.
    """
    workspace.prepare_folders()
    path = workspace.layout.journal(run_id)
    live = Live(workspace, observe)
    with open_journal(workspace, plan.epic_id, run_id, observe=live.take) as journal:
        events = read_events(path) if path.is_file() else ()
        state = fold(events)
        live.begin(state)
        workspace = replace(workspace, place=_trusted(workspace.place, state))
        config = workspace.config
        with (
            ExactTrees(
                workspace.place,
                workspace.layout,
                plan.epic_id,
                worktree=config.worktree,
                timeout_s=config.checks.timeout_s,
                cache=Cache(workspace.layout.cache(), max_bytes=cache_bytes(config.cache)),
            ) as checks,
            ClashWatch(workspace, plan, run_id, live=live, emit=journal.emit) as clashes,
        ):
            context = EpicContext(
                workspace=workspace,
                plan=plan,
                run_id=run_id,
                live=live,
                guard=_guard(workspace, plan, run_id, live, journal),
                checks=checks,
                watching=clashes.during,
                cancel=cancel or threading.Event(),
                identity=cache(workspace.identity),
                together=Together(),
                purse=Purse(state.spent_usd, warned_usd=state.budget_warned_usd),
                cost_before=cache(partial(mean_cost, workspace)),
            )
            try:
                yield Coordinator(context=context, journal=journal, history=fold_history(events))
            finally:
                _keep_plan(workspace, run_id, plan)


def _keep_plan(workspace: Workspace, run_id: str, plan: Plan) -> None:
    """Write the run's copy of its plan again where somebody took it away: the run needs it."""
    path = plan_copy(workspace, run_id)
    if not path.exists():
        write_document(path, plan)


def _trusted(place: Place, state: RunState) -> Place:
    """Return the place with the programs that git was told of before any agent of the run began."""
    if state.run_id:
        return replace(place, filters=state.filters, drivers=state.drivers)
    refresh_own(place)
    return replace(place, filters=read_filters(place), drivers=read_drivers(place))


def execute(
    coordinator: Coordinator,
    *,
    request: JsonObject,
    steps: tuple[Step, ...],
    jobs: int | None = None,
) -> GraphOutcome:
    """Run ``steps`` and whatever the run has not finished; the request is journalled first.

    Args:
        coordinator: the writer of the run.
        request: the verb and its options, as JSON; kept until the steps are finished.
        steps: what this verb adds to the graph; empty when a run is resumed.
        jobs: how many agents may be at work; None: all, as far as memory goes.
    """
    context, emit = coordinator.context, coordinator.journal.emit
    if request:
        emit("requested", with_steps(request, steps), sync=True)
    graph = extend(coordinator.history.graph, steps or _asked_before(coordinator))
    with LocalExecutor(_runners(context)) as executor:
        outcome = run_graph(
            graph,
            run_id=context.run_id,
            executor=executor,
            emit=emit,
            pools=pools(context.workspace.config, context.plan, jobs),
            history=coordinator.history,
            cancel=context.cancel,
            on_short=partial(_tell_short, emit),
        )
    if not outcome.interrupted:
        emit("request_finished", {"state": "idle"}, sync=True)
    return outcome


def with_steps(request: JsonObject, steps: Sequence[Step]) -> JsonObject:
    """Return a request with the steps that it adds, as the journal keeps it."""
    return {**request, "steps": [to_json(step) for step in steps]}


def _asked_before(coordinator: Coordinator) -> tuple[Step, ...]:
    """Return the steps of a request that was journalled and whose graph was not."""
    wanted = coordinator.context.live.state.request.get("steps")
    steps = [from_json(Step, step) for step in wanted] if isinstance(wanted, list) else []
    known = {step.id for step in coordinator.history.graph.steps}
    return tuple(step for step in steps if step.id not in known)


def pools(config: Config, plan: Plan, jobs: int | None) -> dict[str, float]:
    """Return how much there is of what steps ask for: agents at work, memory, CPUs for checks.

    One agent may always work, however little memory is free; ``[resources]`` is a limit as it
    stands.
    """
    kinds = [memory_of(agent) for agent in config.agents.values()]
    memory = max(available_mb(), *kinds, memory_of(AgentConfig(kind=AgentKind.COMMAND)))
    slots = {
        slots_pool(name): float(agent.slots)
        for name, agent in config.agents.items()
        if agent.slots is not None
    }
    return {
        **config.resources,
        **slots,
        "jobs": jobs or len(plan.domains),
        "memory_mb": min(memory, config.resources.get("memory_mb", memory)),
        "checks": config.resources.get("checks", cpu_count()),
    }


def _tell_short(emit: Emit, step: Step, shortage: Shortage) -> None:
    """Journal why an agent that could start has to wait."""
    if step.kind != "work":
        return
    reason = "memory" if shortage.pool == "memory_mb" else shortage.pool.partition(" ")[0]
    data: JsonObject = {
        "domain": step.payload["domain"],
        "reason": reason,
        "needed": shortage.needed,
        "free": round(shortage.free, 1),
        "of": round(shortage.size, 1),
    }
    emit("agent_waiting", data, step=step.id)


def _runners(context: EpicContext) -> dict[str, Runner]:
    return {kind: partial(_run_or_stop, runner, context) for kind, runner in PHASES.items()}


def _run_or_stop(
    runner: Callable[..., AttemptResult], context: EpicContext, spec: AttemptSpec, control: Control
) -> AttemptResult:
    """Run a phase; where git was ended from outside, stop as if the person had asked for it."""
    try:
        return runner(context, spec, control)
    except GitKilled as error:
        control.emit("git_killed", {"message": error.message}, sync=True)
        context.cancel.set()
        control.cancelled.wait(_PATIENCE_S)
        return interrupted(spec)


def _guard(workspace: Workspace, plan: Plan, run_id: str, live: Live, journal: Journal) -> Guard:
    own = {d.name: Patterns((*d.files, *d.new_files, *d.paths)) for d in plan.domains}
    return Guard(
        workspace.place,
        workspace.layout.run(run_id) / "fingerprint.json",
        worktrees=live.worktrees,
        claims=lambda domain, path: own[domain].has(path),
        mark=lambda domain: f"(ropewalk {plan.epic_id}/{domain})",
        report=partial(_report_outside, journal),
    )


def _report_outside(
    journal: Journal, domain: str, changes: Sequence[str], *, certain: bool
) -> None:
    data = {"domain": domain, "changes": list(changes), "certain": certain}
    journal.emit("outside_change", data, sync=True)
