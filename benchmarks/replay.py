"""Merges again what a repository has merged, to see whether the filter ever misses a conflict.

``python -m benchmarks.replay REPO`` takes the merge commits of a repository's history; with
``--points N`` also N times three points of it, the middle one as the base of the other two.
``--generate N`` makes N repositories with every kind of change and takes all pairs of branches, so
that every kind of conflict occurs. For each pair of parents git's own ``merge`` in a worktree says
whether they merge and to which tree. Ours must say the same, and the filter must not have skipped
a pair that conflicts. Nothing is written into REPO.
"""

import argparse
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from benchmarks.histories import changed, make_tree, write_branches
from benchmarks.measure import CannotMeasureError, benchmark, git, scratch
from ropewalk.git.command import GitContext, run
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.own import quarantined
from ropewalk.git.repository import find_place
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.footprint import may_clash, survey
from ropewalk.model.conflict import ConflictKind

_BRANCHES = 6


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was seen; ``wrong`` has a sentence for each answer that is not git's."""

    merges: int = 0
    conflicts: int = 0
    skipped: int = 0
    several_bases: int = 0
    ours_alone: int = 0
    given_up: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the counts as lines of text."""
        rows = (
            ("merges replayed", self.merges, f"{self.several_bases} with several bases"),
            ("clean", self.merges - self.conflicts, f"the filter skipped {self.skipped} of them"),
            ("conflicts", self.conflicts, f"the filter missed {self.missed} of them"),
            ("names alike but for case", self.ours_alone, "clean for git, a conflict for us"),
            ("git merge gave up", self.given_up, "counted as conflicts"),
            ("answers unlike git merge", len(self.wrong), ""),
        )
        yield from (f"{what:<25} {count:6}  {more}".rstrip() for what, count, more in rows)
        for kind, count in sorted(self.kinds.items()):
            yield f"  {kind:<23} {count:6}"

    @property
    def missed(self) -> int:
        """How many conflicts the filter skipped."""
        return sum(sentence.startswith("missed") for sentence in self.wrong)


def replay(clone: Path, pairs: Sequence[tuple[str, str]], tally: Tally) -> None:
    """Merge each pair of commits in both ways and count; ``clone`` is written into."""
    place = find_place(clone)
    for ours, theirs in pairs:
        with merging_context(place, ours) as context, quarantined(context) as apart:
            merged = merge_tree(apart, ours, theirs)
            skips = _skips(apart, ours, theirs, tally)
            expected = _git_merge(clone, ours, theirs, tally)
            _count(tally, f"{ours[:12]} {theirs[:12]}", merged, expected, skips=skips)


def cloned(root: Path, folder: Path) -> Path:
    """Return a clone that shares the objects of a repository and nothing else."""
    git(folder, "clone", "-q", "--shared", "--no-checkout", str(root), "clone")
    return folder / "clone"


def _skips(context: GitContext, ours: str, theirs: str, tally: Tally) -> bool:
    """Whether the filter says that two commits cannot clash; with several bases it does not."""
    bases = run(context, "merge-base", "--all", ours, theirs, allowed=(0, 1)).text.split()
    if len(bases) != 1:
        tally.several_bases += 1
        return False
    works = survey(context, base=bases[0], heads={"ours": ours, "theirs": theirs}).works
    return not may_clash(works["ours"], works["theirs"])


def _git_merge(clone: Path, ours: str, theirs: str, tally: Tally) -> str | None:
    """Return the tree that ``git merge`` makes in a worktree, None for a conflict."""
    git(clone, "checkout", "-q", "--force", "--detach", ours)
    git(clone, "clean", "-fdxq")
    options = ("-c", "merge.directoryRenames=conflict", "-c", "user.name=R", "-c", "user.email=r@x")
    argv = ("git", *options, "merge", "-q", "--no-ff", "--no-verify", "-m", "replay", theirs)
    ended = subprocess.run(argv, cwd=clone, check=False, capture_output=True)
    if ended.returncode == 0:
        return git(clone, "rev-parse", "HEAD^{tree}")
    if ended.returncode < 0:
        tally.given_up += 1
        (clone / ".git" / "index.lock").unlink(missing_ok=True)
    git(clone, "reset", "-q", "--hard", ours)
    return None


def _count(
    tally: Tally, name: str, merged: MergedTree, expected: str | None, *, skips: bool
) -> None:
    tally.merges += 1
    is_case_alone = bool(merged.paths) and all(
        path.kind is ConflictKind.CASE_CLASH for path in merged.paths
    )
    if is_case_alone and merged.tree == expected:
        tally.ours_alone += 1
    elif expected != (merged.tree if merged.is_clean else None):
        tally.wrong.append(f"unlike: {name}: git {expected}, we {merged.tree} {merged.is_clean}")
    if merged.is_clean:
        tally.skipped += skips
        return
    tally.conflicts += 1
    tally.kinds.update({str(path.kind) for path in merged.paths})
    if skips:
        tally.wrong.append(f"missed: {name}: {sorted({str(path.kind) for path in merged.paths})}")


def recorded_merges(root: Path, limit: int) -> list[tuple[str, str]]:
    """Return the parents of the newest merges of two in all branches of a repository."""
    listing = git(root, "rev-list", "--all", "--merges", "--parents", f"--max-count={limit}")
    lines = (line.split() for line in listing.splitlines())
    return [(parents[0], parents[1]) for _commit, *parents in lines if len(parents) == 2]


def points(clone: Path, count: int) -> list[tuple[str, str]]:
    """Return pairs of commits made of an older and a newer point of the history.

    Their only parent is a point between the two, so one side takes back what the other goes on
    from: real files, real changes, and conflicts where both touch the same lines.
    """
    chance = random.Random(count)
    history = git(clone, "rev-list", "--first-parent", "HEAD").split()
    pairs = []
    for _ in range(count if len(history) > 2 else 0):
        newer, base, older = sorted(chance.sample(range(len(history)), 3))
        sides = [
            git(clone, "commit-tree", "-p", history[base], "-m", "side", f"{history[at]}^{{tree}}")
            for at in (newer, older)
        ]
        pairs.append((sides[0], sides[1]))
    return pairs


def replay_generated(folder: Path, count: int, tally: Tally) -> None:
    """Replay all pairs of branches of ``count`` repositories that are made up."""
    for seed in range(count):
        chance = random.Random(seed)
        base = make_tree(chance, folders=4, files=12)
        times = chance.randint(1, 6)
        trees = [changed(chance, base, f"b{n}", times=times) for n in range(_BRANCHES)]
        inside = folder / f"generated-{seed}"
        inside.mkdir()
        branches = write_branches(inside / "r", base, trees)
        replay(inside / "r", list(combinations(branches.heads, 2)), tally)


def main(arguments: Sequence[str]) -> int:
    """Replay and print; 1 where an answer is wrong."""
    parser = argparse.ArgumentParser(prog="benchmarks.replay", description=__doc__)
    parser.add_argument("repository", nargs="?", type=Path, help="whose merges are replayed")
    parser.add_argument("--generate", type=int, default=0, metavar="N", help="make N repositories")
    parser.add_argument("--limit", type=int, default=1000, help="newest merges of REPO to take")
    parser.add_argument("--points", type=int, default=0, metavar="N", help="points of its history")
    given = parser.parse_args(arguments)
    tally = Tally()

    def measure() -> None:
        if given.repository is None and not given.generate:
            raise CannotMeasureError("name a repository, or say --generate N")
        with scratch() as folder:
            replay_generated(folder, given.generate, tally)
            if given.repository is not None:
                clone = cloned(given.repository.resolve(), folder)
                pairs = recorded_merges(clone, given.limit)
                replay(clone, [*pairs, *points(clone, given.points)], tally)

    code = benchmark(measure)
    print("\n".join((*tally.lines(), *tally.wrong)))
    return 1 if tally.wrong else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
