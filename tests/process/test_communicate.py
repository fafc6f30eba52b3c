"""The pump for short programs: nothing blocks it, nothing is missed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ropewalk.process import communicate, shell_argv
from tests.process.trees import coordinator_argv, live_pids, tree_argv, wait_until


def start(argv: tuple[str, ...], *, has_stdin: bool = True) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def test_both_streams_and_the_exit_code_come_back() -> None:
    process = start(shell_argv("cat; echo problem >&2; exit 3"))

    out, err, is_late = communicate(process, stdin=b"question", deadline_s=10, limit=None)

    assert (out, err, is_late, process.returncode) == (b"question", b"problem\n", False, 3)


def test_large_input_and_output_at_once_do_not_block() -> None:
    content = bytes(range(256)) * 40_000
    process = start(("tee", "/dev/stderr"))

    out, err, _late = communicate(process, stdin=content, deadline_s=30, limit=None)

    assert out == content
    assert err == content


def test_no_input_means_the_end_of_input() -> None:
    process = start(("cat",))

    out, _err, is_late = communicate(process, stdin=b"", deadline_s=10, limit=None)

    assert (out, is_late) == (b"", False)


def test_input_that_nobody_reads_is_no_error() -> None:
    process = start(("true",))

    _out, _err, is_late = communicate(process, stdin=b"x" * 1_000_000, deadline_s=10, limit=None)

    assert (process.returncode, is_late) == (0, False)


def test_the_deadline_kills_the_whole_group(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    began = time.monotonic()
    process = start((*shell_argv('"$0" "$@" & echo begun; wait'), *tree_argv("hang", folder)))

    out, _err, is_late = communicate(process, stdin=b"", deadline_s=0.5, limit=None)

    assert (out, is_late, process.returncode) == (b"begun\n", True, -signal.SIGKILL)
    assert wait_until(lambda: not live_pids(folder))
    assert time.monotonic() - began < 5


def test_a_grandchild_that_holds_the_pipe_does_not_block() -> None:
    began = time.monotonic()
    process = start(shell_argv("echo answer; sleep 3 &"))

    out, _err, is_late = communicate(process, stdin=b"", deadline_s=None, limit=None)

    assert (out, is_late) == (b"answer\n", False)
    assert time.monotonic() - began < 2


def test_a_grandchild_that_floods_the_pipe_does_not_block() -> None:
    process = start(shell_argv("timeout 3 yes & echo $!; sleep 0.05"))
    began = time.monotonic()

    _out, _err, is_late = communicate(process, stdin=b"", deadline_s=None, limit=1000)

    assert not is_late
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(("limit", "kept"), [(0, 1), (4, 5), (10, 10), (11, 10), (None, 10)])
def test_a_limit_keeps_one_byte_more_so_that_excess_shows(limit: int | None, kept: int) -> None:
    process = start(shell_argv("printf 0123456789; printf 0123456789 >&2"))

    out, err, _late = communicate(process, stdin=b"", deadline_s=10, limit=limit)

    assert out == err == b"0123456789"[:kept]


def test_a_process_without_pipes_is_waited_for() -> None:
    process = subprocess.Popen(["sh", "-c", "exit 4"], start_new_session=True)

    out, err, is_late = communicate(process, stdin=b"", deadline_s=10, limit=None)

    assert (out, err, is_late, process.returncode) == (b"", b"", False, 4)


def test_a_process_that_closed_its_output_is_waited_for() -> None:
    process = start(shell_argv("echo x; exec >&- 2>&-; sleep 0.2; exit 5"), has_stdin=False)

    out, _err, _late = communicate(process, stdin=b"", deadline_s=10, limit=None)

    assert (out, process.returncode) == (b"x\n", 5)


def test_no_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    communicate(start(("cat",)), stdin=b"x", deadline_s=10, limit=None)
    communicate(start(("sleep", "60")), stdin=b"", deadline_s=0.05, limit=None)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_ctrl_c_kills_the_group(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    source = """
import subprocess
from ropewalk.process import communicate
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)
try:
    communicate(process, stdin=b"", deadline_s=None, limit=None)
except KeyboardInterrupt:
    sys.exit(130)
"""
    argv = coordinator_argv(source, *tree_argv("hang", folder))
    with subprocess.Popen(argv) as coordinator:
        assert wait_until(lambda: bool(live_pids(folder)))
        coordinator.send_signal(signal.SIGINT)
        code = coordinator.wait(timeout=10)

    assert code == 130
    assert wait_until(lambda: not live_pids(folder))


def test_a_process_that_ended_before_the_call_is_read_too() -> None:
    process = start((sys.executable, "-c", "print('early')"))
    stat = Path(f"/proc/{process.pid}/stat")
    assert wait_until(lambda: stat.read_bytes().rpartition(b")")[2].split()[0] == b"Z")

    out, _err, _late = communicate(process, stdin=b"unread", deadline_s=10, limit=None)

    assert out == b"early\n"


def test_the_end_is_noticed_without_the_help_of_a_process_descriptor() -> None:
    source = """
import os, subprocess
if hasattr(os, "pidfd_open"):
    del os.pidfd_open
from ropewalk.process import communicate
def ask(command, deadline_s):
    argv = ["sh", "-c", command]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    print(communicate(process, stdin=b"", deadline_s=deadline_s, limit=None), process.returncode)
ask("sleep 0.1; echo x; sleep 3 2>/dev/null & exit 2", None)
ask("sleep 60", 0.1)
"""
    began = time.monotonic()

    answer = subprocess.run(coordinator_argv(source), capture_output=True, check=True).stdout

    assert answer.splitlines() == [b"(b'x\\n', b'', False) 2", b"(b'', b'', True) -9"]
    assert time.monotonic() - began < 3
