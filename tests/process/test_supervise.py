"""The supervisor's own protocol, spoken with it directly."""

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from ropewalk import _supervise
from ropewalk.process import Limits, find_identity, is_alive, read_rest
from ropewalk.process.supervised import Request, Supervised
from tests.process.trees import live_pids, tree_argv, wait_until

# Started as a module of this interpreter, so that a test can take something away from it first.
PROGRAM = "import sys; from ropewalk import _supervise; {change}; _supervise.main(sys.argv[1:])"


class Conversation:
    """One supervisor and our ends of its pipes."""

    def __init__(self, change: str = "None") -> None:
        control, self.control = os.pipe()
        self.status, status = os.pipe()
        self.output, output = os.pipe()
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(_supervise.__file__).parent.parent),
        }
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", PROGRAM.format(change=change)),
                *map(str, (control, status, self.output)),
            ],
            pass_fds=(control, status, self.output),
            env=environment,
            stdout=output,
            start_new_session=True,
        )
        for theirs in (control, status, output):
            os.close(theirs)
        self.lines = self._lines()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave()
        self.process.wait(timeout=15)
        os.close(self.status)
        os.close(self.output)

    def ask(
        self, *argv: str, report: str = "", cwd: str = "/", patience: str = "0.2"
    ) -> dict[str, object]:
        """Send a request and return the first answer."""
        entries = [f"{name}={value}" for name, value in os.environ.items()]
        fields = [patience, patience, cwd, report, str(len(argv)), *argv, *entries]
        body = b"\0".join(os.fsencode(field) for field in fields)
        os.write(self.control, len(body).to_bytes(8, "big") + body)
        return next(self.lines)

    def leave(self) -> None:
        """Vanish as a killed coordinator does."""
        if self.control >= 0:
            os.close(self.control)
            self.control = -1

    def _lines(self) -> Iterator[dict[str, object]]:
        with open(self.status, "rb", closefd=False) as file:
            for line in file:
                yield json.loads(line)


def test_it_says_who_runs_and_how_that_ended() -> None:
    with Conversation() as conversation:
        began = conversation.ask("sh", "-c", "echo out; exit 9")
        ended = next(conversation.lines)
        output = os.read(conversation.output, 100)

    assert set(began) == {"child", "start_time"}
    assert (ended["exit_code"], ended["signal"], ended["ended_by"]) == (9, None, "exit")
    assert (ended["swept"], ended["survivors"]) == (0, [])
    assert output == b"out\n"


@pytest.mark.parametrize(
    ("byte", "reason"), [(b"t", "timeout"), (b"i", "idle"), (b"c", "cancelled"), (b"?", "lost")]
)
def test_a_request_to_stop_carries_its_reason(byte: bytes, reason: str) -> None:
    with Conversation() as conversation:
        conversation.ask("sleep", "60")
        os.write(conversation.control, byte)
        ended = next(conversation.lines)

    assert (ended["ended_by"], ended["signal"]) == (reason, signal.SIGINT)


