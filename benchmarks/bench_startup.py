"""CPU of starting ropewalk: ``--help`` and ``status``, beside a bare Python.

``status`` runs in a repository with a finished epic of four domains. What its git calls take is
counted apart, because they are git's and not ours.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import (
    CannotMeasureError,
    Finding,
    benchmark,
    cpu_of,
    make_repository,
    plan_text,
    report,
    scratch,
)
from ropewalk import api

DOMAINS = 4
ROUNDS = 5
# Tells on its last line of stderr what the process itself took, without its children.
_SPLIT = """
import resource, sys
from ropewalk.cli.main import main
code = main(sys.argv[1:])
own = resource.getrusage(resource.RUSAGE_SELF)
print(own.ru_utime + own.ru_stime, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Median CPU seconds; ``status_own`` is ``status`` without its git calls."""

    bare: float
    help: float
    status: float
    status_own: float


def findings(figures: Figures) -> tuple[Finding, ...]:
    """Return all as ratios to bare Python."""
    bare = "python -c pass"
    return (
        Finding(what="ropewalk --help", against=bare, measured=figures.help / figures.bare, goal=5),
        Finding(
            what="ropewalk status, without its git calls",
            against=bare,
            measured=figures.status_own / figures.bare,
            goal=25,
        ),
        Finding(
            what="git calls of ropewalk status",
            against=bare,
            measured=max(0.0, figures.status - figures.status_own) / figures.bare,
        ),
    )


def _finished_epic(folder: Path) -> Path:
    repository = make_repository(folder / "repository", folders=DOMAINS, files=40)
    workspace = api.open_workspace(repository)
    text = plan_text("startup", DOMAINS)
    api.plan(workspace, api.PlanRequest(hand_written=text, source="plan.json"))
    order = api.RunRequest(agent_command='echo "x = 1" >> "$ROPEWALK_DOMAIN/f_new.py"')
    answer = api.run(workspace, "startup", order)
    if answer.exit_code != 0:
        raise CannotMeasureError(f"the run ended with {answer.exit_code}")
    return repository


def _own_cpu_of(argv: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> float:
    line = (sys.executable, "-c", _SPLIT, *argv)
    ended = subprocess.run(line, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise CannotMeasureError(f"ropewalk {' '.join(argv)}: {ended.stderr.strip()}")
    return float(ended.stderr.splitlines()[-1])


def measured_in(repository: Path) -> Figures:
    """Measure all in turn, several times."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ropewalk = (sys.executable, "-m", "ropewalk")
    rounds = [
        (
            cpu_of((sys.executable, "-c", "pass"), cwd=repository, env=env),
            cpu_of((*ropewalk, "--help"), cwd=repository, env=env),
            cpu_of((*ropewalk, "status"), cwd=repository, env=env),
            _own_cpu_of(("status",), repository, env),
        )
        for _ in range(ROUNDS)
    ]
    bare, help_, status, own = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Figures(bare=bare, help=help_, status=status, status_own=own)


def measure() -> None:
    """Measure and report."""
    with scratch() as folder:
        figures = measured_in(_finished_epic(folder))
    report("startup", findings(figures), figures=asdict(figures))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
