"""A reader within a run: journalled, on the money of the run, and never run twice.

An attempt that ended while no coordinator was alive is taken from its report; what it changed
outside its worktree until then is seen all the same.
"""

from dataclasses import replace

from ropewalk.agents.base import AgentTask
from ropewalk.agents.environment import attempt_mark
from ropewalk.agents.runner import AttemptReport, recover_attempt
from ropewalk.agents.table import find_agent
from ropewalk.agents.watch import terms_alone
from ropewalk.engine.executor import Control
from ropewalk.epic.admission import admitted_mender
from ropewalk.epic.context import EpicContext, stopped
from ropewalk.epic.lookout import Lookout
from ropewalk.epic.mend_events import count_unseen, emit_mend_ended, mend_teller
from ropewalk.epic.reader import (
    Read,
    as_reader,
    put_away,
    read_once,
    reading_worktree,
    whole_answer,
)
from ropewalk.errors import Interrupted
from ropewalk.model.result import Outcome
from ropewalk.model.values import JsonObject


def read_with_agent(
    context: EpicContext, control: Control, task: AgentTask, *, agent: str, about: str
) -> Read:
    """Run one attempt, or find how it ended when it was made before.

    Args:
        context: the run.
        control: where it is journalled, and the request to end.
        task: its subject is the ``domain``; the worktree is made at ``base`` for it alone.
        agent: its name in the configuration.
        about: what it looks at, for people.

    Raises:
        InvalidInput: there is no such agent, or it cannot be used.
        Interrupted: the person asked to stop.
        WorktreeError: no worktree could be made for it.
    """
    named: JsonObject = {"subject": task.domain, "about": about, "number": task.number}
    read = _unseen_end(context, control, task, agent, named)
    if read is None:
        with reading_worktree(context.workspace, task):
            read = _read(context, control, task, agent, named)
        emit_mend_ended(control, named, read.report)
    elif context.live.state.mending is not None:
        emit_mend_ended(control, named, read.report)
    if read.report.outcome is Outcome.CANCELLED:
        raise Interrupted(
            f"the agent was stopped at {about}", hint=f"ropewalk resume {context.epic_id}"
        )
    return read


def _read(
    context: EpicContext, control: Control, task: AgentTask, agent: str, named: JsonObject
) -> Read:
    config = find_agent(context.workspace.config, agent)
    starting = {**named, "agent": agent, "mark": attempt_mark(task)}
    control.emit("mend_starting", starting, sync=True)
    tell = mend_teller(control, named)
    with admitted_mender(context, control, agent=agent, tell=tell) as admission:
        if admission is None:
            is_over = stopped(control, context)
            return _not_started(task, Outcome.CANCELLED if is_over else Outcome.BUDGET)
        return read_once(
            context.workspace,
            task,
            replace(config, budget_usd=admission.allowance.limit_usd),
            emit=tell,
            cancel=control.cancelled,
            others=context.live.worktrees,
            together=context.together,
            terms=admission.terms,
        )


def _not_started(task: AgentTask, outcome: Outcome) -> Read:
    report = AttemptReport(outcome=outcome, exit_code=None, duration_s=0.0, log=task.log)
    return Read(report=report, answer="")


def _unseen_end(
    context: EpicContext, control: Control, task: AgentTask, agent: str, named: JsonObject
) -> Read | None:
    """Return how an agent ended by itself while no coordinator was alive, if it did."""
    if not task.folder.is_dir():
        return None
    config = as_reader(find_agent(context.workspace.config, agent))
    terms = replace(terms_alone(config), prices=context.workspace.config.prices)
    report = recover_attempt(task, config, terms=terms)
    count_unseen(context, control, named, report)
    if report.outcome in (Outcome.INTERRUPTED, Outcome.CANCELLED):
        return None
    lookout = Lookout(context.workspace.place, task, others=context.live.worktrees)
    lookout.ended()
    put_away(context.workspace, task.worktree, trash_id=context.run_id)
    return Read(report=report, answer=whole_answer(report), outside=lookout.outside)
