"""Phase 1B: one attempt of one agent in its worktree, watched from outside.

An attempt that ended by itself while no coordinator was alive is taken from its report; it is never
run a second time.
"""

from collections.abc import Mapping
from dataclasses import replace

from ropewalk.agents.base import AgentTask
from ropewalk.agents.briefings import choose_briefing
from ropewalk.agents.listener import EmitActivity
from ropewalk.agents.notices import NOTICES
from ropewalk.agents.prompt import PromptParts, build_prompt
from ropewalk.agents.runner import AttemptReport, recover_attempt, run_attempt
from ropewalk.agents.table import find_agent
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext, stopped
from ropewalk.epic.leftovers import unlock_after_agent
from ropewalk.epic.segments import AgentChoice
from ropewalk.epic.stack import stack_base
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.git.snapshot import snapshot
from ropewalk.git.worktree import reset_worktree
from ropewalk.model.config import AgentConfig, AgentKind, OnClash
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Domain
from ropewalk.model.result import DomainStatus, Outcome
from ropewalk.model.values import JsonObject

_GOOD = frozenset((Outcome.OK, Outcome.NOTHING_TO_DO))


def run_work(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Run one attempt of the domain's agent, or take over one that ended unseen."""
    domain = context.domain(str(spec.payload["domain"]))
    known = context.domain_state(domain.name).unsettled is not None
    report = _unseen_end(context, domain, spec)
    if report is None:
        known = False
        if _budget_left(context, spec) == 0:
            return _not_started(spec, Outcome.BUDGET, "the budget of the run is used up")
        blocked = _place(context, domain, spec, control)
        if blocked is not None:
            return _not_started(spec, Outcome.BLOCKED, blocked)
        report = _attempt(context, domain, spec, control)
    return _finish(context, domain, spec, control, report, is_known=known)


def agent_config(context: EpicContext, choice: AgentChoice) -> AgentConfig:
    """Return the configuration of the chosen agent."""
    if choice.shell is not None:
        known = context.workspace.config.agents.get(choice.name)
        template = known or AgentConfig(kind=AgentKind.COMMAND)
        return replace(template, kind=AgentKind.COMMAND, argv=(), shell=choice.shell)
    return find_agent(context.workspace.config, choice.name)


def _choice(spec: AttemptSpec) -> AgentChoice:
    agent = spec.payload["agent"]
    if not isinstance(agent, Mapping):
        raise TypeError(agent)
    shell = agent.get("shell")
    return AgentChoice(name=str(agent["name"]), shell=str(shell) if shell is not None else None)


def _unseen_end(context: EpicContext, domain: Domain, spec: AttemptSpec) -> AttemptReport | None:
    """Return how an agent ended whose end a killed coordinator did not take in, if one did."""
    state = context.domain_state(domain.name)
    number = len(state.attempts) if state.unsettled is not None else state.open_attempt
    if number is None:
        return None
    task = _task(context, domain, spec, number)
    report = recover_attempt(task, agent_config(context, _choice(spec)))
    if report is None or state.unsettled is None:
        return report
    return replace(report, outcome=state.attempts[-1].outcome)


def _place(context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control) -> str | None:
    """Put the worktree where the domain starts from; return why it cannot start, if it cannot."""
    if context.domain_state(domain.name).attempts and not spec.payload.get("fresh"):
        _bring_back(context, domain, spec)
        return None
    if spec.payload.get("sequential"):
        base = _last_good_head(context)
    elif domain.stacked and domain.depends_on:
        base, problem = stack_base(context, domain)
        if problem:
            return problem
    elif spec.payload.get("fresh"):
        base = context.domain_state(domain.name).base or context.plan.base.commit
    else:
        return None
    worktree = context.worktree(domain.name)
    keep_work(context, domain.name)
    reset_worktree(context.workspace.place, worktree, base)
    control.emit("rebased", {"domain": domain.name, "base": base}, sync=True)
    return None


def _bring_back(context: EpicContext, domain: Domain, spec: AttemptSpec) -> None:
    """Put the work of a domain back into the one worktree that others have used since."""
    state = context.domain_state(domain.name)
    used_since = state.status is not None and context.live.state.last_collected != domain.name
    if spec.payload.get("sequential") and used_since:
        commit = state.head or state.base or context.plan.base.commit
        reset_worktree(context.workspace.place, context.worktree(domain.name), commit)


def keep_work(context: EpicContext, name: str) -> str | None:
    """Pin whatever lies in the worktree of a domain under a backup ref; return the commit."""
    worktree = context.worktree(name)
    if not worktree.is_dir():
        return None
    place = context.workspace.place
    state = context.domain_state(name)
    base = state.base or context.plan.base.commit
    kept = snapshot(place, worktree, exclude=state.brought, base=base)
    ref = epic_ref(context.epic_id, "backup", name, kept.commit[:12])
    if read_ref(place.context, ref) is None:
        update_refs(place.context, [RefUpdate(ref=ref, new=kept.commit, old=None)])
    return kept.commit


def _last_good_head(context: EpicContext) -> str:
    good = context.plan.base.commit
    for name in context.plan.merge_order:
        result = context.result(name)
        if result and result.status is DomainStatus.SUCCESS and result.head:
            good = result.head
    return good


def _attempt(
    context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control
) -> AttemptReport:
    state = context.domain_state(domain.name)
    number = max(len(state.attempts), state.open_attempt or 0) + 1
    choice = _choice(spec)
    task = _task(context, domain, spec, number)
    if number > 1:
        unlock_after_agent(context, domain.name)
    context.guard.started(domain.name)
    control.emit(
        "agent_starting",
        {"domain": domain.name, "number": number, "agent": choice.name},
        sync=True,
    )
    try:
        with context.watching():
            return run_attempt(
                task,
                _within(agent_config(context, choice), _budget_left(context, spec)),
                emit=_teller(control, domain.name, number),
                cancel=control.cancelled,
            )
    finally:
        context.guard.ended(domain.name)


def _finish(
    context: EpicContext,
    domain: Domain,
    spec: AttemptSpec,
    control: Control,
    report: AttemptReport,
    *,
    is_known: bool,
) -> AttemptResult:
    interrupted = report.outcome is Outcome.CANCELLED and stopped(control, context)
    outcome = Outcome.INTERRUPTED if interrupted else report.outcome
    if not is_known:
        _announce(control, domain, report, outcome)
    outputs = {
        "outcome": outcome.value,
        "summary": report.summary,
        "said_nothing_to_do": report.said_nothing_to_do,
        "version": report.version,
        "model": report.model,
        "usage": {
            "input_tokens": report.usage.input_tokens,
            "output_tokens": report.usage.output_tokens,
            "cache_read_tokens": report.usage.cache_read_tokens,
            "cache_write_tokens": report.usage.cache_write_tokens,
            "cost_usd": report.usage.cost_usd,
        },
    }
    if interrupted:
        state = StepState.CANCELLED
    else:
        state = StepState.SUCCEEDED if outcome in _GOOD else StepState.FAILED
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=state,
        reason=None if state is StepState.SUCCEEDED else outcome.value,
        outputs=outputs,
        retryable=report.retryable and not interrupted,
    )


