"""The whole life of an epic in one process: plan, run, merge with one trivial check, clean.

The agents are instant, so what is measured is ropewalk itself, as a ratio to as many serial
``git worktree add`` of the same repository. Where the time goes is told by the events of the run.
"""

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import (
    CannotMeasureError,
    Finding,
    benchmark,
    children_cpu,
    make_repository,
    own_cpu,
    plan_text,
    report,
    scratch,
    worktree_add_s,
)
from ropewalk import api
from ropewalk.model.event import Event

FILES = 236
GOALS: Mapping[int, float] = {10: 3.0, 50: 2.0}
AGENT = 'echo "done = 1" >> "$ROPEWALK_DOMAIN/f_new.py"'
# The event that ends a stage, in the order in which a run passes them.
STAGES: Mapping[str, str] = {
    "work_started": "worktrees made",
    "aggregated": "agents and collecting",
    "merge_finished": "train, check, landing",
}
_PROGRAMS: Final[Counter[str]] = Counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Wall seconds of a whole life and of its parts, and the CPU seconds it took."""

    domains: int
    adds_s: float
    plan_s: float
    run_s: float
    merge_s: float
    clean_s: float
    own_cpu_s: float
    children_cpu_s: float
    programs: int
    stages_s: Mapping[str, float]

    @property
    def total_s(self) -> float:
        """The whole life."""
        return self.plan_s + self.run_s + self.merge_s + self.clean_s


def findings(lives: Sequence[Life]) -> tuple[Finding, ...]:
    """Return the whole life and its verbs as ratios to the worktrees that git makes serially."""
    found: list[Finding] = []
    for life in lives:
        against = f"{life.domains} serial git worktree add"
        name = f"N={life.domains}"
        found.append(
            Finding(
                what=f"{name}: whole life",
                against=against,
                measured=life.total_s / life.adds_s,
                goal=GOALS.get(life.domains),
            )
        )
        parts = {
            "plan": life.plan_s,
            "run": life.run_s,
            "merge": life.merge_s,
            "clean": life.clean_s,
        }
        stages = {f"  {stage}": seconds for stage, seconds in life.stages_s.items()}
        cpu = {"CPU of ropewalk": life.own_cpu_s, "CPU of its children": life.children_cpu_s}
        for part, seconds in (parts | stages | cpu).items():
            ratio = seconds / life.adds_s
            found.append(Finding(what=f"{name}:   {part}", against=against, measured=ratio))
    return tuple(found)


def notes(lives: Sequence[Life]) -> list[str]:
    """Say how many programs were started; their number is the same on every machine."""
    return [
        f"N={life.domains}: {life.programs} programs started, "
        f"{life.programs / life.domains:.1f} per domain"
        for life in lives
    ]


def stages_of(events: Sequence[Event]) -> dict[str, float]:
    """Return the seconds between the events that end a stage of a run."""
    marks = [event for event in events if event.type in {"requested", *STAGES}]
    return {
        STAGES[after.type]: (after.mono_ns - before.mono_ns) / 1e9
        for before, after in itertools.pairwise(marks)
        if after.type in STAGES
    }


def live(domains: int, folder: Path) -> Life:
    """Live one life in a new repository, and make as many worktrees with git beside it."""
    repository = make_repository(folder / "repository", folders=domains, files=FILES)
    before = worktree_add_s(repository, domains, folder / "before")
    events: list[Event] = []
    cpu, programs = (own_cpu(), children_cpu()), _PROGRAMS.total()
    workspace = api.open_workspace(repository)
    request = api.PlanRequest(hand_written=plan_text("life", domains), source="plan.json")
    plan_s = _timed(lambda: api.plan(workspace, request))
    order = api.RunRequest(agent_command=AGENT)
    run_s = _timed(lambda: _good(api.run(workspace, "life", order, observe=events.append)))
    options = api.MergeOptions()
    merge_s = _timed(lambda: _good(api.merge(workspace, "life", options, observe=events.append)))
    clean_s = _timed(lambda: api.clean(workspace, "life", yes=True))
    used = (own_cpu() - cpu[0], children_cpu() - cpu[1])
    started = _PROGRAMS.total() - programs
    after = worktree_add_s(repository, domains, folder / "after")
    return Life(
        domains=domains,
        adds_s=(before + after) / 2,
        plan_s=plan_s,
        run_s=run_s,
        merge_s=merge_s,
        clean_s=clean_s,
        own_cpu_s=used[0],
        children_cpu_s=used[1],
        programs=started,
        stages_s=stages_of(events),
    )


def _count(event: str, _arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen":
        _PROGRAMS[event] += 1


def _timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _good(answer: api.Answer) -> None:
    if answer.exit_code != 0:
        raise CannotMeasureError(f"exit code {answer.exit_code}: {answer.path}")


def measure() -> None:
    """Measure and report."""
    sys.addaudithook(_count)
    lives = []
    for domains in GOALS:
        with scratch() as folder:
            lives.append(live(domains, folder))
    figures = {f"n{life.domains}": asdict(life) for life in lives}
    report("life", findings(lives), figures=figures, notes=notes(lives))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
