"""Sixteen worktrees of 500 files: all at once, beside serial ``git worktree add`` and ``cp -r``."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import (
    Finding,
    benchmark,
    git,
    make_repository,
    ratio,
    report,
    scratch,
    worktree_add_s,
)
from ropewalk.git.repository import Place, find_place
from ropewalk.git.worktree import WorktreeRequest, add_worktrees, discard_new_worktree

COUNT = 16
FILES = 500
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Seconds of each round, each way, in the same order."""

    ours: tuple[float, ...]
    git_serial: tuple[float, ...]
    copies: tuple[float, ...]


def findings(rounds: Rounds) -> tuple[Finding, ...]:
    """Return our way as the median ratio to both others."""
    what = f"{COUNT} worktrees of {FILES} files, verified"
    plain = "serial git worktree add"
    return (
        Finding(what=what, against=plain, measured=ratio(rounds.ours, rounds.git_serial), goal=1.1),
        Finding(
            what=what, against="serial cp -r", measured=ratio(rounds.ours, rounds.copies), goal=1.2
        ),
        Finding(
            what=plain, against="serial cp -r", measured=ratio(rounds.git_serial, rounds.copies)
        ),
    )


def _ours(place: Place, commit: str, folder: Path) -> float:
    paths = [folder / f"o{number}" for number in range(COUNT)]
    wanted = [WorktreeRequest(path=path, commit=commit, reason="bench") for path in paths]
    started = time.perf_counter()
    add_worktrees(place, wanted)
    took = time.perf_counter() - started
    for path in paths:
        discard_new_worktree(place, path, is_ours=lambda _: True)
    return took


def _copies(source: Path, folder: Path) -> float:
    started = time.perf_counter()
    for number in range(COUNT):
        subprocess.run(["cp", "-r", str(source), str(folder / f"c{number}")], check=True)
    took = time.perf_counter() - started
    for number in range(COUNT):
        shutil.rmtree(folder / f"c{number}")
    return took


def measured_in(folder: Path) -> Rounds:
    """Measure all ways in turn, several times."""
    repository = make_repository(folder / "repository", folders=20, files=FILES)
    place, commit = find_place(repository), git(repository, "rev-parse", "HEAD")
    source = folder / "source"
    shutil.copytree(repository, source, ignore=lambda _, names: {".git"} & set(names))
    figures: list[Sequence[float]] = [
        (
            _ours(place, commit, folder),
            worktree_add_s(repository, COUNT, folder),
            _copies(source, folder),
        )
        for _ in range(ROUNDS)
    ]
    ours, serial, copies = (tuple(column) for column in zip(*figures, strict=True))
    return Rounds(ours=ours, git_serial=serial, copies=copies)


def measure() -> None:
    """Measure and report."""
    with scratch() as folder:
        rounds = measured_in(folder)
    report("worktrees", findings(rounds), figures=asdict(rounds))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
