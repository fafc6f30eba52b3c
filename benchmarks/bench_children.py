"""Many programs at once, each writing 200 lines a second: what watching them costs."""

import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import CannotMeasureError, Finding, benchmark, own_cpu, report, scratch
from ropewalk.process import Limits, Started, base_environment, run

LINES_PER_S = 200
COUNTS = (40, 100, 200)
WINDOW_S = 5.0
START_S = 30.0
GOALS = {200: 10.0}
# Ten lines every fiftieth of a second: the rate is the same, the writer itself costs little.
_WRITER = """
import os, time
line = b'{"type": "activity", "text": "reads a file of the project"}\\n' * 10
due = time.monotonic()
while True:
    os.write(1, line)
    due += 0.05
    time.sleep(max(0.0, due - time.monotonic()))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What ``children`` programs wrote within ``wall_s``, and the CPU of reading it."""

    children: int
    lines: int
    wall_s: float
    cpu_s: float


def findings(watched: Sequence[Watched]) -> tuple[Finding, ...]:
    """Return the share of a core for each number of programs."""
    found: list[Finding] = []
    for one in watched:
        what = f"{one.children} programs of {LINES_PER_S} lines a second"
        share = 100 * one.cpu_s / one.wall_s
        goal = GOALS.get(one.children)
        found.append(Finding(what=what, against="one core", measured=share, goal=goal, unit="%"))
    return tuple(found)


def notes(watched: Sequence[Watched]) -> list[str]:
    """Say how much was really written: on a busy machine it is less than was asked for."""
    return [
        f"{one.children} programs wrote {one.lines / one.wall_s / one.children:.0f} lines a second"
        " each"
        for one in watched
    ]


class _Fleet:
    """Starts the programs, counts those that run and the lines they write."""

    def __init__(self, children: int, folder: Path) -> None:
        self.cancel = threading.Event()
        self.lines = [0] * children
        self._started = threading.Semaphore(0)
        self._folder = folder
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(children)]

    def wait_until_all_run(self) -> None:
        deadline = time.monotonic() + START_S
        for _ in self.threads:
            if not self._started.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise CannotMeasureError(f"not all programs ran within {START_S:.0f} s")

    def _run(self, number: int) -> None:
        def count(_line: bytes) -> None:
            self.lines[number] += 1

        def note(_started: Started) -> None:
            self._started.release()

        run(
            (sys.executable, "-I", "-S", "-c", _WRITER),
            cwd=self._folder,
            env=base_environment(),
            limits=Limits(interrupt_s=0.0, grace_s=2.0),
            log=self._folder / f"{number}.log",
            on_line=count,
            on_start=note,
            cancel=self.cancel,
        )


def watch(children: int, folder: Path) -> Watched:
    """Watch some programs for a while."""
    fleet = _Fleet(children, folder)
    for thread in fleet.threads:
        thread.start()
    try:
        fleet.wait_until_all_run()
        lines, cpu, started = sum(fleet.lines), own_cpu(), time.perf_counter()
        time.sleep(WINDOW_S)
        return Watched(
            children=children,
            lines=sum(fleet.lines) - lines,
            wall_s=time.perf_counter() - started,
            cpu_s=own_cpu() - cpu,
        )
    finally:
        fleet.cancel.set()
        for thread in fleet.threads:
            thread.join()


def measure() -> None:
    """Measure and report."""
    watched = []
    for children in COUNTS:
        with scratch() as folder:
            watched.append(watch(children, folder))
    figures = {f"children{one.children}": asdict(one) for one in watched}
    report("children", findings(watched), figures=figures, notes=notes(watched))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
