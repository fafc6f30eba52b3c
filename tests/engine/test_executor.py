import json
import subprocess
import sys
import threading

import pytest

from ropewalk.engine.executor import Control, LocalExecutor, failure_of
from ropewalk.errors import Busy
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.values import JsonObject
from tests.engine.recorder import succeeded, wait_until


def spec_of(attempt_id: str = "run/a/1", kind: str = "play") -> AttemptSpec:
    return AttemptSpec(
        attempt_id=attempt_id,
        run_id="run",
        step="a",
        kind=kind,
        number=1,
        payload={},
        needs={},
    )


def ignore(type_: str, data: JsonObject, sync: bool) -> None:  # noqa: FBT001 - the protocol
    pass


def until_cancelled(spec: AttemptSpec, control: Control) -> AttemptResult:
    assert control.cancelled.wait(10)
    return AttemptResult(attempt_id=spec.attempt_id, state=StepState.CANCELLED)


def test_an_attempt_runs_in_a_thread_of_its_own() -> None:
    names: list[str] = []

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        names.append(threading.current_thread().name)
        return succeeded(spec)

    with LocalExecutor({"play": runner}) as executor:
        result = executor.submit(spec_of(), ignore).result(10)

    assert result.state is StepState.SUCCEEDED
    assert names == ["attempt run/a/1"]


def test_outputs_have_the_form_that_json_gives_them() -> None:
    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        return succeeded(spec, pair=(1, 2))

    with LocalExecutor({"play": runner}) as executor:
        result = executor.submit(spec_of(), ignore).result(10)

    assert result.outputs == {"pair": [1, 2]}


@pytest.mark.parametrize("output", [object(), float("nan"), {1, 2}])
def test_outputs_that_are_not_json_are_a_failure_and_not_a_broken_journal(output: object) -> None:
    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        return succeeded(spec, output=output)

    with LocalExecutor({"play": runner}) as executor:
        result = executor.submit(spec_of(), ignore).result(10)

    assert result.state is StepState.FAILED
    assert result.reason is not None
    assert result.reason.startswith("internal: ")
    json.dumps(result.outputs, allow_nan=False)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("by zero"), SystemExit(3), KeyboardInterrupt()]
)
def test_whatever_a_runner_raises_is_a_failure(error: BaseException) -> None:
    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        raise error

    with LocalExecutor({"play": runner}) as executor:
        result = executor.submit(spec_of(), ignore).result(10)

    assert result.state is StepState.FAILED
    assert result.reason == f"internal: {type(error).__name__}: {error}"
    assert "in runner" in str(result.outputs["error"])


def test_an_error_of_ours_keeps_its_code_and_hint() -> None:
    result = failure_of("run/a/1", Busy("epic 'x' is busy", hint="wait", where="here"))

    assert result.reason == "busy"
    assert result.outputs == {
        "error": {
            "code": "busy",
            "message": "epic 'x' is busy",
            "hint": "wait",
            "where": "here",
            "exit_code": 8,
        }
    }


def test_a_kind_that_nothing_runs_is_a_failure() -> None:
    with LocalExecutor({}) as executor:
        result = executor.submit(spec_of(kind="other"), ignore).result(10)

    assert result.reason == "unknown_kind"


def test_cancel_reaches_the_attempt_and_no_other() -> None:
    with LocalExecutor({"play": until_cancelled}) as executor:
        first = executor.submit(spec_of("one"), ignore)
        second = executor.submit(spec_of("two"), ignore)

        executor.cancel("one")
        executor.cancel("unknown")

        assert first.result(10).state is StepState.CANCELLED
        assert not second.done()


def test_closing_ends_everything() -> None:
    executor = LocalExecutor({"play": until_cancelled})
    future = executor.submit(spec_of(), ignore)

    executor.close()

    assert future.done()


def test_reattach_finds_what_still_runs() -> None:
    with LocalExecutor({"play": until_cancelled}) as executor:
        future = executor.submit(spec_of("one"), ignore)

        assert executor.reattach(["one", "gone"]) == {"one": future}

        executor.cancel("one")
        future.result(10)
        wait_until(lambda: executor.reattach(["one"]) == {})


def test_an_attempt_id_runs_once_at_a_time() -> None:
    with LocalExecutor({"play": until_cancelled}) as executor:
        executor.submit(spec_of("one"), ignore)

        with pytest.raises(ValueError, match="'one' is running"):
            executor.submit(spec_of("one"), ignore)


def test_events_of_an_attempt_reach_the_listener() -> None:
    heard: list[tuple[str, JsonObject, bool]] = []

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        control.emit("said", {"text": "hello"})
        control.emit("wrote", {}, sync=True)
        return succeeded(spec)

    with LocalExecutor({"play": runner}) as executor:
        executor.submit(spec_of(), lambda *event: heard.append(event)).result(10)

    assert heard == [("said", {"text": "hello"}, False), ("wrote", {}, True)]


def test_capacity_is_the_number_of_threads() -> None:
    assert LocalExecutor({}, threads=3).capacity() == 3


NO_THREADS = """
import resource, threading
from ropewalk.engine.executor import LocalExecutor
from ropewalk.model.graph import AttemptSpec
spec = AttemptSpec(
    attempt_id="one", run_id="run", step="a", kind="play", number=1, payload={}, needs={}
)
threading.stack_size(1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
executor = LocalExecutor({})
for _ in range(2):
    try:
        executor.submit(spec, lambda *_: None)
    except RuntimeError as error:
        print(error, dict(executor.reattach(["one"])))
"""


def test_an_attempt_for_which_there_is_no_thread_is_refused_and_forgotten() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", NO_THREADS], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "can't start new thread {}\n" * 2


DEAD_THREAD = """
import threading, time
from ropewalk.engine.executor import LocalExecutor
from ropewalk.model.graph import AttemptSpec
def broken(*_):
    raise MemoryError
spec = AttemptSpec(
    attempt_id="one", run_id="run", step="a", kind="play", number=1, payload={}, needs={}
)
executor = LocalExecutor({})
threading.settrace(broken)
future = executor.submit(spec, lambda *_: None)
threading.settrace(None)
while not future.done():
    executor.capacity()
    time.sleep(0.02)
print(future.result().reason)
executor.close()
"""


def test_a_thread_that_dies_before_its_first_line_is_a_failure_and_not_a_hang() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DEAD_THREAD], capture_output=True, text=True, check=True, timeout=60
    )

    assert ran.stdout == "internal: the thread of the attempt died\n"
