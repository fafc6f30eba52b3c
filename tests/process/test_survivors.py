"""Nothing of a tree of processes outlives its run, however it was made and however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ropewalk.process import (
    MARK_VARIABLE,
    EndedBy,
    Limits,
    ProcessIdentity,
    Started,
    end_leftover,
    read_report,
    run,
    shell_argv,
)
from tests.process.trees import (
    LEAVING_SHAPES,
    QUICK,
    STAYING_SHAPES,
    coordinator_argv,
    live_pids,
    plain_environment,
    tree_argv,
    wait_until,
)

COORDINATOR = """
import dataclasses, json, os, sys
from pathlib import Path
from ropewalk.process import Limits, run
folder, report = Path(sys.argv[1]), Path(sys.argv[2])
env = {"PATH": os.environ["PATH"], "ROPEWALK_MARK": sys.argv[3]}
def on_start(started):
    (folder / "started").write_text(json.dumps(dataclasses.asdict(started)))
try:
    limits = Limits(grace_s=float(os.environ.get("GRACE_S", "3")))
    run(sys.argv[4:], cwd=folder, env=env, report=report, on_start=on_start, limits=limits)
except KeyboardInterrupt:
    sys.exit(130)
"""


def comet_time(folder: Path) -> str:
    """Return the comet's last sign of life."""
    path = folder / "comet"
    return path.read_text() if path.exists() else ""


def assert_nothing_lives(folder: Path) -> None:
    last_sign = comet_time(folder)
    assert live_pids(folder) == []
    if last_sign:
        time.sleep(0.1)
    assert comet_time(folder) == last_sign