def _announce(control: Control, domain: Domain, report: AttemptReport, outcome: Outcome) -> None:
    control.emit(
        "agent_ended",
        {
            "domain": domain.name,
            "outcome": outcome.value,
            "exit_code": report.exit_code,
            "duration_s": round(report.duration_s, 3),
            "log": str(report.log),
            "session_id": report.session_id,
            "cost_usd": report.usage.cost_usd,
        },
        sync=True,
    )


def _budget_left(context: EpicContext, spec: AttemptSpec) -> float | None:
    """Return the dollars that are left for the run, None when it has no budget."""
    budget = spec.payload.get("budget_usd")
    if not isinstance(budget, int | float):
        return None
    spent = sum(one.cost_usd or 0.0 for one in context.live.state.domains.values())
    return max(0.0, budget - spent)


def _within(config: AgentConfig, left: float | None) -> AgentConfig:
    if left is None:
        return config
    own = config.budget_usd
    return replace(config, budget_usd=left if own is None else min(own, left))


def _not_started(spec: AttemptSpec, outcome: Outcome, reason: str) -> AttemptResult:
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=StepState.FAILED,
        reason=outcome.value,
        outputs={"outcome": outcome.value, "summary": reason, "not_started": True},
    )


def _teller(control: Control, domain: str, number: int) -> EmitActivity:
    def tell(type_: str, data: JsonObject, /, *, sync: bool = False) -> None:
        control.emit(type_, {"domain": domain, "number": number, **data}, sync=sync)

    return tell


def _is_exact(pattern: str) -> bool:
    return not any(character in pattern for character in "*?[!")


def _task(context: EpicContext, domain: Domain, spec: AttemptSpec, number: int) -> AgentTask:
    layout, tells = context.workspace.layout, context.workspace.config.merge.on_clash
    worktree = context.worktree(domain.name)
    step = f"work:{domain.name}"
    folder = layout.attempt(context.run_id, step, number)
    briefing = choose_briefing(domain, layout.briefings())
    name = f"{domain.name}_results.json"
    result_path = worktree / ".workflow" / "outputs" / context.epic_id / name
    parts = PromptParts(
        epic_id=context.epic_id,
        title=context.plan.title,
        description=context.plan.description,
        domain=domain,
        others=tuple(other for other in context.plan.domains if other.name != domain.name),
        worktree=worktree,
        files_path=folder / "files.txt",
        notices_path=folder / NOTICES if tells is OnClash.TELL else None,
        result_path=result_path,
        briefing=briefing,
        checks=domain.checks,
        attempt=number,
        message=str(spec.payload.get("message") or ""),
    )
    return AgentTask(
        epic_id=context.epic_id,
        domain=domain.name,
        run_id=context.run_id,
        number=number,
        worktree=worktree,
        repository=layout.top,
        base=context.domain_state(domain.name).base or context.plan.base.commit,
        prompt=build_prompt(parts),
        files=tuple(dict.fromkeys((*domain.paths, *filter(_is_exact, domain.new_files)))),
        result_path=result_path,
        folder=folder,
        log=layout.log(context.run_id, step, number),
        briefing=briefing.text,
        identity=context.identity(),
        session_id=context.domain_state(domain.name).session_id,
    )
