import json
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.engine.executor import LocalExecutor
from ropewalk.engine.history import EMPTY, LOST, fold
from ropewalk.engine.schedule import run_graph
from ropewalk.errors import StorageError
from ropewalk.model.event import Event
from ropewalk.model.graph import AttemptResult, Step, StepState
from ropewalk.model.values import JsonObject
from ropewalk.store.journal import Journal, read_events
from tests.engine.recorder import QUICK, Play, Player, Recorder, graph_of, play, step

GRAPH = graph_of(step("a"), step("b", "a"), step("c", "a"))


def event_of(
    type_: str, data: JsonObject, *, step: str | None = "a", attempt: str | None = None
) -> Event:
    return Recorder()(type_, data, step=step, attempt=attempt)


def test_nothing_is_an_empty_history() -> None:
    assert fold([]) == EMPTY
    assert not EMPTY.is_finished


def test_a_whole_run_is_finished_and_keeps_its_results() -> None:
    recorder = Recorder()
    outcome = play(
        GRAPH,
        Player(plays={"b": [Play(state=StepState.FAILED, reason="broken")]}),
        recorder=recorder,
    )

    history = fold(recorder.events)

    assert history.is_finished
    assert history.graph == GRAPH
    assert history.states == outcome.states
    assert history.results == outcome.results
    assert history.open_attempts == {}


def test_a_finished_run_is_not_run_again() -> None:
    recorder = Recorder()
    first = play(GRAPH, recorder=recorder)
    seen = len(recorder.events)
    again = Player()

    second = play(GRAPH, again, recorder=recorder)

    assert again.started == []
    assert len(recorder.events) == seen
    assert second == first


def test_an_attempt_of_a_dead_coordinator_is_closed_and_repeated() -> None:
    recorder = Recorder()
    play(GRAPH, recorder=recorder)
    cut = Recorder(recorder.events[:2])
    assert list(fold(cut.events).open_attempts) == ["run/a/1"]

    outcome = play(GRAPH, recorder=cut)

    closed = cut.of("attempt_finished")[0]
    assert (closed.attempt, closed.data["reason"]) == ("run/a/1", LOST)
    assert outcome.results["a"].attempt_id == "run/a/2"
    assert fold(cut.events).steps["a"].counted == 1


class Surviving(LocalExecutor):
    """Still has an attempt that an earlier coordinator submitted."""

    def __init__(self, player: Player, future: Future[AttemptResult]) -> None:
        super().__init__({"play": player})
        self._future = future

    def reattach(self, ids: Iterable[str]) -> dict[str, Future[AttemptResult]]:
        return dict.fromkeys(ids, self._future)


def test_an_attempt_that_the_executor_still_has_is_waited_for() -> None:
    recorder = Recorder()
    play(graph_of(step("a"), step("b", "a")), recorder=recorder)
    cut = Recorder(recorder.events[:2])
    player = Player()
    future: Future[AttemptResult] = Future()
    future.set_result(
        AttemptResult(attempt_id="run/a/1", state=StepState.SUCCEEDED, outputs={"old": 1})
    )

    outcome = run_graph(
        graph_of(replace(step("a"), resources={"jobs": 1}), step("b", "a")),
        run_id="run",
        executor=Surviving(player, future),
        emit=cut,
        pools={"jobs": 1},
        history=fold(cut.events),
        timing=QUICK,
    )

    assert player.started == ["b"]
    assert outcome.results["a"].outputs == {"old": 1}
    assert len(cut.of("attempt_started")) == 2


def test_an_attempt_that_is_waited_for_holds_its_slot() -> None:
    recorder = Recorder()
    graph = graph_of(*(Step(id=id_, kind="play", resources={"jobs": 1}) for id_ in "ab"))
    play(graph, recorder=recorder, pools={"jobs": 1})
    cut = Recorder(recorder.events[:2])
    player = Player()
    future: Future[AttemptResult] = Future()
    started_before: list[str] = []

    def end() -> None:
        started_before.extend(player.started)
        future.set_result(AttemptResult(attempt_id="run/a/1", state=StepState.SUCCEEDED))

    timer = threading.Timer(0.2, end)
    timer.start()
    outcome = run_graph(
        graph,
        run_id="run",
        executor=Surviving(player, future),
        emit=cut,
        pools={"jobs": 1},
        history=fold(cut.events),
        timing=QUICK,
    )
    timer.join()

    assert started_before == []
    assert player.started == ["b"]
    assert set(outcome.states.values()) == {StepState.SUCCEEDED}


def test_only_the_first_end_of_an_attempt_counts() -> None:
    done: JsonObject = {"state": "succeeded", "reason": None, "outputs": {}, "retryable": False}
    failed: JsonObject = {**done, "state": "failed"}
    events = [
        event_of("attempt_started", {"kind": "play", "number": 1}, attempt="run/a/1"),
        event_of("attempt_finished", done, attempt="run/a/1"),
        event_of("attempt_finished", failed, attempt="run/a/1"),
        event_of("step_finished", {"state": "succeeded", "reason": None}, attempt="run/a/1"),
        event_of("step_finished", {"state": "failed", "reason": "late"}, attempt="run/a/1"),
    ]

    past = fold(events).steps["a"]

    assert (past.state, past.reason, past.counted) == (StepState.SUCCEEDED, None, 1)


def test_events_of_others_are_passed_over() -> None:
    recorder = Recorder()
    recorder("run_started", {"epic_id": "x"})
    recorder("agent_activity", {"text": "hello"}, step="a", attempt="run/a/1")

    assert fold(recorder.events) == EMPTY


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("graph_planned", {}),
        ("graph_planned", {"steps": [{"id": 1, "kind": "play"}]}),
        ("attempt_started", {"number": "one"}),
        ("step_finished", {"state": "splendid"}),
        ("step_finished", {}),
        ("retry_scheduled", {"due_at": "soon", "number": 2}),
    ],
)
def test_an_event_that_cannot_be_read_is_named(type_: str, data: JsonObject) -> None:
    with pytest.raises(StorageError, match=rf"event 1 of run 'run' \({type_}\) cannot be read"):
        fold([event_of(type_, data, attempt="run/a/1")])


def test_a_run_goes_on_from_the_journal_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    player = Player(plays={"b": [Play(grown=(step("x", "b"),))]})
    with Journal.open(path, "run") as journal, LocalExecutor({"play": player}) as executor:
        first = run_graph(
            GRAPH, run_id="run", executor=executor, emit=journal.emit, pools={}, timing=QUICK
        )
    lines = path.read_bytes().splitlines(keepends=True)

    assert fold(read_events(path)).results == first.results

    path.write_bytes(b"".join(lines[:4]) + lines[4][:9])
    again = Player(plays=player.plays)
    with Journal.open(path, "run") as journal, LocalExecutor({"play": again}) as executor:
        second = run_graph(
            GRAPH,
            run_id="run",
            executor=executor,
            emit=journal.emit,
            pools={},
            history=fold(read_events(path)),
            timing=QUICK,
        )

    assert "a" not in again.started
    assert second.states == first.states
    assert all(json.loads(line) for line in path.read_bytes().splitlines())