@pytest.mark.parametrize("shape", LEAVING_SHAPES)
def test_what_a_program_leaves_behind_is_ended(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "tree"

    ended = run(tree_argv(shape, folder), cwd=tmp_path, env=plain_environment(), limits=QUICK)

    assert_nothing_lives(folder)
    assert (ended.exit_code, ended.ended_by) == (0, EndedBy.EXIT)
    assert ended.survivors == ()
    if shape != "plain":
        assert ended.swept >= 1


def test_every_daemon_that_was_swept_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "tree"

    ended = run(
        tree_argv("many_daemons", folder), cwd=tmp_path, env=plain_environment(), limits=QUICK
    )

    assert ended.swept == 20


@pytest.mark.parametrize("shape", STAYING_SHAPES)
def test_stopping_ends_the_whole_tree(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "tree"
    limits = Limits(wall_s=0.8, interrupt_s=0.1, grace_s=0.2)

    ended = run(tree_argv(shape, folder), cwd=tmp_path, env=plain_environment(), limits=limits)

    assert_nothing_lives(folder)
    assert ended.ended_by in {EndedBy.TIMEOUT, EndedBy.EXIT}
    assert ended.survivors == ()


def test_a_daemon_that_holds_stdout_does_not_delay_the_end(tmp_path: Path) -> None:
    began = time.monotonic()

    ended = run(
        shell_argv("(setsid sleep 60 &) ; echo done"), cwd=tmp_path, env=plain_environment()
    )

    assert ended.tail == ("done",)
    assert time.monotonic() - began < 3


def test_background_children_of_a_shell_are_swept(tmp_path: Path) -> None:
    ended = run(
        shell_argv("(sleep 60; true) & (sleep 60; true) & exit 4"),
        cwd=tmp_path,
        env=plain_environment(),
    )

    assert ended.exit_code == 4
    assert ended.swept in {2, 3, 4}


@pytest.mark.parametrize("shape", ["hang", "daemon_and_hang", "stopped"])
def test_the_tree_is_gone_soon_after_its_coordinator_was_killed(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "tree"
    report = tmp_path / "report.json"
    argv = tree_argv(shape, folder)
    with subprocess.Popen(
        coordinator_argv(COORDINATOR, str(folder), str(report), "mark", *argv)
    ) as coordinator:
        notes = 2 if shape == "daemon_and_hang" else 1
        assert wait_until(lambda: len(live_pids(folder)) == notes)
        coordinator.kill()
        coordinator.wait()

        is_gone = wait_until(lambda: not live_pids(folder), patience_s=2)

    assert is_gone
    assert wait_until(report.exists)
    ended = read_report(report)
    assert ended is not None
    assert ended.ended_by is EndedBy.LOST


def test_ctrl_c_in_the_coordinator_ends_the_tree(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    argv = tree_argv("daemon_and_hang", folder)
    with subprocess.Popen(
        coordinator_argv(COORDINATOR, str(folder), str(tmp_path / "report"), "mark", *argv)
    ) as coordinator:
        assert wait_until(lambda: len(live_pids(folder)) == 2)
        coordinator.send_signal(signal.SIGINT)
        code = coordinator.wait(timeout=10)

        left = live_pids(folder)

    assert (code, left) == (130, [])


def test_ctrl_c_reaches_no_program_directly(tmp_path: Path) -> None:
    ended = run(
        shell_argv("ps -o sid= -p $$ -p $PPID | sort -u | wc -l"),
        cwd=tmp_path,
        env=plain_environment(),
        limits=Limits(capture_bytes=10),
    )

    assert ended.output.strip() == b"2"


def test_a_program_that_kills_its_supervisor_is_lost_and_ended(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    environment = {**plain_environment(), MARK_VARIABLE: f"mark-{os.getpid()}-{tmp_path.name}"}
    kill_then_stay = 'sleep 0.2; kill -KILL $PPID; exec "$0" "$@"'

    ended = run(
        (*shell_argv(kill_then_stay), *tree_argv("daemon_and_hang", folder)),
        cwd=tmp_path,
        env=environment,
        limits=QUICK,
    )

    assert (ended.ended_by, ended.exit_code, ended.signal) == (EndedBy.LOST, None, None)
    assert ended.usage is None
    assert ended.survivors == ()
    assert live_pids(folder) == []


def test_what_a_killed_supervisor_left_can_be_ended_by_a_later_process(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    report = tmp_path / "report.json"
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    argv = tree_argv("daemon_and_hang", folder)
    with subprocess.Popen(
        coordinator_argv(COORDINATOR, str(folder), str(report), mark, *argv)
    ) as coordinator:
        assert wait_until(lambda: len(live_pids(folder)) == 2)
        started = read_started(folder)
        os.kill(coordinator.pid, signal.SIGSTOP)
        os.kill(started.supervisor.pid, signal.SIGKILL)
        coordinator.kill()
        coordinator.wait()
        before = live_pids(folder)

        survivors = end_leftover(started, mark=mark, grace_s=0.2)

    assert len(before) == 2
    assert survivors == ()
    assert live_pids(folder) == []
    assert read_report(report) is None


def test_a_live_supervisor_is_asked_to_end_its_own_tree(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    report = tmp_path / "report.json"
    argv = tree_argv("daemon_and_hang", folder)
    with subprocess.Popen(
        coordinator_argv(COORDINATOR, str(folder), str(report), "", *argv),
        env={**os.environ, "GRACE_S": "0.2"},
    ) as coordinator:
        assert wait_until(lambda: len(live_pids(folder)) == 2)
        started = read_started(folder)
        os.kill(coordinator.pid, signal.SIGSTOP)

        survivors = end_leftover(started, mark=None, grace_s=8)

        left = live_pids(folder)
        coordinator.kill()

    assert (survivors, left) == ((), [])
    ended = read_report(report)
    assert ended is not None
    assert ended.ended_by is EndedBy.CANCELLED


def test_a_program_that_finished_while_the_coordinator_stood_still_is_known_to_have(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    report = tmp_path / "report.json"
    argv = shell_argv("while [ ! -e go ]; do sleep 0.01; done; exit 6")
    with subprocess.Popen(
        coordinator_argv(COORDINATOR, str(folder), str(report), "", *argv)
    ) as coordinator:
        assert wait_until((folder / "started").exists)
        os.kill(coordinator.pid, signal.SIGSTOP)
        (folder / "go").touch()
        assert wait_until(report.exists)
        coordinator.kill()

    ended = read_report(report)
    assert ended is not None
    assert (ended.exit_code, ended.ended_by, ended.tail) == (6, EndedBy.EXIT, ())


def test_a_failure_to_write_to_a_killed_coordinator_is_not_the_programs_own(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    report = tmp_path / "report.json"
    argv = (sys.executable, "-c", "while True: print('x' * 60_000, flush=True)")
    with subprocess.Popen(
        coordinator_argv(COORDINATOR, str(folder), str(report), "", *argv)
    ) as coordinator:
        assert wait_until((folder / "started").exists)
        coordinator.kill()
        coordinator.wait()

    assert wait_until(report.exists)
    ended = read_report(report)
    assert ended is not None
    assert ended.ended_by is EndedBy.LOST


def read_started(folder: Path) -> Started:
    """Return what the coordinator was told at the start."""
    path = folder / "started"
    assert wait_until(lambda: path.exists() and bool(path.read_bytes()))
    fields = json.loads(path.read_text())
    return Started(
        supervisor=ProcessIdentity(**fields["supervisor"]),
        child=ProcessIdentity(**fields["child"]),
    )
