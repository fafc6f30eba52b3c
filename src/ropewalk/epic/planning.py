"""Phase 0: an epic becomes a plan on disk; a plan that was edited becomes a plan again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ropewalk.epic.links import require_no_links
from ropewalk.epic.reading import read_ahead
from ropewalk.epic.runs import find_run, require_plan
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.git.own import own_context
from ropewalk.git.refs import resolve_commit
from ropewalk.git.repository import head_branch
from ropewalk.git.trees import TreeEntry, list_tree
from ropewalk.model.plan import Base, Plan, PlanFile, PlanningNotes
from ropewalk.planner.draft import to_yaml
from ropewalk.planner.resolve import resolve_plan
from ropewalk.planner.static import split
from ropewalk.store.lock import epic_lock
from ropewalk.store.schema.documents import write_document
from ropewalk.store.schema.names import check_epic_id
from ropewalk.store.schema.plan_file import parse_plan_file

EPIC_LIMIT = 1024 * 1024
NAME_LIMIT = 4096
_LINK = "120000"


class PlannerKind(StrEnum):
    """Who splits the epic."""

    STATIC = "static"
    MODEL = "model"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicText:
    """What is asked: the text, the id and title that its source suggests, and its file if any."""

    text: str
    epic_id: str | None = None
    title: str = ""
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What ``plan`` is asked to do.

    ``source`` names where a hand-written plan came from; ``hand_written`` holds its bytes.
    """

    epic: EpicText | None = None
    hand_written: bytes | None = None
    source: str = "plan"
    epic_id: str | None = None
    base: str = "HEAD"
    planner: PlannerKind = PlannerKind.STATIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that was written, what its planner has to say, and where it lies."""

    plan: Plan
    notes: PlanningNotes
    path: Path


def read_epic(argument: str, *, stdin: str | None, cwd: Path) -> EpicText:
    """Return the epic that ``argument`` means: a file, ``-`` for standard input, or a sentence.

    Raises:
        InvalidInput: the file is not there or not text, or the argument is empty.
    """
    if argument == "-":
        return _titled(stdin or "", None)
    path = cwd / argument
    if len(argument) < NAME_LIMIT and "\n" not in argument and path.is_file():
        return replace(_titled(_read_text(path), _id_from(path.stem)), file=path.resolve())
    if not any(character.isspace() for character in argument.strip()):
        raise InvalidInput(
            f"there is no file '{argument}'",
            hint="give a markdown file, - for standard input, or a sentence in quotes with --id",
        )
    return _titled(argument, None)


def make_plan(workspace: Workspace, request: PlanRequest) -> Planned:
    """Split the epic, or take the hand-written split, and write the plan.

    Raises:
        InvalidInput: the epic or the plan cannot be used, or has been run already.
    """
    if request.planner is not PlannerKind.STATIC:
        raise InvalidInput(
            f"the planner '{request.planner}' is not available in this version",
            hint="use --planner static, or write the plan: ropewalk plan --from plan.yaml",
        )
    own = own_context(workspace.place)
    commit = resolve_commit(workspace.place.context, request.base)
    entries = list_tree(own, commit)
    paths = tuple(entry.path for entry in entries)
    drafted, drafting = _draft(workspace, request, entries)
    require_no_links(drafted, _links(entries), source=request.source)
    epic_id = _require_id(request, drafted)
    _require_not_run(workspace, epic_id)
    plan, notes = resolve_plan(
        drafted,
        epic_id=epic_id,
        paths=paths,
        base=Base(ref=_base_name(workspace, request.base), commit=commit),
        target=head_branch(workspace.place),
        planner="file" if request.hand_written is not None else request.planner.value,
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        default_validation=workspace.config.checks.commands,
    )
    return write_plan(workspace, plan, _joined(drafting, notes))


def edited_plan(workspace: Workspace, epic_id: str, text: bytes) -> Planned:
    """Take a plan that a person edited in place of the one on disk.

    Raises:
        InvalidInput: the text is no plan; the plan on disk stays as it is.
    """
    old = require_plan(workspace, epic_id)
    _require_not_run(workspace, epic_id)
    drafted = parse_plan_file(text, name=f"{epic_id}.yaml")
    if drafted.epic_id not in (None, epic_id):
        raise InvalidInput(
            f"the edited plan has the id '{drafted.epic_id}', not '{epic_id}'",
            hint="keep the id, or make a new plan: ropewalk plan --from",
        )
    entries = list_tree(own_context(workspace.place), old.base.commit)
    require_no_links(drafted, _links(entries), source=f"{epic_id}.yaml")
    plan, notes = resolve_plan(
        drafted,
        epic_id=epic_id,
        paths=tuple(entry.path for entry in entries),
        base=old.base,
        target=old.target,
        planner=f"{old.planner}, edited" if "edited" not in old.planner else old.planner,
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        default_validation=workspace.config.checks.commands,
    )
    return write_plan(workspace, plan, notes)


def plan_text(workspace: Workspace, epic_id: str) -> str:
    """Return the plan of ``epic_id`` as YAML for an editor."""
    _require_not_run(workspace, epic_id)
    return to_yaml(require_plan(workspace, epic_id))


def write_plan(workspace: Workspace, plan: Plan, notes: PlanningNotes) -> Planned:
    """Write the plan and the planner's notes, each atomically, under the epic's lock."""
    workspace.prepare_folders()
    path = workspace.layout.analysis(plan.epic_id)
    with epic_lock(workspace.layout.common_dir, plan.epic_id):
        write_document(workspace.layout.notes(plan.epic_id), notes)
        write_document(path, plan)
    return Planned(plan=plan, notes=notes, path=path)


def _draft(
    workspace: Workspace, request: PlanRequest, entries: Sequence[TreeEntry]
) -> tuple[PlanFile, PlanningNotes]:
    if request.hand_written is not None:
        return parse_plan_file(request.hand_written, name=request.source), PlanningNotes()
    if request.epic is None or not request.epic.text.strip():
        raise InvalidInput(
            "the epic is empty", hint="write what is asked, and which parts it concerns"
        )
    drafted, notes = split(
        request.epic.text,
        paths=tuple(
            entry.path
            for entry in entries
            if workspace.layout.top / entry.path != request.epic.file
        ),
        read=read_ahead(own_context(workspace.place), entries),
        rules=workspace.config.domain,
    )
    title = drafted.title or request.epic.title
    return replace(drafted, title=title, epic_id=request.epic.epic_id), notes


def _require_id(request: PlanRequest, drafted: PlanFile) -> str:
    epic_id = request.epic_id or drafted.epic_id
    if epic_id is None and request.epic is not None:
        epic_id = request.epic.epic_id
    if epic_id is None:
        raise InvalidInput("the epic has no id", hint="name it: --id add-auth")
    return check_epic_id(epic_id)


def _links(entries: Sequence[TreeEntry]) -> frozenset[str]:
    return frozenset(entry.path for entry in entries if entry.mode == _LINK)


def _require_not_run(workspace: Workspace, epic_id: str) -> None:
    run = find_run(workspace, epic_id)
    if run is not None:
        raise WrongPhase(
            f"epic '{epic_id}' has been run ({run.run_id}); its plan is fixed",
            hint=f"run it again: ropewalk run {epic_id} --fresh, or plan under another id: --id",
        )


def _base_name(workspace: Workspace, base: str) -> str:
    branch = head_branch(workspace.place)
    return branch.removeprefix("refs/heads/") if base == "HEAD" and branch else base


def _joined(first: PlanningNotes, second: PlanningNotes) -> PlanningNotes:
    return replace(
        first,
        domains=first.domains or second.domains,
        left_out=(*first.left_out, *second.left_out),
        warnings=(*first.warnings, *second.warnings),
        sure=first.sure or second.sure,
        total=first.total or second.total,
    )


def _read_text(path: Path) -> str:
    if path.stat().st_size > EPIC_LIMIT:
        raise InvalidInput(f"{path.name} is larger than 1 MiB", hint="shorten the epic")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path.name} is not UTF-8 text", hint="write the epic as plain text or markdown"
        ) from error


def _titled(text: str, epic_id: str | None) -> EpicText:
    first = next((line.strip("# \t") for line in text.splitlines() if line.strip("# \t")), "")
    return EpicText(text=text, epic_id=epic_id, title=first[:100])


def _id_from(stem: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")[:64]
