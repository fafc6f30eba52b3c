"""Two coordinators of one epic: one works, the other is told so at once and changes nothing."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.epic.life import coordinate
from ropewalk.epic.start import begin
from ropewalk.errors import WrongPhase
from ropewalk.process import find_identity, is_alive
from ropewalk.store.lock import is_epic_locked
from tests.harness import Epic
from tests.stories.shell import ropewalk, start

PATIENCE_S = 60.0
# A start of Python on a busy machine, and the second within which a lock is refused.
AT_ONCE_S = 20.0


def plan_slow(repository: Path, pids: Path) -> Epic:
    pids.mkdir()
    epic = Epic(repository)
    domains = [
        {
            "name": name,
            "new_files": [f"{name}.txt"],
            "command": f"echo $$ >> {pids}/{name}; echo {name} > {name}.txt; {rest}",
        }
        for name, rest in (
            ("quick", "true"),
            ("slow", f"test -e {pids}/go || sleep 300"),
        )
    ]
    epic.plan(json.dumps({"epic_id": "shared", "domains": domains, "validation": ["true"]}))
    return epic


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not (path.is_file() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.02)
    return path.read_text()


def is_gone(pid: int) -> bool:
    identity = find_identity(pid)
    return identity is None or not is_alive(identity)


def test_the_second_is_busy_at_once_and_may_go_on_when_the_first_was_killed(
    repository: Path, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    epic = plan_slow(repository, pids)
    first = start(repository, "run", "shared", "--parallel", log=tmp_path / "first.log")
    try:
        agent = int(wait_for(pids / "slow"))
        wait_for(pids / "quick")
        began = time.monotonic()
        refused = [
            ropewalk(repository, "--json", *verb)
            for verb in (("resume", "shared"), ("collect", "shared"), ("merge", "shared"))
        ]
        took = (time.monotonic() - began) / len(refused)

        assert {ended.code for ended in refused} == {8}
        assert {json.loads(ended.stdout)["error"]["code"] for ended in refused} == {"busy"}
        assert all(str(first.pid) in ended.stdout for ended in refused)
        assert took < AT_ONCE_S
        assert not is_gone(agent)
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait(timeout=PATIENCE_S)

    (pids / "go").touch()
    assert not is_epic_locked(repository / ".git", "shared")
    resumed = ropewalk(repository, "--json", "resume", "shared")

    assert resumed.code == 0, resumed.stderr
    assert is_gone(agent)
    assert [result["status"] for result in resumed.document["domains"]] == ["success"] * 2  # type: ignore[attr-defined]
    assert len((pids / "quick").read_text().split()) == 1
    assert ropewalk(repository, "merge", "shared").code == 0
    assert (epic.repository / "slow.txt").read_text() == "slow\n"


def test_a_run_that_was_prepared_before_another_one_ended_does_not_begin(epic: Epic) -> None:
    domain = {"name": "one", "new_files": ["one.txt"], "command": "echo 1 >> one.txt"}
    plan = epic.plan(json.dumps({"epic_id": "shared", "domains": [domain]}))
    late = api.check_run(epic.workspace, "shared", api.RunRequest())
    epic.run()

    with (
        coordinate(epic.workspace, plan, late.run_id) as found,
        pytest.raises(WrongPhase) as refused,
    ):
        begin(found.context.workspace, plan, late, found.journal, request={})

    assert epic.state.run_id in refused.value.message
    assert [run.run_id for run in api.list_runs(epic.workspace)] == [epic.state.run_id]


def test_of_several_that_start_together_exactly_one_works(repository: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    plan_slow(repository, pids)
    (pids / "go").touch()

    all_of_them = [
        start(repository, "run", "shared", "--parallel", log=tmp_path / f"{number}.log")
        for number in range(3)
    ]
    codes = sorted(process.wait(timeout=PATIENCE_S) for process in all_of_them)

    assert codes[0] == 0
    # One that came after the end is told that there is nothing left to run.
    assert set(codes[1:]) <= {2, 8}
    assert len((pids / "slow").read_text().split()) == 1
    assert len(list((repository / ".workflow" / "runs").glob("*/journal.jsonl"))) == 1
