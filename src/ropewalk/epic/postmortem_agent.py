"""An agent looks back at a run; what it says is a claim beside the facts, named as its own.

Nothing that it proposes is applied: a patch of the briefings is checked, written to a file and left
to the person. An agent that changed anything outside its worktree, or whose answer cannot be read,
leaves the facts alone and is named in the notes.
"""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ropewalk.agents.base import AgentTask
from ropewalk.agents.briefings import Briefing, choose_briefing
from ropewalk.agents.look_back_prompt import LookBack, look_back_prompt
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.epic.errand import mender
from ropewalk.epic.journalled_reader import read_with_agent
from ropewalk.epic.mend_parts import end_of_log
from ropewalk.errors import InvalidInput, StorageError, WorktreeError
from ropewalk.git.patch_check import why_not_applicable
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.result import Outcome
from ropewalk.model.validation import Postmortem
from ropewalk.store.files import read_limited
from ropewalk.store.schema.lessons import MAX_PATCH, Lessons, lessons_schema, parse_lessons

SUBJECT = "_postmortem"


def add_lessons(
    context: EpicContext, spec: AttemptSpec, control: Control, facts: Postmortem
) -> Postmortem:
    """Return the look back with what an agent makes of it; with a note where there is none.

    Raises:
        Interrupted: the person asked to stop.
    """
    name = mender(context.workspace.config)
    if name is None:
        why = "no agent is configured ([merge] agent, or [run] agent)"
        return replace(facts, notes=(f"facts only: {why}",))
    lessons = _ask(context, spec, control, facts, name)
    if isinstance(lessons, str):
        return replace(facts, notes=(f"facts only: agent '{name}' {lessons}",))
    problem = _why_not(context, lessons.briefing_changes)
    dropped = f"the briefing changes of agent '{name}' were dropped: {problem}"
    return replace(
        facts,
        worked=(*facts.worked, *(f"{name} says: {line}" for line in lessons.worked)),
        failed=(*facts.failed, *(f"{name} says: {line}" for line in lessons.failed)),
        briefing_changes=None if problem else lessons.briefing_changes,
        by=name,
        notes=(dropped,) if problem else (),
    )


def _ask(
    context: EpicContext, spec: AttemptSpec, control: Control, facts: Postmortem, name: str
) -> Lessons | str:
    """Return what the agent says, or why that does not count."""
    task = _task(context, spec, facts)
    try:
        read = read_with_agent(context, control, task, agent=name, about="the look back")
    except (InvalidInput, WorktreeError, StorageError) as error:
        return f"could not be asked: {error.message}"
    if read.outside:
        return f"changed {'; '.join(read.outside)}, outside its worktree"
    lessons = parse_lessons(read.answer)
    if isinstance(lessons, str):
        ended = read.report.outcome
        why = lessons if ended is Outcome.OK else ended.value.replace("_", " ")
        return f"did not answer: {why}"
    return lessons


def _why_not(context: EpicContext, patch: str | None) -> str:
    """Say why a patch cannot be proposed, empty where it can, and where there is none."""
    if patch is None:
        return ""
    if len(patch) > MAX_PATCH:
        return f"they are longer than {MAX_PATCH // 1024} KiB"
    folder = context.workspace.layout.briefings()
    files = {
        f"{folder.name}/{path.name}": read_limited(path, MAX_PATCH)
        for path in sorted(folder.glob("*.md"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_PATCH
    }
    return why_not_applicable(context.workspace.place, patch, files, below=folder.name)


def _task(context: EpicContext, spec: AttemptSpec, facts: Postmortem) -> AgentTask:
    layout = context.workspace.layout
    worktree = layout.worktree(context.epic_id, SUBJECT)
    landed = context.live.state.landed
    return AgentTask(
        epic_id=context.epic_id,
        domain=SUBJECT,
        run_id=context.run_id,
        number=1,
        worktree=worktree,
        repository=layout.top,
        base=str(landed["new"]) if landed is not None else context.plan.base.commit,
        prompt=look_back_prompt(_known(context, facts, worktree)),
        files=(),
        result_path=worktree / ".workflow" / "outputs" / context.epic_id / "look_back.json",
        folder=layout.attempt(context.run_id, spec.step, 1),
        homes=layout.homes(context.run_id),
        log=layout.log(context.run_id, spec.step, 1),
        briefing="",
        identity=context.identity(),
        schema=json.dumps(lessons_schema(), sort_keys=True),
    )


def _known(context: EpicContext, facts: Postmortem, worktree: Path) -> LookBack:
    results = context.results()
    failing = [check for result in results for check in result.checks if not check.has_passed]
    measured = [f"worked: {line}" for line in facts.worked]
    measured += [f"did not work: {line}" for line in facts.failed]
    measured += [f"predicted {key}: {value}" for key, value in facts.predicted.items()]
    measured += [f"actual {key}: {value}" for key, value in facts.actual.items()]
    measured += [f"{one.domain}: {text}" for one in results for text in one.mismatches]
    return LookBack(
        epic_id=context.epic_id,
        title=f"{context.plan.title}\n\n{context.plan.description}".strip(),
        worktree=worktree,
        facts=tuple(measured),
        claims=tuple(f"{one.domain}: {one.summary}" for one in results if one.summary),
        outputs=tuple(filter(None, (end_of_log(check.log) for check in failing))),
        briefings=_briefings(context),
    )


def _briefings(context: EpicContext) -> tuple[Briefing, ...]:
    """Return the briefings of the epic that the repository has itself, each once, unfilled."""
    folder = context.workspace.layout.briefings()
    found: dict[str, Briefing] = {}
    for domain in context.plan.domains:
        with suppress(InvalidInput):
            briefing = choose_briefing(domain, folder)
            if (folder / f"{briefing.name}.md").is_file():
                found[briefing.name] = briefing
    return tuple(found.values())
