"""One attempt of an agent that puts a merge right, in a worktree of its own that is taken away.

What it left becomes a commit, pinned before its worktree goes: a run that was killed finds that
commit, or takes over an attempt that ended unseen, so that no agent runs twice whose work was
finished. What the agent says decides nothing; one that changed anything outside its worktree does
not count, whatever it made.
"""

from contextlib import suppress
from dataclasses import replace

from ropewalk.agents.base import AgentTask
from ropewalk.agents.environment import attempt_mark
from ropewalk.agents.runner import AttemptReport, recover_attempt, run_attempt
from ropewalk.agents.table import find_agent
from ropewalk.agents.watch import terms_alone
from ropewalk.engine.executor import Control
from ropewalk.epic.admission import admitted_mender
from ropewalk.epic.context import EpicContext, stopped
from ropewalk.epic.errand import Errand, Left, mender
from ropewalk.epic.lookout import Lookout
from ropewalk.epic.mend_events import count_unseen, emit_mend_ended, mend_teller
from ropewalk.epic.mend_pins import FOLDER, find_left, pin_left, put_away
from ropewalk.epic.withhold import without_brought
from ropewalk.errors import Interrupted, WorktreeError
from ropewalk.git.objects import tree_of
from ropewalk.git.own import own_context
from ropewalk.git.provision import provision
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.git.snapshot import snapshot
from ropewalk.git.worktree import add_worktree
from ropewalk.model.config import AgentConfig
from ropewalk.model.result import Outcome
from ropewalk.model.values import JsonObject
from ropewalk.process import base_environment
from ropewalk.store.files import safe_text

# A program's exit code is a hint; these ends say that the work was cut off or never done.
_WORKED = frozenset((Outcome.OK, Outcome.NOTHING_TO_DO, Outcome.NONZERO_EXIT))
_CUT_SHORT = frozenset((Outcome.INTERRUPTED, Outcome.CANCELLED))


def mend(context: EpicContext, control: Control, errand: Errand) -> Left:
    """Run one attempt, or find what it left when it was made before.

    Raises:
        InvalidInput: there is no such agent, or it cannot be used.
        Interrupted: the person asked to stop; what the agent made so far is kept.
        WorktreeError: no worktree could be made for it.
    """
    known = find_left(context, errand)
    if known is not None:
        put_away(context)
        return known
    task = _task(context, errand)
    report = _unseen_end(context, control, errand, task)
    if report is None:
        put_away(context)
        report = _attempt(context, control, errand, task)
    lookout = _lookout(context, task)
    lookout.ended()
    left = _keep(context, errand, task, report, lookout.outside)
    emit_mend_ended(control, _named(errand), report, problem=left.problem)
    put_away(context)
    return left


def _unseen_end(
    context: EpicContext, control: Control, errand: Errand, task: AgentTask
) -> AttemptReport | None:
    """Return how an agent ended by itself while no coordinator was alive, if it did."""
    if not task.worktree.is_dir() or not task.folder.is_dir():
        return None
    config = _agent(context)
    terms = replace(terms_alone(config), prices=context.workspace.config.prices)
    report = recover_attempt(task, config, terms=terms)
    count_unseen(context, control, _named(errand), report)
    return None if report.outcome in _CUT_SHORT else report


def _attempt(
    context: EpicContext, control: Control, errand: Errand, task: AgentTask
) -> AttemptReport:
    place = context.workspace.place
    reason = f"ropewalk {context.epic_id}/{FOLDER}"
    add_worktree(place, task.worktree, errand.start, reason=reason, is_ours=task.worktree.__eq__)
    config = context.workspace.config.worktree
    own = worktree_environment(place, task.worktree, ports=config.ports)
    env = base_environment() | own
    provision(place, task.worktree, config, env=env, cancel=control.cancelled)
    task = replace(task, prompt=errand.prompt(task.worktree), env=own)
    name = mender(context.workspace.config)
    starting = {**_named(errand), "agent": name, "mark": attempt_mark(task)}
    _lookout(context, task).started()
    control.emit("mend_starting", starting, sync=True)
    tell = mend_teller(control, _named(errand))
    with admitted_mender(context, control, agent=name or "", tell=tell) as admission:
        if admission is None:
            report = AttemptReport(
                outcome=Outcome.BUDGET, exit_code=None, duration_s=0.0, log=task.log
            )
        else:
            report = run_attempt(
                task,
                replace(_agent(context), budget_usd=admission.allowance.limit_usd),
                emit=tell,
                cancel=control.cancelled,
                together=context.together,
                terms=admission.terms,
            )
    if report.outcome is Outcome.CANCELLED or (admission is None and stopped(control, context)):
        raise Interrupted(
            f"the agent was stopped at {errand.about}", hint=f"ropewalk resume {context.epic_id}"
        )
    return report


def _lookout(context: EpicContext, task: AgentTask) -> Lookout:
    """Return the watch over one attempt; that over the domains is another one."""
    return Lookout(context.workspace.place, task, others=context.live.worktrees)


def _keep(
    context: EpicContext,
    errand: Errand,
    task: AgentTask,
    report: AttemptReport,
    outside: tuple[str, ...],
) -> Left:
    """Pin what lies in the worktree, with why it does not count where it does not."""
    place = context.workspace.place
    own = own_context(place)
    start = tree_of(own, errand.start)
    name = mender(context.workspace.config)
    tree, damage = start, "its worktree is damaged"
    with suppress(WorktreeError):
        found = snapshot(place, task.worktree, exclude=(".workflow/outputs",), base=errand.start)
        bad = found.partial or found.gitlinks
        tree = without_brought(place, task.worktree, found.tree, start=start)
        damage = "it left files that git cannot take in" if bad else ""
    if outside:
        left = _given_up(f"agent '{name}' changed {'; '.join(outside)}, outside its worktree")
    elif report.outcome not in _WORKED:
        left = _given_up(f"agent '{name}' ended: {_how(report)}")
    elif damage:
        left = _given_up(f"agent '{name}': {damage}")
    elif tree == start and not (errand.may_keep and report.said_nothing_to_do):
        left = Left(commit="", problem=f"agent '{name}' changed nothing")
    else:
        left = Left(commit="")
    return replace(left, commit=pin_left(context, errand, tree, left))


def _given_up(problem: str) -> Left:
    return Left(commit="", problem=" ".join(safe_text(problem).split()), is_over=True)


def _how(report: AttemptReport) -> str:
    words = report.outcome.value.replace("_", " ")
    return f"{words} ({report.summary})" if report.outcome is Outcome.ERROR else words


def _agent(context: EpicContext) -> AgentConfig:
    return find_agent(context.workspace.config, mender(context.workspace.config))


def _named(errand: Errand) -> JsonObject:
    return {"subject": errand.subject, "about": errand.about, "number": errand.number}


def _task(context: EpicContext, errand: Errand) -> AgentTask:
    layout = context.workspace.layout
    worktree = layout.worktree(context.epic_id, FOLDER)
    account = f"{errand.subject.strip('_')}_results.json"
    return AgentTask(
        epic_id=context.epic_id,
        domain=errand.subject,
        run_id=context.run_id,
        number=errand.number,
        worktree=worktree,
        repository=layout.top,
        base=errand.start,
        prompt="",
        files=errand.files,
        result_path=worktree / ".workflow" / "outputs" / context.epic_id / account,
        folder=layout.attempt(context.run_id, errand.step, errand.number),
        homes=layout.homes(context.run_id),
        log=layout.log(context.run_id, errand.step, errand.number),
        briefing="",
        identity=context.identity(),
    )
