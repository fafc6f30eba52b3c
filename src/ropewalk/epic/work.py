"""Phase 1B: one attempt of one agent in its worktree, watched from outside.

An attempt that ended by itself while no coordinator was alive is taken from its report; it is never
run a second time.
"""

from collections.abc import Mapping
from dataclasses import replace

from ropewalk.agents.base import NO_USAGE, AgentTask
from ropewalk.agents.briefings import choose_briefing
from ropewalk.agents.listener import EmitActivity
from ropewalk.agents.notices import NOTICES
from ropewalk.agents.prompt import PromptParts, briefing_text, build_prompt
from ropewalk.agents.runner import AttemptReport, recover_attempt, run_attempt
from ropewalk.agents.table import find_agent
from ropewalk.agents.watch import terms_alone, usage_to_json
from ropewalk.engine.executor import Control
from ropewalk.epic.admission import Admission, admitted
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.leftovers import unlock_after_agent
from ropewalk.epic.placing import place_worktree
from ropewalk.epic.segments import AgentChoice
from ropewalk.epic.sessions import Session, find_session
from ropewalk.errors import InvalidInput
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.model.config import AgentConfig, AgentKind, OnClash
from ropewalk.model.graph import AttemptResult, AttemptSpec, Step, StepState
from ropewalk.model.plan import Domain
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.model.values import JsonObject

_GOOD = frozenset((Outcome.OK, Outcome.NOTHING_TO_DO))


