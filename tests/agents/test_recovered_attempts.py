import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, recover_attempt
from ropewalk.model.config import AgentConfig, AgentKind
from ropewalk.model.result import Outcome

RunShell = Callable[..., AttemptReport]
COORDINATOR = """
import os, signal, sys, threading, time
from pathlib import Path
from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import run_attempt
from ropewalk.git.command import Identity
from ropewalk.model.config import AgentConfig, AgentKind

worktree, repository, result, folder, log = map(Path, sys.argv[1:6])
task = AgentTask(
    epic_id="search", domain="backend", run_id="run1", number=1, worktree=worktree,
    repository=repository, base="a" * 40, prompt="p", files=(), result_path=result,
    folder=folder, log=log, briefing="b", identity=Identity(name="A", email="a@example.invalid"),
)

def emit(type_, data, /, *, sync=False):
    text = data.get("text") if type_ == "agent_activity" else ""
    while text == "kill it behind me" and not (folder / "report.json").exists():
        time.sleep(0.02)
    if text in ("kill the coordinator", "kill it behind me"):
        os.kill(os.getpid(), signal.SIGKILL)

config = AgentConfig(kind=AgentKind.COMMAND, shell=sys.argv[6], env={"MY_TOKEN": "tell-nobody"})
run_attempt(task, config, emit=emit, cancel=threading.Event())
"""
CONFIG = AgentConfig(kind=AgentKind.COMMAND, shell="-", env={"MY_TOKEN": "tell-nobody"})


@pytest.fixture
def killed_during(task: AgentTask) -> Callable[[str], None]:
    """Runs a coordinator that is killed when its agent says so."""

    def run(shell: str) -> None:
        paths = (task.worktree, task.repository, task.result_path, task.folder, task.log)
        argv = [sys.executable, "-c", textwrap.dedent(COORDINATOR), *map(str, paths), shell]
        ended = subprocess.run(argv, capture_output=True, check=False)
        assert ended.returncode == -9, ended.stderr.decode()

    return run


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 15
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_an_agent_that_was_cut_short_is_interrupted_and_its_log_masked(
    killed_during: Callable[[str], None], task: AgentTask
) -> None:
    killed_during("echo $MY_TOKEN; echo kill the coordinator; sleep 30")
    wait_for(task.folder / "report.json")
    assert "tell-nobody" in task.log.read_text()

    recovered = recover_attempt(task, CONFIG)

    assert recovered.outcome is Outcome.INTERRUPTED
    assert task.log.read_text().startswith("[redacted]\n")


def test_an_attempt_that_never_began_was_cut_short(task: AgentTask) -> None:
    assert recover_attempt(task, CONFIG).outcome is Outcome.INTERRUPTED


def test_a_finished_agent_is_recovered_as_it_was_reported(
    attempt: RunShell, task: AgentTask
) -> None:
    live = attempt("echo one; echo two; exit 3")

    recovered = recover_attempt(task, CONFIG)

    assert recovered.outcome is live.outcome is Outcome.NONZERO_EXIT
    assert (recovered.exit_code, recovered.tail) == (3, ("one", "two"))
    assert recovered.summary == live.summary == "two"
    assert recovered.duration_s == pytest.approx(live.duration_s, abs=1.0)


def test_a_log_that_a_killed_coordinator_left_is_masked_by_recovery(
    attempt: RunShell, task: AgentTask
) -> None:
    attempt("true")
    task.log.write_text("the token is tell-nobody\n")

    recovered = recover_attempt(task, CONFIG)

    assert recovered.tail == ("the token is [redacted]",)
    assert task.log.read_text() == "the token is [redacted]\n"


def test_that_nothing_was_to_be_done_is_recovered(attempt: RunShell, task: AgentTask) -> None:
    attempt("""echo '{"status": "no_changes"}' > "$ROPEWALK_RESULT" """)

    recovered = recover_attempt(task, CONFIG)

    assert recovered.outcome is Outcome.NOTHING_TO_DO


def test_an_orderly_exit_without_the_last_word_is_no_end(
    attempt: RunShell, task: AgentTask
) -> None:
    attempt("""echo '{"type": "text", "text": "on it"}'""")
    script = AgentConfig(kind=AgentKind.SCRIPT, script="script.json")

    assert recover_attempt(task, script).outcome is Outcome.INTERRUPTED


def test_a_last_word_that_the_killed_coordinator_never_read_is_recovered(
    killed_during: Callable[[str], None], task: AgentTask
) -> None:
    final = """'{"type": "final", "outcome": "ok", "summary": "'"$MY_TOKEN"' is used"}'"""
    killed_during(f"echo kill it behind me; sleep 0.5; echo {final}")
    wait_for(task.folder / "report.json.rest")
    script = AgentConfig(kind=AgentKind.SCRIPT, script="script.json", env=CONFIG.env)

    recovered = recover_attempt(task, script)
    again = recover_attempt(task, script)

    assert (recovered.outcome, recovered.summary) == (Outcome.OK, "[redacted] is used")
    assert task.log.read_text().count("final") == 1
    assert "tell-nobody" not in task.log.read_text()
    assert recovered == again


def test_a_last_word_in_the_log_is_recovered(attempt: RunShell, task: AgentTask) -> None:
    attempt("""echo '{"type": "final", "outcome": "refused", "summary": "no"}'""")
    script = AgentConfig(kind=AgentKind.SCRIPT, script="script.json")

    recovered = recover_attempt(task, script)

    assert (recovered.outcome, recovered.summary) == (Outcome.REFUSED, "no")


def test_the_report_of_an_earlier_attempt_in_the_same_folder_is_not_taken(
    attempt: RunShell, task: AgentTask, killed_during: Callable[[str], None]
) -> None:
    attempt("exit 3")
    killed_during("echo kill the coordinator; sleep 30")

    recovered = recover_attempt(task, CONFIG)

    assert recovered.outcome is Outcome.INTERRUPTED
    assert (task.folder / "report.before.json").exists()


def test_recovery_without_a_log_still_knows_the_exit_code(
    attempt: RunShell, task: AgentTask
) -> None:
    attempt("exit 4")
    task.log.unlink()

    recovered = recover_attempt(task, CONFIG)

    assert (recovered.exit_code, recovered.tail) == (4, ())
