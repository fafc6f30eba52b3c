"""A graph of 1,000 steps that do nothing: what deciding, starting and journalling a step costs.

Held against the start of one bare Python, the least that a real step would cost, and against a bare
loop that gives each step a thread of its own and writes its start and its end as two flushed lines
of JSON. A second run of the finished graph does no step; it is held against the first.
"""

import json
import os
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import (
    CannotMeasureError,
    Finding,
    benchmark,
    cpu_of,
    own_cpu,
    ratio,
    report,
    scratch,
)
from ropewalk.engine.executor import Control, LocalExecutor
from ropewalk.engine.history import EMPTY, History, fold
from ropewalk.engine.schedule import run_graph
from ropewalk.model.graph import AttemptResult, AttemptSpec, Graph, Step, StepState
from ropewalk.store.journal import Journal, read_events

STEPS = 1000
WIDTH = 10
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """CPU seconds of each round, each way, in the same order."""

    ours: tuple[float, ...]
    again: tuple[float, ...]
    bare: tuple[float, ...]
    python: tuple[float, ...]


def findings(rounds: Rounds) -> tuple[Finding, ...]:
    """Return the engine as a ratio to the bare loop, and a run with nothing to do to a full one."""
    return (
        Finding(
            what="one step of 1,000 through the engine",
            against="python -c pass",
            measured=ratio(rounds.ours, rounds.python) / STEPS,
            goal=0.125,
        ),
        Finding(
            what="one step of 1,000 through the engine",
            against="a bare loop with threads and JSON lines",
            measured=ratio(rounds.ours, rounds.bare),
        ),
        Finding(
            what="the finished graph once more, its journal read",
            against="its first run",
            measured=ratio(rounds.again, rounds.ours),
        ),
    )


def graph_of(steps: int, width: int) -> Graph:
    """Return a graph of layers of ``width`` steps, each step after one of the layer before."""
    return Graph(
        steps=tuple(
            Step(
                id=f"s{number}",
                kind="nothing",
                needs=(f"s{number - width}",) if number >= width else (),
            )
            for number in range(steps)
        )
    )


def _nothing(spec: AttemptSpec, _control: Control) -> AttemptResult:
    return AttemptResult(attempt_id=spec.attempt_id, state=StepState.SUCCEEDED)


def _run(path: Path, history: History) -> None:
    with (
        Journal.open(path, "bench") as journal,
        LocalExecutor({"nothing": _nothing}) as executor,
    ):
        outcome = run_graph(
            graph_of(STEPS, WIDTH),
            run_id="bench",
            executor=executor,
            emit=journal.emit,
            pools={},
            history=history,
        )
    if len(outcome.states) != STEPS or set(outcome.states.values()) != {StepState.SUCCEEDED}:
        raise CannotMeasureError("not every step was run")


def _bare(path: Path) -> None:
    with path.open("wb") as stream:
        for number in range(STEPS):
            for type_ in ("started", "finished"):
                line = {"seq": number, "type": type_, "step": f"s{number}"}
                stream.write(json.dumps(line).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            thread = threading.Thread(target=list)
            thread.start()
            thread.join()


def _one_round(folder: Path) -> tuple[float, float, float, float]:
    path = folder / "journal.jsonl"
    start = own_cpu()
    _run(path, EMPTY)
    first = own_cpu()
    _run(path, fold(read_events(path)))
    second = own_cpu()
    _bare(folder / "bare.jsonl")
    bare = own_cpu() - second
    return first - start, second - first, bare, cpu_of((sys.executable, "-c", "pass"), cwd=folder)


def measure() -> None:
    """Measure and report."""
    figures = []
    for _ in range(ROUNDS):
        with scratch() as folder:
            figures.append(_one_round(folder))
    ours, again, bare, python = (tuple(column) for column in zip(*figures, strict=True))
    rounds = Rounds(ours=ours, again=again, bare=bare, python=python)
    report("engine", findings(rounds), figures=asdict(rounds))


if __name__ == "__main__":
    sys.exit(benchmark(measure))
