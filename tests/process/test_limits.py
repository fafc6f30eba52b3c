"""Deadlines, silence and cancelling: who ends a program, and how politely."""

import signal
import threading
import time
from pathlib import Path

import pytest

from ropewalk.process import Ended, EndedBy, Limits, run, shell_argv
from tests.process.trees import QUICK, live_pids, plain_environment, python_argv, tree_argv

POLITE = """
import signal, sys, time
def leave(number, frame):
    print('asked', signal.Signals(number).name, flush=True)
    if number == signal.{fatal}:
        sys.exit(3)
signal.signal(signal.SIGINT, leave)
signal.signal(signal.SIGTERM, leave)
print('ready', flush=True)
while True:
    time.sleep(0.01)
"""


def run_limited(argv: tuple[str, ...], cwd: Path, limits: Limits) -> Ended:
    return run(argv, cwd=cwd, env=plain_environment(), limits=limits)


def test_the_wall_clock_limit_ends_a_program_that_talks_all_the_time(tmp_path: Path) -> None:
    limits = Limits(wall_s=0.4, idle_s=5, interrupt_s=0.1, grace_s=0.2)

    ended = run_limited(shell_argv("while true; do echo x; sleep 0.02; done"), tmp_path, limits)

    assert ended.ended_by is EndedBy.TIMEOUT
    assert 0.3 < ended.duration_s < 2


def test_a_silent_program_is_ended(tmp_path: Path) -> None:
    limits = Limits(wall_s=20, idle_s=0.6, interrupt_s=0.1, grace_s=0.2)

    ended = run_limited(shell_argv("echo begin; sleep 60"), tmp_path, limits)

    assert (ended.ended_by, ended.tail) == (EndedBy.IDLE, ("begin",))
    assert ended.duration_s < 2


@pytest.mark.parametrize("stream", [1, 2])
def test_output_on_either_stream_keeps_a_program_alive(tmp_path: Path, stream: int) -> None:
    command = f"for i in 1 2 3 4 5 6 7 8; do sleep 0.15; echo $i >&{stream}; done"

    ended = run_limited(shell_argv(command), tmp_path, Limits(idle_s=1.0))

    assert (ended.ended_by, ended.exit_code) == (EndedBy.EXIT, 0)


def test_an_idle_limit_counts_from_the_start_where_nothing_is_ever_written(tmp_path: Path) -> None:
    ended = run_limited(("sleep", "60"), tmp_path, Limits(idle_s=0.2))

    assert (ended.ended_by, ended.signal) == (EndedBy.IDLE, signal.SIGINT)


def test_a_program_that_closed_its_output_is_still_ended(tmp_path: Path) -> None:
    ended = run_limited(
        shell_argv("exec >&- 2>&-; sleep 60"), tmp_path, Limits(wall_s=0.3, grace_s=0.2)
    )

    assert ended.ended_by is EndedBy.TIMEOUT


def test_cancelling_ends_a_running_program_promptly(tmp_path: Path) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    began = time.monotonic()

    ended = run(["sleep", "60"], cwd=tmp_path, env=plain_environment(), limits=QUICK, cancel=cancel)

    timer.join()
    assert ended.ended_by is EndedBy.CANCELLED
    assert time.monotonic() - began < 2


def test_a_program_is_interrupted_first_and_its_own_exit_code_is_reported(tmp_path: Path) -> None:
    limits = Limits(wall_s=0.8, interrupt_s=5, grace_s=5)

    ended = run_limited(python_argv(POLITE.format(fatal="SIGINT")), tmp_path, limits)

    assert (ended.ended_by, ended.exit_code) == (EndedBy.TIMEOUT, 3)
    assert ended.tail == ("ready", "asked SIGINT")


def test_a_program_that_goes_on_after_the_interrupt_is_terminated(tmp_path: Path) -> None:
    limits = Limits(wall_s=0.8, interrupt_s=0.2, grace_s=5)

    ended = run_limited(python_argv(POLITE.format(fatal="SIGTERM")), tmp_path, limits)

    assert (ended.ended_by, ended.exit_code) == (EndedBy.TIMEOUT, 3)
    assert ended.tail == ("ready", "asked SIGINT", "asked SIGTERM")


def test_a_program_that_ignores_every_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    limits = Limits(wall_s=0.8, interrupt_s=0.2, grace_s=0.4)

    ended = run_limited(tree_argv("hang", folder), tmp_path, limits)

    assert (ended.ended_by, ended.signal) == (EndedBy.TIMEOUT, signal.SIGKILL)
    assert 1.3 <= ended.duration_s < 5
    assert live_pids(folder) == []


def test_a_program_that_ends_before_its_limit_is_not_counted_as_ended_by_it(
    tmp_path: Path,
) -> None:
    ended = run_limited(shell_argv("sleep 0.1; exit 5"), tmp_path, Limits(wall_s=10, idle_s=10))

    assert (ended.ended_by, ended.exit_code) == (EndedBy.EXIT, 5)


def test_a_program_that_terminates_its_supervisor_is_cancelled_whole(tmp_path: Path) -> None:
    ended = run_limited(shell_argv("kill -TERM $PPID; sleep 60"), tmp_path, QUICK)

    assert ended.ended_by is EndedBy.CANCELLED
    assert ended.duration_s < 2


def test_a_supervisor_that_its_program_stopped_still_obeys_the_limit(tmp_path: Path) -> None:
    limits = Limits(wall_s=0.5, interrupt_s=0.1, grace_s=0.2)

    ended = run_limited(shell_argv("kill -STOP $PPID; sleep 60"), tmp_path, limits)

    assert ended.ended_by is EndedBy.TIMEOUT
    assert ended.duration_s < 3


def test_a_supervisor_that_never_answers_is_given_up_and_its_program_ended(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    keep_it_stopped = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "supervisor = os.getppid()\n"
        "while True:\n"
        "    os.kill(supervisor, signal.SIGSTOP)\n"
        "    time.sleep(0.0005)\n"
    )
    limits = Limits(wall_s=0.3, interrupt_s=0.2, grace_s=0.1)
    folder.mkdir()

    ended = run_limited(python_argv(keep_it_stopped), folder, limits)

    assert (ended.ended_by, ended.survivors) == (EndedBy.LOST, ())
