"""Which of 200 domains do not merge with each other: our matrix, beside trying every pair.

All pairs are tried in the fastest way that git has, one process for many merges, on as many CPUs as
our side uses. Both must find the same pairs. The domains touch about ten paths each, a few of them
the same, as in the figures that the goal comes from.
"""

import os
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

from benchmarks.histories import Branches, Tree, changed, make_tree, write_branches
from benchmarks.measure import CannotMeasureError, Finding, benchmark, report, scratch
from ropewalk.git.command import GitContext
from ropewalk.git.merge_batch import merge_pairs
from ropewalk.git.own import own_context, quarantined
from ropewalk.git.repository import find_place
from ropewalk.merging.footprint import survey
from ropewalk.merging.matrix import matrix
from ropewalk.model.merge import Matrix

DOMAINS = (10, 50, 200)
FILES = 680
GOALS = {200: 1 / 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Seconds of both ways, and what was found."""

    domains: int
    ours_s: float
    all_pairs_s: float
    pairs: int
    candidates: int
    conflicts: int


def findings(compared: Sequence[Compared]) -> tuple[Finding, ...]:
    """Return our time as a part of that of all pairs."""
    return tuple(
        Finding(
            what=f"matrix of {one.domains} domains",
            against=f"all {one.pairs:,} pairs, merge-tree --stdin",
            measured=one.ours_s / one.all_pairs_s,
            goal=GOALS.get(one.domains),
        )
        for one in compared
    )


def notes(compared: Sequence[Compared]) -> tuple[str, ...]:
    """Say how many pairs were tried and how many conflict."""
    return tuple(
        f"{one.domains} domains: {one.candidates:,} of {one.pairs:,} pairs tried,"
        f" {one.conflicts} conflicts, the same as among all pairs"
        for one in compared
    )


def branches_of(chance: random.Random, base: Tree, domains: int) -> list[Tree]:
    """Return what each domain makes of the base: most in one folder, a change now and then
    elsewhere."""
    folders = sorted({path.split(b"/")[0] + b"/" for path in base})
    trees = []
    for number in range(domains):
        tree = changed(chance, base, f"b{number}", times=8, below=chance.choice(folders))
        trees.append(changed(chance, tree, f"x{number}", times=chance.random() < 0.2))
    return trees


def _ours(context: GitContext, branches: Branches) -> tuple[float, Matrix]:
    heads = {f"d{number:03}": head for number, head in enumerate(branches.heads)}
    started = time.perf_counter()
    with quarantined(context) as apart:
        works = survey(apart, base=branches.base, heads=heads).works
        found = matrix(apart, heads, footprints=works)
    return time.perf_counter() - started, found


def _all_pairs(context: GitContext, branches: Branches) -> tuple[float, set[tuple[str, str]]]:
    names = {head: f"d{number:03}" for number, head in enumerate(branches.heads)}
    pairs = list(combinations(branches.heads, 2))
    workers = os.cpu_count() or 1
    shares = [pairs[number::workers] for number in range(workers)]
    started = time.perf_counter()
    with quarantined(context) as apart, ThreadPoolExecutor(max_workers=workers) as pool:
        verdicts = list(pool.map(lambda share: merge_pairs(apart, share), shares))
    took = time.perf_counter() - started
    return took, {
        (names[a], names[b])
        for share, clean in zip(shares, verdicts, strict=True)
        for (a, b), verdict in zip(share, clean, strict=True)
        if verdict is None or not verdict.is_clean
    }


def compared_in(folder: Path, domains: int) -> Compared:
    """Measure both ways on one repository and compare what they find."""
    chance = random.Random(domains)
    base = make_tree(chance, folders=68, files=FILES)
    branches = write_branches(folder / f"r{domains}", base, branches_of(chance, base, domains))
    context = own_context(find_place(folder / f"r{domains}"))
    ours_s, found = _ours(context, branches)
    all_pairs_s, expected = _all_pairs(context, branches)
    if {(one.a, one.b) for one in found.conflicts} != expected:
        raise CannotMeasureError("the matrix is not that of all pairs")
    return Compared(
        domains=domains,
        ours_s=ours_s,
        all_pairs_s=all_pairs_s,
        pairs=found.pairs,
        candidates=found.candidates,
        conflicts=len(found.conflicts),
    )


def measure() -> None:
    """Measure and report."""
    with scratch() as folder:
        compared = [compared_in(folder, domains) for domains in DOMAINS]
    figures = {str(one.domains): asdict(one) for one in compared}
    report("matrix", findings(compared), figures=figures, notes=notes(compared))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
