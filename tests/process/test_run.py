"""Running one program: what goes in, what comes out, what cannot be started."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput, ProgramNotFound, RopewalkError
from ropewalk.process import Ended, EndedBy, Limits, Started, is_alive, run, shell_argv
from tests.process.trees import (
    QUICK,
    coordinator_argv,
    live_pids,
    plain_environment,
    python_argv,
    tree_argv,
    wait_until,
)

CAPTURING = Limits(capture_bytes=1_000_000)
# Signals 32 and 33 belong to the C library, which lets nobody reset them; make starts its children
# with them ignored.
LIBRARY_SIGNALS = 0b11 << 31


def run_shell(command: str, cwd: Path, *, stdin: bytes = b"", limits: Limits = CAPTURING) -> Ended:
    return run(shell_argv(command), cwd=cwd, env=plain_environment(), stdin=stdin, limits=limits)


@pytest.mark.parametrize("code", [0, 1, 7, 127, 255])
def test_the_exit_code_is_reported(tmp_path: Path, code: int) -> None:
    ended = run_shell(f"exit {code}", tmp_path)

    assert (ended.exit_code, ended.signal, ended.ended_by) == (code, None, EndedBy.EXIT)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_the_signal_that_ended_the_program_is_reported(
    tmp_path: Path, number: signal.Signals
) -> None:
    ended = run_shell(f"kill -{number.value} $$", tmp_path)

    assert (ended.exit_code, ended.signal, ended.ended_by) == (None, number, EndedBy.EXIT)


def test_stdout_is_captured_and_both_streams_reach_tail_and_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "step.log"

    ended = run(
        shell_argv("echo one; sleep 0.15; echo two >&2; sleep 0.15; echo three"),
        cwd=tmp_path,
        env=plain_environment(),
        limits=CAPTURING,
        log=log,
    )

    assert ended.output == b"one\nthree\n"
    assert ended.tail == ("one", "two", "three")
    assert log.read_bytes() == b"one\ntwo\nthree\n"
    assert ended.output_bytes == len(b"one\ntwo\nthree\n")
    assert not ended.truncated


def test_capture_keeps_the_beginning_and_says_that_there_was_more(tmp_path: Path) -> None:
    ended = run_shell("printf 0123456789", tmp_path, limits=Limits(capture_bytes=4))

    assert (ended.output, ended.output_bytes, ended.truncated) == (b"0123", 10, True)


def test_nothing_is_captured_unless_asked_for(tmp_path: Path) -> None:
    ended = run_shell("echo much", tmp_path, limits=Limits())

    assert (ended.output, ended.truncated, ended.tail) == (b"", False, ("much",))


def test_the_tail_holds_the_last_lines_only(tmp_path: Path) -> None:
    ended = run_shell("seq 1 100; printf unfinished", tmp_path, limits=Limits(tail_lines=3))

    assert ended.tail == ("99", "100", "unfinished")


def test_no_tail_is_kept_when_none_is_wanted(tmp_path: Path) -> None:
    ended = run_shell("seq 1 100", tmp_path, limits=Limits(tail_lines=0))

    assert ended.tail == ()


def test_the_program_sees_exactly_the_environment_that_was_given(tmp_path: Path) -> None:
    given = {"PATH": "/usr/bin:/bin", "EMPTY": "", "ODD": "a=b\nc \udcff", "UMLAUT": "ä"}

    ended = run(
        python_argv("import os; os.write(1, open('/proc/self/environ', 'rb').read())"),
        cwd=tmp_path,
        env=given,
        limits=CAPTURING,
    )

    expected = {os.fsencode(f"{name}={value}") for name, value in given.items()}
    assert set(ended.output.removesuffix(b"\0").split(b"\0")) == expected


def test_the_parent_of_the_program_shows_nothing_of_our_environment(tmp_path: Path) -> None:
    ended = run_shell("cat /proc/$PPID/environ", tmp_path)

    assert b"PATH=" not in ended.output
    assert b"HOME=" not in ended.output


def test_the_program_has_default_signals_and_leads_its_own_session(tmp_path: Path) -> None:
    ended = run_shell(
        "grep -E '^Sig(Ign|Blk)' /proc/self/status; cut -d' ' -f1,5,6 /proc/$$/stat", tmp_path
    )

    blocked, ignored, ids = ended.output.decode().splitlines()
    assert int(blocked.split()[1], 16) == 0
    assert int(ignored.split()[1], 16) & ~LIBRARY_SIGNALS == 0
    assert len(set(ids.split())) == 1


def test_the_program_inherits_no_descriptors_but_the_standard_ones(tmp_path: Path) -> None:
    ended = run(
        python_argv("import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd')))"),
        cwd=tmp_path,
        env=plain_environment(),
        limits=CAPTURING,
    )

    assert ended.output == b"[0, 1, 2, 3]\n"


def test_stdin_is_at_its_end_when_nothing_is_given(tmp_path: Path) -> None:
    ended = run_shell("cat; echo end", tmp_path)

    assert ended.output == b"end\n"


def test_large_stdin_and_large_stdout_at_once_do_not_block(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000

    ended = run_shell("cat", tmp_path, stdin=content, limits=Limits(capture_bytes=10_000_000))

    assert ended.output == content


@pytest.mark.parametrize("command", ["true", "exec <&-; sleep 0.1", "head -c 10 >/dev/null"])
def test_stdin_that_nobody_reads_is_no_error(tmp_path: Path, command: str) -> None:
    ended = run_shell(command, tmp_path, stdin=b"x" * 5_000_000)

    assert ended.exit_code == 0


def test_lines_are_handed_on_as_they_come(tmp_path: Path) -> None:
    lines: list[bytes] = []
    first_line_seen = tmp_path / "seen"

    def on_line(line: bytes) -> None:
        lines.append(line)
        first_line_seen.touch()

    ended = run(
        shell_argv("echo first; while [ ! -e seen ]; do sleep 0.01; done; printf 'a\\n\\nb'"),
        cwd=tmp_path,
        env=plain_environment(),
        limits=Limits(wall_s=10),
        on_line=on_line,
    )

    assert ended.exit_code == 0
    assert lines == [b"first", b"a", b"", b"b"]


def test_on_start_names_two_live_processes(tmp_path: Path) -> None:
    seen: list[tuple[Started, bool, bool]] = []

    def on_start(started: Started) -> None:
        seen.append((started, is_alive(started.supervisor), is_alive(started.child)))

    ended = run(
        shell_argv("echo $$ $PPID; sleep 0.2"),
        cwd=tmp_path,
        env=plain_environment(),
        limits=CAPTURING,
        on_start=on_start,
    )

    [(started, is_supervisor_alive, is_child_alive)] = seen
    assert (is_supervisor_alive, is_child_alive) == (True, True)
    assert ended.output.split() == [
        str(started.child.pid).encode(),
        str(started.supervisor.pid).encode(),
    ]
    assert not is_alive(started.child)
    assert not is_alive(started.supervisor)


@pytest.mark.parametrize("callback", ["on_line", "on_start"])
def test_a_failing_callback_ends_the_whole_tree(tmp_path: Path, callback: str) -> None:
    folder = tmp_path / "tree"

    def fail(_value: object) -> None:
        assert wait_until(lambda: folder.exists() and bool(live_pids(folder)))
        message = "the callback failed"
        raise OSError(message)

    callbacks: dict[str, Callable[[object], None]] = {callback: fail}
    with pytest.raises(OSError, match="the callback failed"):
        run(
            shell_argv('echo line; exec "$0" "$@"') + tree_argv("hang", folder),
            cwd=tmp_path,
            env=plain_environment(),
            limits=QUICK,
            on_line=callbacks.get("on_line"),
            on_start=callbacks.get("on_start"),
        )

    assert live_pids(folder) == []


def test_usage_covers_the_children_of_the_program_too(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    argv = python_argv(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])")

    ended = run(argv, cwd=tmp_path, env=plain_environment())

    assert ended.usage is not None
    assert 0.2 <= ended.usage.cpu_s < 5
    assert ended.usage.max_rss_kb > 1_000


def test_duration_is_that_of_the_program(tmp_path: Path) -> None:
    ended = run_shell("sleep 0.2", tmp_path)

    assert 0.19 <= ended.duration_s < 2


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match="'no-such-agent' was not found"):
        run(["no-such-agent"], cwd=tmp_path, env=plain_environment())


def test_a_program_is_looked_up_in_the_given_path(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "greet"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)

    ended = run(["greet"], cwd=tmp_path, env={"PATH": str(program.parent)}, limits=CAPTURING)
    with pytest.raises(ProgramNotFound):
        run(["greet"], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"})

    assert ended.output == b"hello\n"


@pytest.mark.parametrize("content", ["no interpreter line", "#!/no/such/interpreter\n"])
def test_a_file_that_cannot_be_executed_is_refused(tmp_path: Path, content: str) -> None:
    program = tmp_path / "program"
    program.write_text(content)
    program.chmod(0o755)

    with pytest.raises(ProgramNotFound, match="program"):
        run([str(program)], cwd=tmp_path, env=plain_environment())


def test_a_file_without_the_executable_bit_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")

    with pytest.raises(ProgramNotFound, match="is not a program that can be executed"):
        run([str(program)], cwd=tmp_path, env=plain_environment())


def test_a_missing_working_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(RopewalkError, match="missing: no such file or directory") as caught:
        run(["true"], cwd=tmp_path / "missing", env=plain_environment())

    assert caught.value.code == "no_directory"


def test_an_argument_list_that_is_too_long_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(RopewalkError, match="argument list too long") as caught:
        run(["true", "x" * 4_000_000], cwd=tmp_path, env=plain_environment())

    assert caught.value.code == "not_started"


def test_an_empty_argument_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="argument list is empty"):
        run([], cwd=tmp_path, env=plain_environment())


def test_a_nul_byte_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="NUL"):
        run(["true", "a\0b"], cwd=tmp_path, env=plain_environment())


def test_empty_arguments_arrive(tmp_path: Path) -> None:
    ended = run(
        python_argv("import sys; print(sys.argv[1:])", "", "a b", ""),
        cwd=tmp_path,
        env=plain_environment(),
        limits=CAPTURING,
    )

    assert ended.output == b"['', 'a b', '']\n"


def test_a_failure_to_start_leaves_no_descriptor_open(tmp_path: Path) -> None:
    def open_descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_descriptors()
    for argv in (["no-such-program"], ["true"], []):
        try:
            run(argv, cwd=tmp_path, env=plain_environment(), stdin=b"x", log=tmp_path / "log")
        except RopewalkError:
            continue

    assert open_descriptors() == before


def test_exit_codes_are_right_when_many_threads_run_programs(tmp_path: Path) -> None:
    def exit_code(number: int) -> tuple[int | None, bytes]:
        ended = run_shell(f"echo {number}; exit {number}", tmp_path)
        return ended.exit_code, ended.output

    with ThreadPoolExecutor(max_workers=25) as pool:
        codes = list(pool.map(exit_code, range(50)))

    assert codes == [(number, f"{number}\n".encode()) for number in range(50)]


def test_an_event_that_is_set_already_ends_the_program_at_once(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()

    ended = run(["sleep", "60"], cwd=tmp_path, env=plain_environment(), limits=QUICK, cancel=cancel)

    assert (ended.ended_by, ended.signal) == (EndedBy.CANCELLED, signal.SIGINT)


@pytest.mark.parametrize(
    ("interpreter", "code"), [("/bin/false", "supervisor_lost"), ("/no/python", "not_started")]
)
def test_a_supervisor_that_does_not_work_is_an_error_and_no_hang(
    interpreter: str, code: str
) -> None:
    source = f"""
from pathlib import Path
from ropewalk.errors import RopewalkError
from ropewalk.process import run
sys.executable = {interpreter!r}
try:
    run(["true"], cwd=Path("/"), env={{}}, stdin=b"x")
except RopewalkError as error:
    print(error.code, len(list(Path("/proc/self/fd").iterdir())))
"""
    argv = coordinator_argv(source)

    finished = subprocess.run(argv, capture_output=True, check=True, timeout=30)

    assert finished.stdout.split() == [code.encode(), b"4"]
