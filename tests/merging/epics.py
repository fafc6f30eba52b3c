"""Epics for tests of merging: real commits for domains, and the tools to merge them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ropewalk.checks.exact import ExactTrees
from ropewalk.engine.cache import Cache
from ropewalk.git.command import Identity
from ropewalk.git.repository import find_place
from ropewalk.merging.merge import merge
from ropewalk.merging.values import Fixer, MergeInput, MergeOptions, MergeTools, Resolver
from ropewalk.model.config import Hooks, WorktreeConfig
from ropewalk.model.merge import MergedDomain, MergeReport
from ropewalk.model.plan import Base, Decision, Domain, Mode, Plan
from ropewalk.model.result import (
    AgentIdentity,
    DomainResult,
    DomainStatus,
    FileChanges,
    Reason,
    TokenUsage,
)
from ropewalk.model.values import JsonObject
from ropewalk.store.paths import Layout
from tests.conftest import run_git

EPIC = "add-auth"
TARGET = "refs/heads/main"
DATE = 1_700_000_000
Change = Callable[[Path], None]


@dataclass
class Journal:
    """Events in memory."""

    events: list[tuple[str, JsonObject, bool]] = field(default_factory=list)

    def __call__(self, type_: str, data: JsonObject, *, sync: bool = False) -> None:
        self.events.append((type_, data, sync))

    def types(self) -> list[str]:
        return [type_ for type_, _data, _sync in self.events]


class Epic:
    """An epic on a repository; domains are made commit by commit."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.scratch = scratch
        self.place = find_place(root)
        self.layout = Layout(
            top=self.place.top,
            common_dir=self.place.common_dir,
            worktree_root=self.place.top / ".worktrees",
        )
        self.base = run_git(root, "rev-parse", "HEAD")
        self.domains: list[Domain] = []
        self.results: list[DomainResult] = []
        self.heads: dict[str, str] = {}
        self.journal = Journal()
        self.validation: tuple[str, ...] = ()
        self.timeout_s = 30.0
        self.cache: Cache | None = None
        exclude = root / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text("/.worktrees/\n/.workflow/\n", encoding="utf-8")

    def commit(self, change: Mapping[str, str | None] | Change, *, on: str | None = None) -> str:
        """Commit a change on top of a commit, away from the checkout."""
        tree = self.scratch / "tree"
        run_git(self.root, "worktree", "add", "--quiet", "--detach", str(tree), on or self.base)
        if callable(change):
            change(tree)
        else:
            write(tree, change)
        run_git(tree, "add", "--all", "--force")
        run_git(tree, "commit", "--quiet", "--allow-empty", "--message=work")
        head = run_git(tree, "rev-parse", "HEAD")
        run_git(self.root, "worktree", "remove", "--force", str(tree))
        return head

    def domain(
        self,
        name: str,
        change: Mapping[str, str | None] | Change | None,
        *,
        on: str | None = None,
        depends_on: tuple[str, ...] = (),
        checks: tuple[str, ...] = (),
        status: DomainStatus = DomainStatus.SUCCESS,
        reason: Reason | None = None,
        head: str | None = None,
    ) -> str:
        """Add a domain whose work is ``change``, or the commit ``head``."""
        oid = head or (self.commit(change, on=on) if change is not None else self.base)
        self.heads[name] = oid
        run_git(self.root, "update-ref", f"refs/ropewalk/{EPIC}/head/{name}", oid)
        self.domains.append(
            Domain(name=name, description=f"work of {name}", depends_on=depends_on, checks=checks)
        )
        self.results.append(self._result(name, oid, status, reason))
        return oid

    def given(self, *, configured: tuple[str, ...] = (), **options: object) -> MergeInput:
        """Return the input of a merge with ``options``."""
        options = {"unchecked": True, "hooks": Hooks.SKIP, **options}
        return MergeInput(
            epic_id=EPIC,
            run_id="run-1",
            plan=self.plan(),
            results=tuple(self.results),
            target=TARGET,
            target_commit=run_git(self.root, "rev-parse", TARGET),
            date=DATE,
            options=MergeOptions(**options),  # type: ignore[arg-type]
            configured_checks=configured,
        )

    def plan(self) -> Plan:
        """Return the plan of the domains so far."""
        return Plan(
            epic_id=EPIC,
            title="Add authentication",
            description="",
            base=Base(ref="main", commit=self.base),
            target=TARGET,
            planner="file",
            created_at="2025-01-02T03:04:05Z",
            decision=Decision(
                mode=Mode.PARALLEL,
                reasons=(),
                files=9,
                domains=len(self.domains),
                overlap_percent=0.0,
                expected_speedup=None,
                critical_path=(),
            ),
            domains=tuple(self.domains),
            overlaps=(),
            merge_order=(),
            validation=self.validation,
            plan_hash="0" * 64,
        )

    def tools(self, *, resolver: Resolver | None = None, fixer: Fixer | None = None) -> MergeTools:
        """Return the tools of a merge."""
        logs = self.layout.run("run-1") / "logs"
        return MergeTools(
            place=self.place,
            layout=self.layout,
            note=self.journal,
            checks=ExactTrees(
                self.place,
                self.layout,
                EPIC,
                worktree=WorktreeConfig(),
                timeout_s=self.timeout_s,
                cache=self.cache,
            ),
            identity=Identity(name="Rope Walk", email="ropewalk@example.invalid"),
            log=lambda name: logs / f"{name}.log",
            cancel=threading.Event(),
            resolver=resolver,
            fixer=fixer,
        )

    def merge(
        self,
        *,
        given: MergeInput | None = None,
        resolver: Resolver | None = None,
        fixer: Fixer | None = None,
        configured: tuple[str, ...] = (),
        **options: object,
    ) -> MergeReport:
        """Merge the epic."""
        tools = self.tools(resolver=resolver, fixer=fixer)
        with tools.checks:
            return merge(given or self.given(configured=configured, **options), tools)

    def read(self, commit: str, path: str) -> str:
        """Return a file of a commit."""
        return run_git(self.root, "show", f"{commit}:{path}")

    def refs(self, prefix: str = f"refs/ropewalk/{EPIC}/") -> dict[str, str]:
        """Return refs by the part of their name behind ``prefix``."""
        listing = run_git(self.root, "for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.split(" ") for line in listing.splitlines())
        return {name.removeprefix(prefix): oid for name, oid in pairs}

    def tip(self) -> str:
        """Return where the target is."""
        return run_git(self.root, "rev-parse", TARGET)

    def status(self) -> str:
        """Return what differs in the checkout."""
        return run_git(self.root, "status", "--porcelain")

    def _result(
        self, name: str, head: str, status: DomainStatus, reason: Reason | None
    ) -> DomainResult:
        return DomainResult(
            epic_id=EPIC,
            run_id="run-1",
            domain=name,
            status=status,
            reason=reason,
            placeholder=False,
            agent=AgentIdentity(name="script"),
            attempts=(),
            worktree=str(self.layout.worktree(EPIC, name)),
            branch=None,
            base=self.base,
            head=head,
            commits=(),
            files=FileChanges(),
            insertions=0,
            deletions=0,
            outside_declared_files=(),
            sensitive_files=(),
            claimed={},
            mismatches=(),
            checks=(),
            usage=TokenUsage(),
            summary="",
        )


def write(tree: Path, files: Mapping[str, str | None]) -> None:
    """Write files; None deletes one."""
    for name, text in files.items():
        path = tree / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def entry(report: MergeReport, name: str) -> MergedDomain:
    """Return the entry of a domain."""
    return next(one for one in report.domains if one.name == name)


def statuses(report: MergeReport) -> dict[str, str]:
    """Return the status of each domain."""
    return {one.name: str(one.status) for one in report.domains}


def numbered(lines: int = 20, **changed: str) -> str:
    """Return a text of numbered lines in which ``line_<n>`` is something else."""
    return "".join(f"{changed.get(f'line_{n}', f'note {n}')}\n" for n in range(1, lines + 1))


def snapshot_folder(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the size and content of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
