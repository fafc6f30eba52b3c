"""Setting a repository up: what is found becomes its configuration; nothing is overwritten."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path, PurePosixPath

from ropewalk.agents.briefings import kind_of_files, list_briefings
from ropewalk.agents.survey import Surveyed, find_programs, survey
from ropewalk.checks.detect import detect_checks
from ropewalk.epic.templates import Found, FoundAgent, config_text
from ropewalk.epic.workspace import Workspace
from ropewalk.git.own import own_context
from ropewalk.git.refs import resolve_commit
from ropewalk.git.trees import list_tree
from ropewalk.model.config import DomainRule
from ropewalk.model.values import Value
from ropewalk.store.files import write_atomic

# A first run of some programs takes long; one that has not answered is proposed all the same.
_PATIENCE_S = 8.0
_KIND_ORDER = ("database", "backend", "frontend", "docs", "tests")
_CONTAINERS = ("src", "lib", "app", "packages")
_FEWEST_RULES = 2


class FileAction(StrEnum):
    """What became of a file."""

    WRITTEN = "written"
    WOULD_WRITE = "would_write"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitFile(Value):
    """A file of the configuration, relative to the top of the repository."""

    path: str
    action: FileAction


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReport(Value):
    """What was found and written; ``agents`` are the names of the programs that are installed.

    Those that ``unusable`` names cannot be driven here as they are.
    """

    dry_run: bool
    files: tuple[InitFile, ...]
    agents: tuple[str, ...]
    agent: str | None
    checks: tuple[str, ...]
    domains: tuple[str, ...]
    excludes: tuple[str, ...]
    next_commands: tuple[str, ...]
    unusable: tuple[str, ...] = ()
    schema_version: int = 1


def initialise(
    workspace: Workspace, *, env: Mapping[str, str], dry_run: bool = False
) -> InitReport:
    """Write ropewalk.toml, the briefings and the excludes; what exists is left alone.

    Args:
        workspace: the repository.
        env: where ``PATH`` says which agents are installed.
        dry_run: only say what would be written.

    Raises:
        StorageError: the disk refused.
    """
    found = find_out(workspace, env)
    layout = workspace.layout
    texts = {layout.config(): config_text(found)}
    shipped = resources.files("ropewalk.agents") / "briefings"
    for name in list_briefings(None):
        text = (shipped / f"{name}.md").read_text(encoding="utf-8")
        texts[layout.briefings() / f"{name}.md"] = text
    files = tuple(
        InitFile(path=workspace.relative(path), action=_write(path, text, dry_run=dry_run))
        for path, text in texts.items()
    )
    if not dry_run:
        workspace.prepare_folders()
    usable = [agent.name for agent in found.agents if agent.usable]
    return InitReport(
        dry_run=dry_run,
        files=files,
        agents=tuple(agent.name for agent in found.agents),
        agent=workspace.config.run.agent or next(iter(usable), None),
        checks=found.checks,
        domains=tuple(rule.name for rule in found.rules),
        excludes=layout.excludes,
        next_commands=("ropewalk doctor", "ropewalk plan EPIC.md"),
        unusable=tuple(agent.name for agent in found.agents if not agent.usable),
    )


def find_out(workspace: Workspace, env: Mapping[str, str]) -> Found:
    """Return what the repository and the machine tell: agents, checks, kinds of folders."""
    return Found(
        agents=tuple(map(_found, survey(find_programs(env), env, patience_s=_PATIENCE_S))),
        checks=detect_checks(workspace.place.top),
        rules=propose_rules(_paths(workspace)),
    )


def propose_rules(paths: Iterable[str]) -> tuple[DomainRule, ...]:
    """Return one rule for each kind of folder; none when all folders are of one kind.

    A folder such as ``src`` is looked into, because it says nothing about its content.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder = _telling_folder(path)
        if folder is not None:
            by_folder[folder].append(path)
    by_kind: dict[str, list[str]] = defaultdict(list)
    for folder, inside in sorted(by_folder.items()):
        by_kind[kind_of_files(inside)].append(f"{folder}/**")
    rules = tuple(
        DomainRule(name=kind, files=tuple(by_kind[kind]), briefing=kind)
        for kind in _KIND_ORDER
        if by_kind.get(kind)
    )
    return rules if len(rules) >= _FEWEST_RULES else ()


def _telling_folder(path: str) -> str | None:
    folders = PurePosixPath(path).parts[:-1]
    if not folders or folders[0].startswith(".") or set(path) & set("*?[]!\\\ufffd"):
        return None
    depth = 2 if folders[0] in _CONTAINERS and len(folders) > 1 else 1
    return "/".join(folders[:depth])


def _paths(workspace: Workspace) -> list[str]:
    own = own_context(workspace.place)
    commit = resolve_commit(workspace.place.context, "HEAD")
    return [entry.path for entry in list_tree(own, commit) if _is_text(entry.path)]


def _is_text(path: str) -> bool:
    return path.isprintable()


def _found(one: Surveyed) -> FoundAgent:
    info = one.info
    return FoundAgent(
        name=info.name,
        program=info.path or info.name,
        usable=info.usable,
        version=info.version,
        problem=info.problem,
        allowed=info.allowed,
    )


def _write(path: Path, text: str, *, dry_run: bool) -> FileAction:
    if path.exists() or path.is_symlink():
        return FileAction.KEPT
    if dry_run:
        return FileAction.WOULD_WRITE
    write_atomic(path, text.encode())
    return FileAction.WRITTEN
