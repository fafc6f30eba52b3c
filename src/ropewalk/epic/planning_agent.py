"""A configured agent is asked for a plan: read-only, in a worktree of its own that is taken away.

Where it changed something outside its worktree, its answer does not count.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from ropewalk.agents.base import AgentTask
from ropewalk.agents.environment import secrets_of
from ropewalk.agents.table import adapter_of, require_agent_name
from ropewalk.epic.choice import probe_agent
from ropewalk.epic.drafting import Planner
from ropewalk.epic.reader import Read, as_reader, put_away, read_once, reading_worktree
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import Interrupted, InvalidInput, WorktreeError
from ropewalk.git.objects import tree_of
from ropewalk.git.own import own_context, refresh_own
from ropewalk.model.config import AgentConfig
from ropewalk.model.result import Outcome
from ropewalk.model.values import JsonObject
from ropewalk.planner.asking import Answer, Ask, End, Question
from ropewalk.store.files import safe_text
from ropewalk.store.lock import epic_lock
from ropewalk.store.redact import Redactor
from ropewalk.store.schema.drafted_plan import find_plan_text

SUBJECT: Final = "_planning"
_STEP: Final = "plan"
_ANSWERED: Final = frozenset((Outcome.OK, Outcome.NOTHING_TO_DO))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who is asked: an agent by its name, and what its attempts have in common."""

    name: str
    agent: AgentConfig
    task: AgentTask


def agent_planner(
    workspace: Workspace,
    *,
    epic_id: str,
    commit: str,
    cancel: threading.Event | None = None,
) -> Planner:
    """Return the agent of `[planner] agent`, else of `[run] agent`, with permission to read.

    Args:
        workspace: the repository.
        epic_id: the epic that is planned.
        commit: what the agent gets to see.
        cancel: ends the agent when set.

    Raises:
        InvalidInput: none is configured, or it cannot run here.
    """
    config = workspace.config
    name = require_agent_name(config, config.planner.agent)
    agent = as_reader(config.agents[name])
    asked = _Asked(name=name, agent=agent, task=_task(workspace, epic_id, commit, plan_id="none"))
    known = probe_agent(asked.task, agent)
    if not known.usable:
        raise InvalidInput(
            f"the agent '{name}' cannot plan here: {known.problem}",
            hint="ropewalk doctor shows what agents need; or: --planner static",
            code="agent_unusable",
        )
    launch = adapter_of(agent.kind).command(asked.task, agent)
    return Planner(
        kind="agent",
        label=f"agent '{name}'",
        made_of={
            "kind": agent.kind.value,
            "program": agent.shell or [*agent.argv, *filter(None, [agent.program]), *agent.args],
            "version": known.version,
            "model": agent.model,
            # It may look at all of the files, not only at their map.
            "tree": tree_of(own_context(workspace.place), commit),
        },
        asking=lambda plan_id: _asking(workspace, asked, plan_id, cancel or threading.Event()),
        redactor=Redactor(secrets_of(asked.task, agent, launch)),
        model=agent.model,
    )


def clear_planning(workspace: Workspace, epic_id: str, *, trash_id: str) -> None:
    """Take away what a planning that was killed has left; to be used under the epic's lock.

    A worktree that somebody works in, or has locked, stays: it is in nobody's way.
    """
    path = workspace.layout.worktree(epic_id, SUBJECT)
    if os.path.lexists(path):
        with suppress(WorktreeError):
            put_away(workspace, path, trash_id=trash_id)


def _task(workspace: Workspace, epic_id: str, commit: str, *, plan_id: str) -> AgentTask:
    """Return what all attempts have in common; ``plan_id`` names their traces."""
    layout = workspace.layout
    worktree = layout.worktree(epic_id, SUBJECT)
    return AgentTask(
        epic_id=epic_id,
        domain=SUBJECT,
        run_id=plan_id,
        number=1,
        worktree=worktree,
        repository=layout.top,
        base=commit,
        prompt="",
        files=(),
        result_path=worktree / ".workflow" / "outputs" / epic_id / f"{SUBJECT}_results.json",
        folder=layout.attempt(plan_id, _STEP, 1),
        homes=layout.homes(plan_id),
        log=layout.log(plan_id, _STEP, 1),
        briefing="",
        identity=workspace.identity(),
    )


@contextmanager
def _asking(
    workspace: Workspace, asked: _Asked, plan_id: str, cancel: threading.Event
) -> Iterator[Ask]:
    """Yield who asks the agent, each time as a new attempt, as long as its worktree stands."""
    layout, numbers = workspace.layout, count(1)
    known = asked.task
    task = _task(workspace, known.epic_id, known.base, plan_id=plan_id)

    def ask(question: Question) -> Answer:
        number = next(numbers)
        attempt = replace(
            task,
            number=number,
            prompt=question.text,
            schema=question.schema,
            folder=layout.attempt(plan_id, _STEP, number),
            log=layout.log(plan_id, _STEP, number),
        )
        read = read_once(workspace, attempt, asked.agent, emit=_tell_nobody, cancel=cancel)
        if read.report.outcome is Outcome.CANCELLED:
            raise Interrupted("the agent was stopped while it planned; nothing was written")
        return _answer(asked.name, read)

    with epic_lock(layout.common_dir, task.epic_id):
        refresh_own(workspace.place)
        with reading_worktree(workspace, task):
            yield ask


def _answer(name: str, read: Read) -> Answer:
    """Return what an attempt comes to.

    Raises:
        InvalidInput: the agent is not logged in.
    """
    report, text = read.report, read.answer
    if report.outcome is Outcome.AUTH:
        raise InvalidInput(
            f"the agent '{name}' is not logged in: {report.summary or 'its provider refuses it'}",
            hint="log it in and plan again, or: --planner static",
            code="auth",
        )
    if read.outside:
        problem = f"it changed {'; '.join(read.outside)}, outside its worktree"
        return Answer(text=text, end=End.FAILED, problem=problem, usage=report.usage)
    match report.outcome:
        case Outcome.REFUSED:
            problem = "it refused to answer"
            return Answer(text=text, end=End.REFUSED, problem=problem, usage=report.usage)
        case Outcome.LIMIT:
            problem = "it came to the limit of what it may say"
            return Answer(text=text, end=End.CUT_OFF, problem=problem, usage=report.usage)
        case outcome if outcome in _ANSWERED or _holds_plan(outcome, text):
            return Answer(text=text, usage=report.usage)
        case outcome:
            words = " ".join(safe_text(report.summary).split())
            why = f"{outcome.value.replace('_', ' ')}{f' ({words})' if words else ''}"
            problem = f"it did not answer: {why}"
            return Answer(text=text, end=End.FAILED, problem=problem, usage=report.usage)


def _holds_plan(outcome: Outcome, text: str) -> bool:
    """Whether a program that says nothing of its end but a code has answered all the same."""
    return outcome is Outcome.NONZERO_EXIT and find_plan_text(text) is not None


def _tell_nobody(_type: str, _data: JsonObject, /, *, sync: bool = False) -> None:
    pass
