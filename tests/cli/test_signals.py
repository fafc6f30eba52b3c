import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from ropewalk.cli.signals import cancellable
from tests.cli.running import PROGRAM, ropewalk

SLEEPS = 'touch "$ROPEWALK_REPOSITORY/../at_work"; exec sleep 60'


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_run_keeps_everything_and_can_be_resumed(
    planned: Path, number: signal.Signals
) -> None:
    argv = [str(PROGRAM), "run", "search", "--domain", "database", "--agent-command", SLEEPS]
    with subprocess.Popen(
        argv, cwd=planned, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        wait_for(planned.parent / "at_work")
        running.send_signal(number)
        out, err = running.communicate(timeout=60)

    assert (running.returncode, out) == (130, "")
    assert "stopping the agents; everything is kept" in err
    assert err.endswith("hint: ropewalk resume search\n")
    assert "● database" not in ropewalk(planned, "status", "search").out
    assert "interrupted" in ropewalk(planned, "status", "search").out
    assert "was cut short" in ropewalk(planned, "doctor").out


def test_with_json_an_interrupted_run_is_one_document(planned: Path) -> None:
    argv = [str(PROGRAM), "--json", "run", "search", "--agent-command", SLEEPS]
    with subprocess.Popen(
        argv, cwd=planned, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        wait_for(planned.parent / "at_work")
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)

    assert running.returncode == 130
    assert '"code": "interrupted"' in out


def test_the_first_signal_sets_the_event_and_handlers_come_back() -> None:
    said: list[str] = []
    before = signal.getsignal(signal.SIGHUP)

    with cancellable(said.append) as cancel:
        os.kill(os.getpid(), signal.SIGHUP)
        is_set = cancel.wait(1)

    assert is_set
    assert len(said) == 1
    assert signal.getsignal(signal.SIGHUP) == before


def test_a_signal_that_comes_while_the_screen_is_in_use_is_told_afterwards() -> None:
    in_use = threading.Lock()
    said: list[str] = []

    def say(text: str) -> None:
        with in_use:
            said.append(text)

    with cancellable(say) as cancel, in_use:
        os.kill(os.getpid(), signal.SIGHUP)
        is_set = cancel.wait(5)
        was_silent = not said

    assert is_set
    assert was_silent
    assert len(said) == 1


def test_a_second_signal_ends_at_once_and_the_run_can_be_resumed(planned: Path) -> None:
    stubborn = "trap '' INT TERM; touch \"$ROPEWALK_REPOSITORY/../at_work\"; sleep 3"
    argv = [str(PROGRAM), "run", "search", "--domain", "database", "--agent-command", stubborn]
    with subprocess.Popen(
        argv, cwd=planned, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        wait_for(planned.parent / "at_work")
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("stopping"):
                break
        running.send_signal(signal.SIGINT)
        code = running.wait(timeout=60)

    assert code == 130
    assert "was cut short" in ropewalk(planned, "doctor").out


def test_a_run_of_another_process_is_followed_until_it_rests(planned: Path) -> None:
    release = planned.parent / "release"
    agent = (
        'touch "$ROPEWALK_REPOSITORY/../at_work"; echo >> db/models.py; '
        f"while [ ! -e {release} ]; do sleep 0.05; done"
    )
    argv = [str(PROGRAM), "-q", "run", "search", "--domain", "database", "--agent-command", agent]
    with subprocess.Popen(argv, cwd=planned, stdout=subprocess.PIPE) as running:
        wait_for(planned.parent / "at_work")
        with subprocess.Popen(
            [str(PROGRAM), "watch"],
            cwd=planned,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as watching:
            assert watching.stderr is not None
            told = []
            for line in watching.stderr:
                told.append(line)
                if "starts" in line:
                    release.touch()
            out = watching.stdout.read() if watching.stdout else ""
        running.communicate(timeout=60)

    assert watching.returncode == 0
    assert any("✓ database: success" in line for line in told)
    assert "✓ database  success" in out


def test_no_longer_watching_leaves_the_run_alone(planned: Path) -> None:
    release = planned.parent / "release"
    agent = f"echo >> db/models.py; while [ ! -e {release} ]; do sleep 0.05; done"
    argv = [str(PROGRAM), "-q", "run", "search", "--domain", "database", "--agent-command", agent]
    with subprocess.Popen(argv, cwd=planned, stdout=subprocess.PIPE, text=True) as running:
        while "running" not in ropewalk(planned, "status").out:
            time.sleep(0.05)
        with subprocess.Popen(
            [str(PROGRAM), "watch"], cwd=planned, stderr=subprocess.PIPE, text=True
        ) as watching:
            assert watching.stderr is not None
            watching.stderr.readline()
            watching.send_signal(signal.SIGINT)
            told = watching.stderr.read()
        release.touch()
        out, _ = running.communicate(timeout=60)

    assert watching.returncode == 130
    assert told.endswith(
        "no longer watching; the run of 'search' goes on\nnext: ropewalk watch search\n"
    )
    assert "1 of 1 succeeded" in out