@pytest.mark.parametrize("shape", ["hang", "daemon_and_hang", "stopped"])
def test_the_end_of_the_control_pipe_ends_the_tree(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "tree"
    report = tmp_path / "report.json"
    with Conversation() as conversation:
        conversation.ask(*tree_argv(shape, folder), report=str(report), patience="30")
        assert wait_until(lambda: bool(live_pids(folder)))
        began = time.monotonic()
        conversation.leave()
        ended = next(conversation.lines)

    assert ended["ended_by"] == "lost"
    assert json.loads(report.read_bytes()) == ended
    assert live_pids(folder) == []
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_supervisor_ends_its_tree(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "tree"
    with Conversation() as conversation:
        conversation.ask(*tree_argv("hang", folder))
        assert wait_until(lambda: bool(live_pids(folder)))
        conversation.process.send_signal(number)
        ended = next(conversation.lines)

    assert (ended["ended_by"], ended["signal"]) == ("cancelled", signal.SIGKILL)
    assert live_pids(folder) == []


def test_daemons_are_swept_after_the_end_of_the_program(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    with Conversation() as conversation:
        conversation.ask(*tree_argv("many_daemons", folder))
        ended = next(conversation.lines)

    assert (ended["exit_code"], ended["swept"]) == (0, 20)
    assert live_pids(folder) == []


def test_orphans_that_end_by_themselves_are_reaped_at_once() -> None:
    with Conversation() as conversation:
        answer = conversation.ask("sh", "-c", "(true & echo $!) ; read line < /dev/tty || sleep 60")
        orphan = int(os.read(conversation.output, 100))

        is_reaped = wait_until(lambda: not Path(f"/proc/{orphan}").exists())

        os.write(conversation.control, b"c")
        ended = next(conversation.lines)

    assert "child" in answer
    assert is_reaped
    assert ended["swept"] in {0, 1}


@pytest.mark.parametrize(
    ("argv", "cwd", "answer"),
    [
        ("no-such-program", "/", {"failed": "exec", "errno": 2}),
        ("true", "/no/such/folder", {"failed": "cwd", "errno": 2}),
    ],
)
def test_a_program_that_cannot_be_started_is_reported(
    argv: str, cwd: str, answer: dict[str, object]
) -> None:
    with Conversation() as conversation:
        answered = conversation.ask(argv, cwd=cwd)

    assert answered == answer


def test_it_leaves_quietly_when_nobody_sends_a_request() -> None:
    with Conversation() as conversation:
        os.write(conversation.control, b"\0\0")
        conversation.leave()
        lines = list(conversation.lines)

        code = conversation.process.wait(timeout=10)

    assert (lines, code) == ([], 0)


def test_a_report_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    with Conversation() as conversation:
        conversation.ask("true", report=str(tmp_path / "missing" / "report"))
        ended = next(conversation.lines)

    assert ended["exit_code"] == 0


def test_it_ends_the_group_where_there_is_no_subreaper(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    change = "_supervise.become_subreaper = lambda: False"
    with Conversation(change) as conversation:
        conversation.ask("sh", "-c", '"$@" & exec "$@"', "sh", *tree_argv("hang", folder))
        assert wait_until(lambda: len(live_pids(folder)) == 2)
        os.write(conversation.control, b"c")
        ended = next(conversation.lines)

    assert ended["signal"] == signal.SIGKILL
    assert wait_until(lambda: not live_pids(folder))


def test_background_children_end_with_the_group_where_there_is_no_subreaper(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "tree"
    change = "_supervise.become_subreaper = lambda: False"
    command = '"$@" & while [ -z "$(ls "$0")" ]; do sleep 0.01; done; exit 8'
    with Conversation(change) as conversation:
        conversation.ask("sh", "-c", command, str(folder), *tree_argv("hang", folder))
        ended = next(conversation.lines)

    assert ended["exit_code"] == 8
    assert wait_until(lambda: not live_pids(folder))


def test_what_cannot_be_ended_in_time_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    change = "_supervise.KILL_PATIENCE_S = 0"
    with Conversation(change) as conversation:
        began = conversation.ask(*tree_argv("hang", folder))
        assert wait_until(lambda: bool(live_pids(folder)))
        os.write(conversation.control, b"c")
        ended = next(conversation.lines)
        os.kill(int(str(began["child"])), signal.SIGKILL)

    assert ended["survivors"] == [began["child"]]
    assert (ended["exit_code"], ended["signal"]) == (None, None)


def test_children_are_found_by_their_parent_where_the_kernel_does_not_list_them() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        parents = {
            pid: _supervise.stat_field(pid, _supervise.STAT_PARENT)
            for pid in _supervise.numbered_processes()
        }
        identity = find_identity(process.pid)
        process.kill()

    assert parents[process.pid] == os.getpid()
    assert _supervise.stat_field(2**22 + 1, _supervise.STAT_START) == 0
    assert identity is not None
    assert not is_alive(identity)


def test_what_a_coordinator_that_is_gone_had_not_read_is_kept_beside_the_report(
    tmp_path: Path,
) -> None:
    report = tmp_path / "report.json"
    with Conversation() as conversation:
        conversation.ask("sh", "-c", "echo the last word", report=str(report))
        assert next(conversation.lines)["exit_code"] == 0
        is_early = read_rest(report)
        conversation.leave()
        conversation.process.wait(timeout=15)

    assert is_early == b""
    assert read_rest(report) == b"the last word\n"


def test_without_a_report_nothing_waits_for_an_answer() -> None:
    with Conversation() as conversation:
        conversation.ask("true")
        next(conversation.lines)

        assert conversation.process.wait(timeout=15) == 0


def test_a_report_that_comes_together_with_the_word_of_the_start_is_not_waited_for(
    tmp_path: Path,
) -> None:
    report = tmp_path / "report.json"
    request = Request(argv=("true",), cwd=tmp_path, env=os.environ, limits=Limits(), report=report)
    with Supervised(request, has_stdin=False) as supervised:
        supervised.ask()
        assert wait_until(report.exists)
        # The last line goes out behind the report; nothing else tells when it has.
        assert wait_until(lambda: _unread(supervised.status) > len(report.read_bytes()))

        supervised.start()

        ended = supervised.read_report()
        has_reported = supervised.has_reported
        supervised.kill()

    assert has_reported
    assert ended is not None
    assert ended.exit_code == 0


def _unread(descriptor: int) -> int:
    counted = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, counted)
    return counted[0]
