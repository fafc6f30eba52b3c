"""Ctrl-C and deadlines reach an agent's tools too, and the same session goes on afterwards."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Final

import pytest

from ropewalk.model.result import DomainStatus, Outcome, Reason
from tests.conftest import RunGit
from tests.model_server import Say, Scene, Shell, Write
from tests.real.shop import PATIENCE_S, Shop

KEY: Final = "dummy-key-1"
FIRST_WORDS: Final = "I begin with the first file."
# Bash would take the place of its last command, and hide a child of a child.
SLEEP: Final = "test -e {began} || {{ touch {began}; (sleep 300; true); }}; echo x"
DEADLINES_S: Final = {"claude": 15, "codex": 15, "copilot": 20, "gemini": 25, "opencode": 45}


@pytest.mark.parametrize("rig", DEADLINES_S)
def test_nothing_outlives_a_deadline_or_ctrl_c_and_the_session_goes_on(
    shop: Shop, git: RunGit, rig: str
) -> None:
    shop.configure(
        shop.table(rig, KEY, name="late", timeout_s=DEADLINES_S[rig]), shop.table(rig, KEY)
    )
    stages = {name: shop.play(name, scene_of(name)) for name in ("late", "stopped")}
    domains = [{"name": name, "new_files": [f"{name}/**"]} for name in stages]
    shop.plan("ending", [{**domains[0], "agent": "late"}, {**domains[1], "agent": rig}])

    process = shop.start("run", "ending", "--parallel")
    try:
        wait_until(lambda: has_begun(shop, "stopped"), process)
        wait_until(lambda: "late" in ends_of(shop), process)
        assert ends_of(shop) == {"late": Outcome.TIMEOUT}
        # That of the other agent: the deadline has ended the first one's.
        assert [one.cmdline() for one in shop.processes()].count(["sleep", "300"]) == 1
        os.kill(process.pid, signal.SIGINT)
        code = process.wait(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()

    assert code == 130, shop.said.read_text()
    assert shop.wait_for_nobody() == []
    before = len(stages["stopped"].requests)
    session = session_of(shop, "stopped")

    resumed = shop.ropewalk("--json", "resume", "ending")

    assert resumed.code == 6, resumed.stderr
    late, stopped = (shop.result("ending", name) for name in stages)
    assert (late.status, late.reason) == (DomainStatus.PARTIAL, Reason.TIMEOUT)
    assert git(shop.repository, "show", f"{late.branch}:late/first.txt") == "first"
    assert (stopped.status, stopped.reason) == (DomainStatus.SUCCESS, None)
    assert git(shop.repository, "show", f"{stopped.branch}:stopped/last.txt") == "last"
    assert stopped.agent.session_id == session
    assert FIRST_WORDS in json.dumps(stages["stopped"].requests[before].body)


def scene_of(name: str) -> Scene:
    return Scene(
        key=KEY,
        turns=(
            Say(FIRST_WORDS),
            Write(f"{name}/first.txt", "first\n"),
            Shell(SLEEP.format(began=f"{name}/began.txt")),
            Write(f"{name}/last.txt", "last\n"),
            Say("All is done."),
        ),
    )


def session_of(shop: Shop, name: str) -> object:
    told = (event.data for event in shop.events("agent_session"))
    return next(one["session_id"] for one in told if one["domain"] == name)


def has_begun(shop: Shop, name: str) -> bool:
    worktree = shop.repository / ".worktrees" / "ending" / name
    return (worktree / name / "began.txt").exists()


def ends_of(shop: Shop) -> dict[str, str]:
    ends = (event.data for event in shop.events("agent_ended"))
    return {str(one["domain"]): str(one["outcome"]) for one in ends}


def wait_until(has_come: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not has_come():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
