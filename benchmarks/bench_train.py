"""Many domains into one train, beside ``git merge`` in a worktree, one after another.

Both start from the same heads and give the same commits: every id is compared. Our side includes
everything that a merge does before checks: the matrix, the train, the objects brought out of the
quarantine, and the refs. The time of making the worktree is not counted for git.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.histories import Branches, File, Tree, changed, make_tree, write_branches
from benchmarks.measure import CannotMeasureError, Finding, benchmark, git, ratio, report, scratch
from benchmarks.trains import DATE, IDENTITY, build, given_of, pin_heads, tools_of
from ropewalk.merging.values import Train

ROUNDS = 7
FILES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How many domains, whether they touch the same files, and how fast we want to be."""

    name: str
    domains: int
    shared: bool
    goal: float | None


CASES = (
    Case(name="200 path-disjoint domains", domains=200, shared=False, goal=1 / 40),
    Case(name="50 path-disjoint domains", domains=50, shared=False, goal=1 / 40),
    Case(name="10 path-disjoint domains", domains=10, shared=False, goal=None),
    Case(name="50 overlapping domains", domains=50, shared=True, goal=1 / 2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Seconds of each round, ours and git's, in the same order."""

    case: Case
    ours: tuple[float, ...]
    git_merge: tuple[float, ...]


def findings(measured: Sequence[Rounds]) -> tuple[Finding, ...]:
    """Return our time as a part of git's, for each case."""
    return tuple(
        Finding(
            what=f"{one.case.name}, {FILES:,} files",
            against="git merge in a worktree",
            measured=ratio(one.ours, one.git_merge),
            goal=one.case.goal,
        )
        for one in measured
    )


def notes(measured: Sequence[Rounds]) -> tuple[str, ...]:
    """Say the same the other way round: how many times faster."""
    return tuple(
        f"{one.case.name}: {ratio(one.git_merge, one.ours):.1f} times faster, equal commits"
        for one in measured
    )


def branches_of(case: Case, base: Tree) -> list[Tree]:
    """Return what each domain makes of the base: ten changes in a folder of its own, or shared."""
    chance = random.Random(case.domains)
    if not case.shared:
        return [
            changed(chance, base, f"b{number}", times=10, below=f"d{number}/".encode())
            for number in range(case.domains)
        ]
    return [_overlapping(base, number) for number in range(case.domains)]


def _overlapping(base: Tree, number: int) -> Tree:
    """Change a line of its own in each of ten files that others change, too."""
    tree = dict(base)
    paths = sorted(path for path in base if path.endswith(b".txt"))
    for step in range(10):
        path = paths[(number // 5) * 20 + step]
        lines = tree[path].content.split(b"\n")
        lines[(number % 5) * 6 + 1] = f"domain {number}".encode()
        tree[path] = File(mode=tree[path].mode, content=b"\n".join(lines))
    return tree


def _ours(root: Path, branches: Branches) -> tuple[float, Train]:
    given, tools = given_of(root, branches), tools_of(root)
    pin_heads(root, given)
    started = time.perf_counter()
    train = build(given, tools)
    return time.perf_counter() - started, train


def _git(root: Path, train: Train, folder: Path) -> float:
    git(root, "worktree", "add", "-q", "--detach", str(folder), train.base)
    messages = [
        git(root, "cat-file", "commit", str(step.commit)).partition("\n\n")[2]
        for step in train.steps
    ]
    took = 0.0
    for number, (step, message) in enumerate(zip(train.steps, messages, strict=True)):
        took += _merge(folder, step.parents[1], message, number)
        if git(folder, "rev-parse", "HEAD") != step.commit:
            raise CannotMeasureError(f"git merge gives another commit for {step.name}")
    git(root, "worktree", "remove", "--force", str(folder))
    return took


def _merge(folder: Path, head: str, message: str, number: int) -> float:
    facts = {"NAME": IDENTITY.name, "EMAIL": IDENTITY.email, "DATE": f"{DATE + number} +0000"}
    env = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in facts.items()}
    text = folder.with_name("message")
    text.write_text(f"{message}\n", encoding="utf-8")
    argv = ("git", "merge", "-q", "--no-ff", "--cleanup=verbatim", "-F", str(text), head)
    started = time.perf_counter()
    ended = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **env},
        check=False,
        capture_output=True,
    )
    took = time.perf_counter() - started
    if ended.returncode != 0:
        raise CannotMeasureError(f"git merge: {ended.stderr.decode(errors='replace')}")
    return took


def measured_in(folder: Path, case: Case) -> Rounds:
    """Measure both ways in turn, several times, each on a repository of its own."""
    base = make_tree(random.Random(1), folders=200, files=FILES)
    trees = branches_of(case, base)
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(ROUNDS):
        root = folder / f"{case.domains}-{case.shared}-{number}"
        branches = write_branches(root, base, trees)
        took, train = _ours(root, branches)
        if len(train.steps) != case.domains:
            raise CannotMeasureError(f"{len(train.steps)} of {case.domains} domains were merged")
        ours.append(took)
        theirs.append(_git(root, train, folder / "worktree"))
    return Rounds(case=case, ours=tuple(ours), git_merge=tuple(theirs))


def measure() -> None:
    """Measure and report."""
    with scratch() as folder:
        measured = [measured_in(folder, case) for case in CASES]
    figures = {one.case.name: asdict(one) for one in measured}
    report("train", findings(measured), figures=figures, notes=notes(measured))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
