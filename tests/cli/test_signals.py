import os
import signal
import subprocess
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
    argv = [PROGRAM, "run", "search", "--domain", "database", "--agent-command", SLEEPS]
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
    argv = [PROGRAM, "--json", "run", "search", "--agent-command", SLEEPS]
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
