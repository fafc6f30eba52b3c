"""Sixteen domains whose agents each take two seconds, all at once.

Held against the time of one agent: the wall time from the start of the work to the aggregate. The
preparation, the collecting and the aggregate are held against one ``git worktree add``. The goal is
that the speed-up is at least 0.8 of what equal agents on enough places promise.
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.measure import (
    CannotMeasureError,
    Finding,
    benchmark,
    make_repository,
    plan_text,
    report,
    scratch,
    worktree_add_s,
)
from ropewalk import api
from ropewalk.model.event import Event
from ropewalk.model.result import Aggregate

DOMAINS = 16
FILES = 236
AGENT = 'sleep 2; echo "done = 1" >> "$ROPEWALK_DOMAIN/f_new.py"'
GOAL = 1 / 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Seconds of a run of ``domains`` agents, and of one ``git worktree add``."""

    domains: int
    agent_s: float
    wall_s: float
    prepare_s: float
    collect_s: float
    aggregate_s: float
    add_s: float
    speedup_wall: float


def findings(phase: Phase) -> tuple[Finding, ...]:
    """Return phase 1B as a ratio to one agent, its parts as ratios to one worktree."""
    one = "one git worktree add"
    parts = {
        "preparing, per domain": phase.prepare_s / phase.domains,
        "collecting one domain (median)": phase.collect_s,
        "aggregate": phase.aggregate_s,
    }
    return (
        Finding(
            what=f"{phase.domains} agents at once, to the aggregate",
            against="the median agent",
            measured=phase.wall_s / phase.agent_s,
            goal=GOAL,
        ),
        Finding(
            what="speed-up lost, preparation included",
            against=f"{phase.domains} times",
            measured=phase.domains / phase.speedup_wall,
        ),
        *(Finding(what=what, against=one, measured=s / phase.add_s) for what, s in parts.items()),
    )


def phase_of(events: Sequence[Event], summary: Aggregate, add_s: float) -> Phase:
    """Return the figures of a run from its events."""
    one = summary.summary
    if one.speedup_wall is None:
        raise CannotMeasureError("the run has no speed-up")
    durations = [float(str(e.data["duration_s"])) for e in events if e.type == "agent_ended"]
    collected = [_step_s(events, e.step) for e in events if e.type == "domain_collected"]
    return Phase(
        domains=one.domains_total,
        agent_s=statistics.median(durations),
        wall_s=_between(events, "work_started", "aggregated"),
        prepare_s=_between(events, "requested", "work_started"),
        collect_s=statistics.median(collected),
        aggregate_s=_step_s(events, next(e.step for e in events if e.type == "aggregated")),
        add_s=add_s,
        speedup_wall=one.speedup_wall,
    )


def _between(events: Sequence[Event], first: str, last: str) -> float:
    times = {event.type: event.mono_ns for event in events}
    return (times[last] - times[first]) / 1e9


def _step_s(events: Sequence[Event], step: str | None) -> float:
    return _between([e for e in events if e.step == step], "attempt_started", "attempt_finished")


def measure() -> None:
    """Measure and report."""
    with scratch() as folder:
        repository = make_repository(folder / "repository", folders=DOMAINS, files=FILES)
        add_s = worktree_add_s(repository, DOMAINS, folder) / DOMAINS
        workspace = api.open_workspace(repository)
        text = plan_text("phase1b", DOMAINS)
        api.plan(workspace, api.PlanRequest(hand_written=text, source="plan.json"))
        events: list[Event] = []
        order = api.RunRequest(agent_command=AGENT, jobs=DOMAINS)
        answer = api.run(workspace, "phase1b", order, observe=events.append)
    if not isinstance(answer.document, Aggregate) or answer.exit_code != 0:
        raise CannotMeasureError(f"the run ended with {answer.exit_code}")
    phase = phase_of(events, answer.document, add_s)
    report("phase1b", findings(phase), figures=asdict(phase))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
