"""Phase 0: an epic becomes a plan on disk; a plan that was edited becomes a plan again."""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ropewalk.engine.answers import CacheUse
from ropewalk.epic.base_tree import BaseTree, read_base
from ropewalk.epic.drafting import Drafted, DraftRequest, Planner, draft_plan
from ropewalk.epic.epic_text import EpicText
from ropewalk.epic.links import require_no_links
from ropewalk.epic.planning_agent import agent_planner, clear_planning
from ropewalk.epic.planning_model import model_environment, model_planner
from ropewalk.epic.runs import find_run, require_plan
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.git.refs import resolve_commit
from ropewalk.git.repository import head_branch
from ropewalk.model.plan import Base, Plan, PlanningNotes
from ropewalk.planner.draft import to_yaml
from ropewalk.planner.resolve import resolve_plan
from ropewalk.planner.static import split_corpus
from ropewalk.store.lock import epic_lock
from ropewalk.store.schema.documents import write_document
from ropewalk.store.schema.names import check_epic_id
from ropewalk.store.schema.plan_file import parse_plan_file


def say_nothing(_text: str) -> None:
    """Take what would be told, for callers whom nobody listens to."""


class PlannerKind(StrEnum):
    """Who splits the epic."""

    STATIC = "static"
    MODEL = "model"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What ``plan`` is asked to do.

    ``source`` names where a hand-written plan came from; ``hand_written`` holds its bytes.
    ``planner`` None means the one of the configuration. ``cache`` says whether answers of models
    from before count.
    """

    epic: EpicText | None = None
    hand_written: bytes | None = None
    source: str = "plan"
    epic_id: str | None = None
    base: str = "HEAD"
    planner: PlannerKind | None = None
    cache: CacheUse = CacheUse.USE


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that was written, what its planner has to say, and where it lies."""

    plan: Plan
    notes: PlanningNotes
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Company:
    """What goes along with a request while it is carried out; see `make_plan`."""

    tell: Callable[[str], None]
    cancel: threading.Event | None
    env: Mapping[str, str] | None


def make_plan(
    workspace: Workspace,
    request: PlanRequest,
    *,
    tell: Callable[[str], None] = say_nothing,
    cancel: threading.Event | None = None,
    env: Mapping[str, str] | None = None,
) -> Planned:
    """Split the epic, or take the hand-written split, and write the plan.

    Args:
        workspace: the repository.
        request: what is planned, and by whom.
        tell: told what takes long.
        cancel: ends an agent that plans when set.
        env: holds the key and the address of a model; None: those of this process.

    Raises:
        InvalidInput: the epic or the plan cannot be used, or has been run already; or who was
            asked for a plan is not configured.
        Busy: another coordinator works on this epic.
        Interrupted: `cancel` was set.
    """
    commit = resolve_commit(workspace.place.context, request.base)
    tree = read_base(workspace, commit, epic_file=_file_of(workspace, request))
    drafted = _draft(workspace, request, tree, _Company(tell=tell, cancel=cancel, env=env))
    require_no_links(drafted.plan, tree.links, source=request.source)
    epic_id = _require_id(request, drafted.plan.epic_id)
    _require_not_run(workspace, epic_id)
    plan, notes = resolve_plan(
        drafted.plan,
        epic_id=epic_id,
        paths=tree.paths,
        base=Base(ref=_base_name(workspace, request.base), commit=commit),
        target=head_branch(workspace.place),
        planner=drafted.planner,
        planner_note=drafted.note,
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        default_validation=workspace.config.checks.commands,
    )
    return write_plan(workspace, plan, drafted.notes.plus(notes))


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
    tree = read_base(workspace, old.base.commit)
    require_no_links(drafted, tree.links, source=f"{epic_id}.yaml")
    plan, notes = resolve_plan(
        drafted,
        epic_id=epic_id,
        paths=tree.paths,
        base=old.base,
        target=old.target,
        planner_note=old.planner_note,
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
        clear_planning(workspace, plan.epic_id, trash_id=f"plan-{plan.epic_id}")
        write_document(workspace.layout.notes(plan.epic_id), notes)
        write_document(path, plan)
    return Planned(plan=plan, notes=notes, path=path)


def _draft(
    workspace: Workspace, request: PlanRequest, tree: BaseTree, company: _Company
) -> Drafted:
    if request.hand_written is not None:
        plan = parse_plan_file(request.hand_written, name=request.source)
        return Drafted(plan=plan, notes=PlanningNotes(), planner="file")
    if request.epic is None or not request.epic.text.strip():
        raise InvalidInput(
            "the epic is empty", hint="write what is asked, and which parts it concerns"
        )
    kind = request.planner or PlannerKind(workspace.config.planner.default)
    if kind is PlannerKind.STATIC:
        plan, notes = split_corpus(
            request.epic.text, tree.corpus, paths=tree.own_paths, rules=workspace.config.domain
        )
        drafted = Drafted(plan=plan, notes=notes, planner=kind.value)
    else:
        epic_id = _require_id(request, None)
        _require_not_run(workspace, epic_id)
        drafted = draft_plan(
            workspace,
            _planner(workspace, kind, epic_id, tree, company),
            tree,
            DraftRequest(
                epic_text=request.epic.text,
                plan_id=f"plan-{epic_id}-{secrets.token_hex(4)}",
                use=request.cache,
                tell=company.tell,
                cancel=company.cancel,
            ),
        )
    title = drafted.plan.title or request.epic.title
    return replace(drafted, plan=replace(drafted.plan, title=title, epic_id=request.epic.epic_id))


def _planner(
    workspace: Workspace, kind: PlannerKind, epic_id: str, tree: BaseTree, company: _Company
) -> Planner:
    if kind is PlannerKind.MODEL:
        env = model_environment() if company.env is None else company.env
        return model_planner(workspace.config.planner, env)
    return agent_planner(workspace, epic_id=epic_id, commit=tree.commit, cancel=company.cancel)


def _file_of(workspace: Workspace, request: PlanRequest) -> str | None:
    """Return the path of the epic where it is a file of the repository."""
    file = request.epic.file if request.epic is not None else None
    if file is None or not file.is_relative_to(workspace.layout.top):
        return None
    return file.relative_to(workspace.layout.top).as_posix()


def _require_id(request: PlanRequest, written: str | None) -> str:
    epic_id = request.epic_id or written
    if epic_id is None and request.epic is not None:
        epic_id = request.epic.epic_id
    if epic_id is None:
        raise InvalidInput("the epic has no id", hint="name it: --id add-auth")
    return check_epic_id(epic_id)


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
