"""Builds trains of made-up branches through the library, for benchmarks of merging."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.histories import Branches
from ropewalk.checks.exact import ExactTrees
from ropewalk.git.command import Identity
from ropewalk.git.repository import find_place
from ropewalk.merging.lay import nobody
from ropewalk.merging.outset import outset
from ropewalk.merging.train import build_train, pin
from ropewalk.merging.values import MergeInput, MergeOptions, MergeTools, Train
from ropewalk.model.config import WorktreeConfig
from ropewalk.model.plan import Base, Decision, Domain, Mode, Plan
from ropewalk.model.result import (
    AgentIdentity,
    DomainResult,
    DomainStatus,
    FileChanges,
    TokenUsage,
)
from ropewalk.model.values import JsonObject
from ropewalk.store.paths import Layout

DATE = 1_700_000_000
IDENTITY = Identity(name="Bench", email="bench@localhost")
_EPIC = "bench"


def given_of(root: Path, branches: Branches) -> MergeInput:
    """Return the input of a merge of all branches onto ``main``; domain ``d000`` is the first."""
    names = [f"d{number:03}" for number in range(len(branches.heads))]
    return MergeInput(
        epic_id=_EPIC,
        run_id="run",
        plan=_plan(names, branches.base),
        results=tuple(
            _result(root, name, branches.base, head)
            for name, head in zip(names, branches.heads, strict=True)
        ),
        target="refs/heads/main",
        target_commit=branches.base,
        date=DATE,
        options=MergeOptions(unchecked=True),
    )


def tools_of(root: Path) -> MergeTools:
    """Return what a merge works with; nothing is journalled and no check runs."""
    place = find_place(root)
    layout = Layout(
        top=place.top, common_dir=place.common_dir, worktree_root=place.top / ".worktrees"
    )
    return MergeTools(
        place=place,
        layout=layout,
        note=_no_note,
        checks=ExactTrees(place, layout, _EPIC, worktree=WorktreeConfig(), timeout_s=30.0),
        identity=IDENTITY,
        log=lambda name: layout.run("run") / name,
    )


def pin_heads(root: Path, given: MergeInput) -> None:
    """Put a ref on every head, as collecting the work of a domain does."""
    lines = [
        f"create refs/ropewalk/{given.epic_id}/head/{result.domain} {result.head}\n"
        for result in given.results
    ]
    argv = ("git", "update-ref", "--stdin")
    subprocess.run(argv, cwd=root, input="".join(lines).encode(), check=True)


def build(given: MergeInput, tools: MergeTools) -> Train:
    """Build the train and pin it, as a merge does before the checks."""
    with outset(given, tools) as at:
        built = build_train(given, tools, at, resolve=nobody)
    pin(given, tools, built.train, present=built.refs)
    return built.train


def _no_note(type_: str, data: JsonObject, *, sync: bool = False) -> None:
    del type_, data, sync


def _plan(names: Sequence[str], base: str) -> Plan:
    return Plan(
        epic_id=_EPIC,
        title="Benchmark",
        description="",
        base=Base(ref="main", commit=base),
        target="refs/heads/main",
        planner="file",
        created_at="2025-01-02T03:04:05Z",
        decision=Decision(
            mode=Mode.PARALLEL,
            reasons=(),
            files=len(names),
            domains=len(names),
            overlap_percent=0.0,
            expected_speedup=None,
            critical_path=(),
        ),
        domains=tuple(Domain(name=name, description="") for name in names),
        overlaps=(),
        merge_order=(),
        validation=(),
        plan_hash="0" * 64,
    )


def _result(root: Path, name: str, base: str, head: str) -> DomainResult:
    return DomainResult(
        epic_id=_EPIC,
        run_id="run",
        domain=name,
        status=DomainStatus.SUCCESS,
        reason=None,
        placeholder=False,
        agent=AgentIdentity(name="bench"),
        attempts=(),
        worktree=str(root / ".worktrees" / name),
        branch=None,
        base=base,
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