def run_work(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Run one attempt of the domain's agent, or take over one that ended unseen."""
    domain = context.domain(str(spec.payload["domain"]))
    known = context.domain_state(domain.name).unsettled is not None
    report = _unseen_end(context, domain, spec, control)
    if report is None:
        return _work(context, domain, spec, control)
    if not known:
        counted = context.domain_state(domain.name).using.cost_usd or 0.0
        context.purse.spend(max(0.0, (report.usage.cost_usd or 0.0) - counted))
    return _finish(context, domain, spec, control, report, is_known=known)


def _work(
    context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control
) -> AttemptResult:
    """Let the agent work as soon as it may start."""
    choice = _choice(spec)
    config = agent_config(context, choice)
    with admitted(context, spec, control, choice=choice, config=config) as admission:
        if stopped(control, context):
            return interrupted(spec)
        if admission is None:
            command = f"ropewalk retry {context.epic_id} {domain.name} --budget USD"
            used_up = f"the budget of the run is used up; a new one: {command}"
            return _not_started(spec, Outcome.BUDGET, used_up)
        blocked = place_worktree(context, domain, spec, control)
        if blocked is not None:
            return _not_started(spec, Outcome.BLOCKED, blocked)
        report = _attempt(context, domain, spec, control, admission)
        admission.has_finished = report.outcome in _GOOD
    return _finish(context, domain, spec, control, report, is_known=False)


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
    shell, version = agent.get("shell"), agent.get("version")
    return AgentChoice(
        name=str(agent["name"]),
        shell=str(shell) if shell is not None else None,
        resumes=agent.get("resumes") is True,
        keeps_budget=agent.get("keeps_budget") is True,
        version=str(version) if version is not None else None,
    )


def _unseen_end(
    context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control
) -> AttemptReport | None:
    """Return how an agent ended whose end a killed coordinator did not take in, if one did."""
    state = context.domain_state(domain.name)
    number = len(state.attempts) if state.unsettled is not None else state.open_attempt
    if number is None:
        return None
    report = _recovered(context, domain, spec, number)
    if report.outcome is Outcome.INTERRUPTED:
        if state.open_attempt is not None:
            _close_cut_short(context, domain, report, control.emit)
        return None
    if state.unsettled is None:
        return report
    return replace(report, outcome=state.attempts[-1].outcome)


def close_cut_short(context: EpicContext, name: str, step: Step, emit: EmitActivity) -> None:
    """Mask what an attempt left that was cut short, count what it used, and journal its end.

    Args:
        context: the run.
        name: of the domain; its attempt is open.
        step: the step of the attempt.
        emit: appends to the journal.
    """
    state = context.domain_state(name)
    number = state.open_attempt or 0
    spec = AttemptSpec(
        attempt_id="",
        run_id=context.run_id,
        step=step.id,
        kind=step.kind,
        number=number,
        payload=step.payload,
        needs={},
    )
    try:
        report = _recovered(context, context.domain(name), spec, number)
    except InvalidInput:
        # Its agent is configured no more: what it could leak or spend is not known any more either.
        log = context.workspace.layout.log(context.run_id, f"work:{name}", number)
        report = AttemptReport(outcome=Outcome.INTERRUPTED, exit_code=None, duration_s=0.0, log=log)
    _close_cut_short(context, context.domain(name), report, emit)


def _close_cut_short(
    context: EpicContext, domain: Domain, report: AttemptReport, emit: EmitActivity
) -> None:
    """Journal the end of an attempt that was cut short; the last it told may be in its log only."""
    state = context.domain_state(domain.name)
    usage = max(report.usage, state.using, key=_amount)
    context.purse.spend(max(0.0, (usage.cost_usd or 0.0) - (state.using.cost_usd or 0.0)))
    cut = replace(report, usage=usage, session_id=state.session_id)
    _announce(emit, domain, cut, Outcome.INTERRUPTED)


def _amount(usage: TokenUsage) -> tuple[float, int]:
    return usage.cost_usd or 0.0, (usage.input_tokens or 0) + (usage.output_tokens or 0)


def _recovered(
    context: EpicContext, domain: Domain, spec: AttemptSpec, number: int
) -> AttemptReport:
    session = find_session(context, spec, _choice(spec), domain.name)
    task = _task(context, domain, spec, number, session)
    config = agent_config(context, _choice(spec))
    terms = replace(terms_alone(config), prices=context.workspace.config.prices)
    return recover_attempt(task, config, terms=terms)


def _attempt(
    context: EpicContext,
    domain: Domain,
    spec: AttemptSpec,
    control: Control,
    admission: Admission,
) -> AttemptReport:
    state = context.domain_state(domain.name)
    number = max(len(state.attempts), state.open_attempt or 0) + 1
    choice = _choice(spec)
    config = replace(agent_config(context, choice), budget_usd=admission.allowance.limit_usd)
    session = find_session(context, spec, choice, domain.name)
    task = _task(context, domain, spec, number, session)
    starting: dict[str, object] = {"domain": domain.name, "number": number, "agent": choice.name}
    if session is not None:
        starting |= {"session_id": session.id, "session_began": session.began}
    if number > 1:
        unlock_after_agent(context, domain.name)
    context.guard.started(domain.name)
    control.emit("agent_starting", starting, sync=True)
    try:
        with context.watching():
            return run_attempt(
                task,
                config,
                emit=_teller(control, domain.name, number),
                cancel=control.cancelled,
                together=context.together,
                terms=admission.terms,
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
    is_stopped = report.outcome is Outcome.CANCELLED and stopped(control, context)
    outcome = Outcome.INTERRUPTED if is_stopped else report.outcome
    if not is_known:
        _announce(control.emit, domain, report, outcome)
    outputs = {
        "outcome": outcome.value,
        "summary": report.summary,
        "said_nothing_to_do": report.said_nothing_to_do,
        "version": report.version or _choice(spec).version,
        "model": report.model,
        "usage": usage_to_json(report.usage),
    }
    if is_stopped:
        state = StepState.CANCELLED
    else:
        state = StepState.SUCCEEDED if outcome in _GOOD else StepState.FAILED
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=state,
        reason=None if state is StepState.SUCCEEDED else outcome.value,
        outputs=outputs,
        retryable=report.retryable and not is_stopped,
    )


def _announce(emit: EmitActivity, domain: Domain, report: AttemptReport, outcome: Outcome) -> None:
    emit(
        "agent_ended",
        {
            "domain": domain.name,
            "outcome": outcome.value,
            "exit_code": report.exit_code,
            "duration_s": round(report.duration_s, 3),
            "log": str(report.log),
            "session_id": report.session_id,
            "cost_usd": report.usage.cost_usd,
            "usage": usage_to_json(report.usage),
        },
        sync=True,
    )


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


def _task(
    context: EpicContext,
    domain: Domain,
    spec: AttemptSpec,
    number: int,
    session: Session | None,
) -> AgentTask:
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
        base=context.domain_state(domain.name).base or context.plan.base.commit,
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
        briefing=briefing_text(parts),
        identity=context.identity(),
        session_id=session.id if session else None,
        state=session.state if session else None,
        homes=layout.homes(context.run_id),
        used_before=session.used if session else NO_USAGE,
        env=worktree_environment(
            context.workspace.place, worktree, ports=context.workspace.config.worktree.ports
        ),
    )
