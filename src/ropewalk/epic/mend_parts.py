"""What agents that put a merge right are shown of a run: goals, patches, checks, ends of logs."""

from collections.abc import Sequence
from pathlib import Path

from ropewalk.agents.mend_prompts import MAX_DIFF, MAX_OUTPUT, Party
from ropewalk.epic.context import EpicContext
from ropewalk.git.own import own_context
from ropewalk.git.trees import diff_text
from ropewalk.merging.values import MergeOptions
from ropewalk.model.graph import AttemptSpec
from ropewalk.store.schema.documents import from_json


def party(context: EpicContext, name: str, paths: Sequence[str]) -> Party:
    """Return what a domain was to do and what it did, of ``paths`` alone where all is too much."""
    own = own_context(context.workspace.place)
    result = context.result(name)
    patch = b""
    if result is not None and result.head is not None:
        patch = diff_text(own, result.base, result.head)
        if len(patch) > MAX_DIFF and paths:
            patch = diff_text(own, result.base, result.head, paths=paths)
    goal = context.domain(name).description
    return Party(name=name, goal=goal, patch=patch.decode("utf-8", errors="replace"))


def wanted_checks(context: EpicContext, spec: AttemptSpec, names: Sequence[str]) -> tuple[str, ...]:
    """Return the commands that a tree with the domains ``names`` has to pass in this merge."""
    payload = {key: value for key, value in spec.payload.items() if key != "on_train"}
    options = from_json(MergeOptions, payload)
    configured = context.workspace.config.checks.commands
    own = (command for name in names for command in context.domain(name).checks)
    wanted = (*configured, *context.plan.validation, *own, *options.checks)
    return tuple(dict.fromkeys(wanted))


def end_of_log(log: str | None) -> str:
    """Return the last lines of a log as text, empty where there is none."""
    path = Path(log) if log else None
    if path is None or not path.is_file():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4 * MAX_OUTPUT))
        return stream.read().decode("utf-8", errors="replace")[-MAX_OUTPUT:]
