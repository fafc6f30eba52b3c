"""Shared by all benchmarks: scratch repositories, CPU of children, tables, result files.

A benchmark measures pairs in one run and compares them, because machines differ and are shared: a
goal is always a ratio, never a time. A missed goal is said and is no failure; a benchmark fails
only when it could not measure. Files are made on a tmpfs where there is one, because the creation
of inodes on a disk would hide everything else.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ropewalk.errors import RopewalkError

RESULTS = Path(__file__).parent / "results"
_TMPFS = Path("/dev/shm")  # noqa: S108 - only folders with random names are made in it
_IDENTITY = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost")


class CannotMeasureError(Exception):
    """Something that is needed for a measurement is missing or failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One comparison: ``measured`` times what it is held against; lower is better."""

    what: str
    against: str
    measured: float
    goal: float | None = None
    unit: str = "x"

    @property
    def verdict(self) -> str:
        """Whether the goal is met, and by how much it is missed."""
        if self.goal is None:
            return "no goal"
        if self.measured <= self.goal:
            return "met"
        return f"missed: {self.measured / self.goal:.2f} times the goal"


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as lines of text, one a comparison."""
    rows = [("measured", "compared with", "value", "goal", "")]
    for one in findings:
        goal = "-" if one.goal is None else f"<= {one.goal:g} {one.unit}"
        rows.append((one.what, one.against, f"{one.measured:.2f} {one.unit}", goal, one.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def report(
    name: str,
    findings: Sequence[Finding],
    *,
    figures: Mapping[str, object],
    notes: Sequence[str] = (),
    folder: Path = RESULTS,
) -> Path:
    """Print the table and the notes, and write both with the raw figures as JSON."""
    print(table(findings))
    for note in notes:
        print(f"  {note}")
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "benchmark": name,
        "findings": [{**asdict(one), "verdict": one.verdict} for one in findings],
        "notes": list(notes),
        "figures": dict(figures),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def benchmark(measure: Callable[[], None]) -> int:
    """Run a benchmark; return 1 when it could not measure, else 0."""
    try:
        measure()
    except (CannotMeasureError, RopewalkError, OSError, subprocess.SubprocessError) as error:
        print(f"could not measure: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def scratch(*, on_disk: bool = False) -> Iterator[Path]:
    """Give a folder that is gone afterwards; on a tmpfs where there is one."""
    place = _TMPFS if _TMPFS.is_dir() and os.access(_TMPFS, os.W_OK) and not on_disk else None
    with tempfile.TemporaryDirectory(dir=place, prefix="ropewalk-bench-") as folder:
        yield Path(folder).resolve()


def git(cwd: Path, *arguments: str) -> str:
    """Run git as a person would; return its stdout."""
    argv = ("git", *_IDENTITY, *arguments)
    ended = subprocess.run(argv, cwd=cwd, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise CannotMeasureError(f"git {' '.join(arguments)}: {ended.stderr.strip()}")
    return ended.stdout.strip()


def make_repository(root: Path, *, folders: int, files: int) -> Path:
    """Make a repository of ``files`` files of about 1 KiB, spread over ``d0`` .. ``d<n-1>``."""
    for number in range(files):
        path = root / f"d{number % folders}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"value_{line} = {number * line}\n" for line in range(50))
        path.write_text("".join(lines), encoding="utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Bench")
    git(root, "config", "user.email", "bench@localhost")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    return root


def plan_text(epic_id: str, domains: int) -> bytes:
    """Return a hand-written plan: domain ``d<n>`` owns the folder of that name."""
    plan = {
        "epic_id": epic_id,
        "title": "Benchmark",
        "description": "Change every folder.",
        "domains": [
            {"name": f"d{n}", "description": f"Change folder {n}", "files": [f"d{n}/**"]}
            for n in range(domains)
        ],
        "validation": ["true"],
    }
    return json.dumps(plan).encode()


def worktree_add_s(repository: Path, count: int, folder: Path) -> float:
    """Return the wall seconds of ``count`` times ``git worktree add``, one after another."""
    started = time.perf_counter()
    for number in range(count):
        git(repository, "worktree", "add", "-q", "--detach", str(folder / f"w{number}"))
    took = time.perf_counter() - started
    for number in range(count):
        git(repository, "worktree", "remove", "--force", str(folder / f"w{number}"))
    return took


def cpu_of(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Run a program and return the CPU seconds of it and of all that it waited for."""
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=quiet, stdout=quiet, stderr=quiet)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise CannotMeasureError(f"{' '.join(argv)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def own_cpu() -> float:
    """Return the CPU seconds of this process, all threads, children not counted."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def children_cpu() -> float:
    """Return the CPU seconds of all children that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ratio(numbers: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios of pairs that were measured side by side."""
    return statistics.median(one / other for one, other in zip(numbers, others, strict=True))
