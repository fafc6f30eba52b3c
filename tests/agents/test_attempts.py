import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, read_claim, run_attempt
from ropewalk.agents.starts import started_from_json
from ropewalk.errors import InvalidInput, RopewalkError, WorktreeError
from ropewalk.model.config import AgentConfig, AgentKind
from ropewalk.model.result import AgentClaim, Outcome
from ropewalk.process import is_alive
from tests.agents.conftest import QUICK, Journal

RunShell = Callable[..., AttemptReport]


def state_of(pid: int) -> str:
    """Return the letter of the process's state, empty when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]


def is_running(pid: int) -> bool:
    return state_of(pid) not in ("", "Z", "X")


def test_the_prompt_comes_on_stdin_and_in_a_file(attempt: RunShell, task: AgentTask) -> None:
    report = attempt('cat > got; cmp got "$ROPEWALK_PROMPT" && cat "$ROPEWALK_BRIEFING" >> got')

    assert report.outcome is Outcome.OK
    assert (task.worktree / "got").read_text() == "Serve the search.\n# Backend\n"


def test_the_agent_works_in_its_worktree(attempt: RunShell, task: AgentTask) -> None:
    report = attempt("pwd -P")

    assert report.tail == (str(task.worktree.resolve()),)


def test_the_files_of_the_domain_are_listed_one_a_line(attempt: RunShell) -> None:
    report = attempt('cat "$ROPEWALK_FILES"')

    assert report.tail == ("api/routes.py", "api/service.py")


def test_a_path_with_a_line_break_stays_one_line(task: AgentTask, journal: Journal) -> None:
    odd = replace(task, files=("a\nb.py", "c.py"))
    config = AgentConfig(kind=AgentKind.COMMAND, shell='cat "$ROPEWALK_FILES"')

    report = run_attempt(odd, config, emit=journal, cancel=threading.Event())

    assert report.tail == ('"a\\nb.py"', "c.py")


def test_an_argument_list_needs_no_shell(task: AgentTask, journal: Journal) -> None:
    config = AgentConfig(kind=AgentKind.COMMAND, argv=("printf", "%s|"), args=("a b", "$HOME"))

    report = run_attempt(task, config, emit=journal, cancel=threading.Event())

    assert report.tail == ("a b|$HOME|",)


def test_extra_arguments_reach_a_shell_command(attempt: RunShell) -> None:
    assert attempt('echo "$1-$2"', args=("x", "y z")).tail == ("x-y z",)


def test_a_relative_program_is_that_of_the_repository_not_of_the_worktree(
    task: AgentTask, journal: Journal
) -> None:
    for folder, word in ((task.repository, "ours"), (task.worktree, "theirs")):
        program = folder / "bin" / "agent"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho {word}\n")
        program.chmod(0o755)
    config = AgentConfig(kind=AgentKind.COMMAND, argv=("bin/agent",))

    report = run_attempt(task, config, emit=journal, cancel=threading.Event())

    assert report.tail == ("ours",)


def test_exit_code_zero_is_ok_and_says_nothing_about_work(attempt: RunShell) -> None:
    report = attempt("true")

    assert (report.outcome, report.exit_code) == (Outcome.OK, 0)
    assert not report.said_nothing_to_do
    assert not report.retryable


def test_another_exit_code_is_told_and_may_be_tried_again(attempt: RunShell) -> None:
    report = attempt("echo broken >&2; exit 3")

    assert (report.outcome, report.exit_code) == (Outcome.NONZERO_EXIT, 3)
    assert report.retryable
    assert report.tail == ("broken",)


def test_a_failing_part_of_a_pipeline_fails_the_agent(attempt: RunShell) -> None:
    assert attempt("false | cat").outcome is Outcome.NONZERO_EXIT


def test_an_agent_that_a_signal_ends_has_crashed(attempt: RunShell) -> None:
    report = attempt("kill -SEGV $$")

    assert (report.outcome, report.exit_code) == (Outcome.CRASHED, None)
    assert report.retryable


def test_a_missing_program_is_a_failed_attempt_with_words(
    task: AgentTask, journal: Journal
) -> None:
    config = AgentConfig(kind=AgentKind.COMMAND, argv=("no-such-agent",))

    report = run_attempt(task, config, emit=journal, cancel=threading.Event())

    assert report.outcome is Outcome.ERROR
    assert not report.retryable
    assert "no-such-agent" in report.summary
    assert journal.events == []


def test_a_missing_worktree_stops_the_attempt(task: AgentTask, journal: Journal) -> None:
    lost = replace(task, worktree=task.worktree / "gone", result_path=task.worktree / "gone" / "r")
    config = AgentConfig(kind=AgentKind.COMMAND, shell="true")

    with pytest.raises(WorktreeError, match="gone"):
        run_attempt(lost, config, emit=journal, cancel=threading.Event())

    assert not lost.worktree.exists()


def test_an_agent_that_hangs_is_ended_at_its_deadline(attempt: RunShell) -> None:
    began = time.monotonic()

    report = attempt("echo begun; sleep 60", timeout_s=1.0)

    assert report.outcome is Outcome.TIMEOUT
    assert report.tail == ("begun",)
    assert report.retryable
    assert time.monotonic() - began < 10


def test_an_agent_that_says_nothing_for_too_long_is_ended(attempt: RunShell) -> None:
    report = attempt("echo begun; sleep 60", idle_timeout_s=0.4)

    assert report.outcome is Outcome.IDLE


def test_an_agent_that_ignores_every_polite_signal_is_ended(attempt: RunShell) -> None:
    report = attempt("trap '' INT TERM; echo $$; while :; do sleep 0.1; done", timeout_s=1.0)

    assert report.outcome is Outcome.TIMEOUT
    assert not is_running(int(report.tail[0]))


def test_a_daemon_that_an_agent_leaves_behind_is_ended(attempt: RunShell, task: AgentTask) -> None:
    report = attempt(
        "setsid sh -c 'trap \"\" TERM; echo $$ > pid; sleep 60' &\n"
        "until [ -s pid ]; do sleep 0.02; done"
    )

    assert report.outcome is Outcome.OK
    assert report.swept >= 1
    assert report.survivors == ()
    assert not is_running(int((task.worktree / "pid").read_text()))


def test_a_cancelled_agent_is_ended_with_its_children(task: AgentTask, journal: Journal) -> None:
    cancel = threading.Event()
    config = AgentConfig(kind=AgentKind.COMMAND, shell="(sleep 60; true); echo never")
    timer = threading.Timer(0.3, cancel.set)
    timer.start()

    report = run_attempt(task, config, emit=journal, cancel=cancel, limits=QUICK)

    timer.join()
    assert report.outcome is Outcome.CANCELLED
    assert not report.retryable
    started = started_from_json(json.loads(json.dumps(journal.events[0][1]["started"])))
    assert not is_alive(started.child)
    assert not is_alive(started.supervisor)


def test_the_start_is_noted_durably_with_who_runs_and_its_mark(
    attempt: RunShell, journal: Journal
) -> None:
    report = attempt("echo $ROPEWALK_MARK")

    type_, data, sync = journal.events[0]
    assert (type_, sync) == ("agent_started", True)
    assert (data["domain"], data["number"]) == ("backend", 1)
    assert report.tail == (data["mark"],)


def test_identities_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="no identity"):
        started_from_json({"supervisor": {"pid": 1}, "child": {}})
    with pytest.raises(ValueError, match="no identity"):
        started_from_json({"supervisor": 1, "child": 2})
    identity = {"pid": "1", "start_time": 1, "boot_id": ""}
    with pytest.raises(ValueError, match="no identity"):
        started_from_json({"supervisor": identity, "child": identity})


def test_a_flood_of_output_is_kept_within_bounds(attempt: RunShell, task: AgentTask) -> None:
    report = attempt("head -c 40000000 /dev/zero | tr '\\0' x; echo; echo the end")

    assert report.outcome is Outcome.OK
    assert report.tail[-1] == "the end"
    assert task.log.stat().st_size <= QUICK.log_bytes
    assert "not kept" in task.log.read_text(errors="replace")[-300_000:]


def test_activity_is_told_at_most_twice_in_a_second(attempt: RunShell, journal: Journal) -> None:
    attempt("for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.12; done")

    first_and_third = zip(journal.times[1:], journal.times[3:], strict=False)
    assert journal.texts()[0] == "line 1"
    assert len(journal.texts()) >= 2
    assert all(third - first > 0.9 for first, third in first_and_third)


def test_activity_is_one_harmless_line(attempt: RunShell, journal: Journal) -> None:
    attempt("printf 'a\\033[31m b\\033]0;title\\007\\tc%0400d\\n' 0")

    (text,) = journal.texts()
    assert text.startswith("a b c000")
    assert len(text) == 160


def test_the_log_holds_both_streams_and_is_its_owners_alone(
    attempt: RunShell, task: AgentTask
) -> None:
    report = attempt("echo out; echo err >&2")

    assert report.log == task.log
    assert set(task.log.read_text().split()) == {"out", "err"}
    assert task.log.stat().st_mode & 0o777 == 0o600


def test_nothing_to_do_counts_when_the_agent_wrote_so(attempt: RunShell) -> None:
    report = attempt("""echo '{"status": "nothing_to_do"}' > "$ROPEWALK_RESULT" """)

    assert report.outcome is Outcome.NOTHING_TO_DO
    assert report.said_nothing_to_do


@pytest.mark.parametrize(
    "write",
    [
        """echo '{"status": "success"}' > "$ROPEWALK_RESULT" """,
        """echo '{"status": ' > "$ROPEWALK_RESULT" """,
        """echo '{"status": "nothing_to_do", "status": "success"}' > "$ROPEWALK_RESULT" """,
        """mkfifo "$ROPEWALK_RESULT" """,
        """ln -s /dev/zero "$ROPEWALK_RESULT" """,
        """mkdir "$ROPEWALK_RESULT" """,
        """truncate -s 1G "$ROPEWALK_RESULT" """,
        """echo '{"status": "nothing_to_do"}' > x; ln x "$ROPEWALK_RESULT" """,
        "true",
    ],
)
def test_any_other_account_says_nothing(attempt: RunShell, write: str) -> None:
    began = time.monotonic()

    report = attempt(write)

    assert report.outcome is Outcome.OK
    assert not report.said_nothing_to_do
    assert time.monotonic() - began < 10


def test_a_failed_agent_that_says_nothing_is_to_be_done_is_not_believed(
    attempt: RunShell,
) -> None:
    report = attempt("""echo '{"status": "no_changes"}' > "$ROPEWALK_RESULT"; exit 1""")

    assert report.outcome is Outcome.NONZERO_EXIT
    assert not report.said_nothing_to_do


def test_the_account_is_read_with_what_it_says(attempt: RunShell, task: AgentTask) -> None:
    attempt("""echo '{"status": "success", "summary": "did it"}' > "$ROPEWALK_RESULT" """)

    claim = read_claim(task.worktree, task.result_path)

    assert isinstance(claim, AgentClaim)
    assert claim.summary == "did it"


def test_a_missing_account_is_called_missing(attempt: RunShell, task: AgentTask) -> None:
    attempt("true")

    assert read_claim(task.worktree, task.result_path) == "missing"


def test_an_account_of_an_earlier_attempt_is_moved_aside_and_kept(
    attempt: RunShell, task: AgentTask
) -> None:
    for word in ("first", "second"):
        task.result_path.parent.mkdir(parents=True, exist_ok=True)
        task.result_path.write_text(word)
        attempt("true")

    kept = sorted(task.result_path.parent.iterdir())
    assert [path.name for path in kept] == [
        "backend_results.before-1-1.json",
        "backend_results.before-1.json",
    ]
    assert [path.read_text() for path in kept] == ["second", "first"]
    assert read_claim(task.worktree, task.result_path) == "missing"


def test_a_result_folder_that_leads_out_of_the_worktree_is_refused(
    attempt: RunShell, task: AgentTask, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "outputs" / "search").mkdir(parents=True)
    precious = outside / "outputs" / "search" / "backend_results.json"
    precious.write_text("precious")
    (task.worktree / ".workflow").symlink_to(outside)

    with pytest.raises(WorktreeError, match="backend"):
        attempt("true")

    assert precious.read_text() == "precious"


def test_notices_that_came_before_the_start_are_kept(attempt: RunShell, task: AgentTask) -> None:
    task.folder.mkdir(parents=True)
    (task.folder / "notices.md").write_text("frontend changes api/routes.py too\n")

    report = attempt('cat "$ROPEWALK_NOTICES"')

    assert report.tail == ("frontend changes api/routes.py too",)


def test_an_agent_without_a_command_is_refused(task: AgentTask, journal: Journal) -> None:
    with pytest.raises(InvalidInput, match="neither argv nor shell"):
        run_attempt(
            task, AgentConfig(kind=AgentKind.COMMAND), emit=journal, cancel=threading.Event()
        )


def test_a_failing_journal_ends_the_agent(task: AgentTask) -> None:
    pids: list[int] = []

    def refuse(type_: str, data: object, /, *, sync: bool = False) -> None:
        if type_ == "agent_activity" and isinstance(data, dict):
            pids.append(int(data["text"]))
            raise OSError("no space")

    config = AgentConfig(kind=AgentKind.COMMAND, shell="echo $$; sleep 60")

    with pytest.raises(OSError, match="no space"):
        run_attempt(task, config, emit=refuse, cancel=threading.Event(), limits=QUICK)

    assert not is_running(pids[0])


def test_the_last_line_is_the_summary_of_a_command(attempt: RunShell) -> None:
    assert attempt("echo one; echo; echo ' all done '").summary == "all done"


def test_the_use_of_the_whole_tree_is_measured(attempt: RunShell) -> None:
    report = attempt("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")

    assert report.process is not None
    assert report.process.cpu_s > 0
    assert report.duration_s > 0


def test_an_attempt_folder_that_cannot_be_made_is_a_storage_error(
    attempt: RunShell, task: AgentTask
) -> None:
    task.folder.parent.mkdir(parents=True)
    task.folder.write_text("in the way")

    with pytest.raises(RopewalkError, match=r"agent-backend\.1"):
        attempt("true")

    assert os.path.lexists(task.folder)
