"""Ten thousand events a second into a journal on the disk: the share of a core that it takes."""

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import Finding, benchmark, own_cpu, report, scratch
from ropewalk.store.journal import Journal

EVENTS_PER_S = 10_000
SECONDS = 4
_BATCH_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was written, how long it took, and the CPU of it and of the same pacing alone."""

    events: int
    wall_s: float
    cpu_s: float
    pacing_cpu_s: float

    @property
    def percent(self) -> float:
        """Share of a core, without what the pacing itself takes."""
        return 100 * max(0.0, self.cpu_s - self.pacing_cpu_s) / self.wall_s


def findings(figures: Figures) -> tuple[Finding, ...]:
    """Return the share of a core, scaled to the rate that was asked for."""
    rate = figures.events / figures.wall_s
    return (
        Finding(
            what=f"{EVENTS_PER_S:,} events a second",
            against="one core",
            measured=figures.percent * EVENTS_PER_S / rate,
            goal=5,
            unit="%",
        ),
        Finding(
            what="time between the events that were asked for and those that came",
            against="10,000 a second",
            measured=EVENTS_PER_S / rate,
        ),
    )


def _write(journal: Journal | None) -> tuple[int, float, float]:
    """Emit at the wanted rate in small bursts; with no journal only keep the pace."""
    done, cpu, started = 0, own_cpu(), time.perf_counter()
    while done < EVENTS_PER_S * SECONDS:
        due = int((time.perf_counter() - started) * EVENTS_PER_S)
        for _ in range(done, min(due, EVENTS_PER_S * SECONDS)):
            if journal is not None:
                journal.emit("agent_activity", {"domain": "api", "text": "reads a file"})
            done += 1
        time.sleep(_BATCH_S)
    return done, time.perf_counter() - started, own_cpu() - cpu


def measured_in(folder: Path) -> Figures:
    """Measure the journal and the pacing."""
    _, _, pacing = _write(None)
    with Journal.open(folder / "journal.jsonl", "bench") as journal:
        events, wall, cpu = _write(journal)
    return Figures(events=events, wall_s=wall, cpu_s=cpu, pacing_cpu_s=pacing)


def measure() -> None:
    """Measure and report."""
    with scratch(on_disk=True) as folder:
        figures = measured_in(folder)
    report("journal", findings(figures), figures=asdict(figures))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
