"""Logs, tails, captures and lines stay bounded and say what they left out."""

import re
import resource
import subprocess
from pathlib import Path

import pytest

from ropewalk.errors import StorageError
from ropewalk.process import Limits, run, shell_argv
from ropewalk.process.output import LINE_BYTES, BoundedLog, LineSplitter, Output, Recent
from tests.process.trees import coordinator_argv, plain_environment, python_argv

MARKER = re.compile(rb"\n\[\xe2\x80\xa6 (\d+) bytes not kept \xe2\x80\xa6\]\n")

FLOOD = """
import resource, sys, os
from pathlib import Path
from ropewalk.process import Limits, run
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
counts = [0, 0]
def on_line(line):
    counts[0] += 1
    counts[1] = max(counts[1], len(line))
ended = run(sys.argv[3:], cwd=Path("/"), env={"PATH": os.environ["PATH"]}, log=Path(sys.argv[1]),
            limits=Limits(log_bytes=int(sys.argv[2]), capture_bytes=1000), on_line=on_line)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(ended.output_bytes, ended.truncated, len(ended.output), grown, *counts, ended.exit_code)
"""


def write_log(path: Path, limit: int, pieces: list[bytes]) -> tuple[bytes, int]:
    log = BoundedLog(path, limit)
    for piece in pieces:
        log.add(piece)
    log.close()
    return path.read_bytes(), log.lost_bytes


def split_lines(pieces: list[bytes]) -> list[bytes]:
    lines: list[bytes] = []
    splitter = LineSplitter(lines.append)
    for piece in pieces:
        splitter.add(piece)
    splitter.finish()
    return lines


@pytest.mark.parametrize("limit", [0, 1, 10, 63, 64, 65, 100, 300, 1000, 5000])
@pytest.mark.parametrize("size", [0, 1, 64, 99, 100, 101, 299, 300, 301, 999, 1000, 1001, 20_000])
def test_a_log_never_grows_beyond_its_limit_and_loses_nothing_below_it(
    tmp_path: Path, limit: int, size: int
) -> None:
    content = b"".join(b"%06d\n" % number for number in range(3000))[:size]

    written, lost = write_log(
        tmp_path / "log", limit, [content[i : i + 37] for i in range(0, size, 37)]
    )

    assert len(written) <= limit
    assert (lost == 0) == (size <= limit)
    if size <= limit:
        assert written == content


def test_a_log_keeps_its_head_a_marker_and_whole_last_lines(tmp_path: Path) -> None:
    content = b"".join(b"line %06d\n" % number for number in range(10_000))

    written, lost = write_log(tmp_path / "log", 4000, [content])

    found = MARKER.search(written)
    assert found is not None
    head, tail = written[: found.start()], written[found.end() :]
    assert content.startswith(head)
    assert len(head) > 2500
    assert content.endswith(tail)
    assert tail.startswith(b"line ")
    assert len(tail) > 800
    assert int(found[1]) == lost == len(content) - len(head) - len(tail)


def test_a_log_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "log"

    write_log(path, 1000, [b"older and longer"])
    written, _lost = write_log(path, 1000, [b"newer"])

    assert written == b"newer"


def test_a_log_is_never_written_through_a_symbolic_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "log").symlink_to(precious)

    with pytest.raises(StorageError, match="log"):
        BoundedLog(tmp_path / "log", 1000)

    assert precious.read_text() == "mine"


def test_a_log_that_cannot_be_opened_stops_the_program_from_starting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="cannot be written"):
        run(
            shell_argv("touch started"),
            cwd=tmp_path,
            env=plain_environment(),
            log=tmp_path / "file" / "log",
        )

    assert not (tmp_path / "started").exists()


def test_a_full_disk_does_not_disturb_the_program(tmp_path: Path) -> None:
    ended = run(
        shell_argv("seq 1 1000; exit 3"),
        cwd=tmp_path,
        env=plain_environment(),
        log=Path("/dev/full"),
        limits=Limits(tail_lines=1),
    )

    assert (ended.exit_code, ended.truncated, ended.tail) == (3, True, ("1000",))


def test_a_flood_of_binary_output_is_bounded_in_memory_and_on_disk(tmp_path: Path) -> None:
    log = tmp_path / "log"
    limit = 1_000_000
    argv = coordinator_argv(FLOOD, str(log), str(limit), "head", "-c", "100000000", "/dev/urandom")

    answer = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout.split()

    size, is_truncated, captured, grown_kb = answer[:4]
    assert (size, is_truncated, captured) == (b"100000000", b"True", b"1000")
    assert int(grown_kb) < 20_000
    assert log.stat().st_size <= limit
    assert MARKER.search(log.read_bytes())


def test_one_endless_line_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "log"
    argv = coordinator_argv(FLOOD, str(log), "1000", "head", "-c", "30000000", "/dev/zero")

    answer = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout.split()

    _size, _truncated, _captured, grown_kb, lines, longest, code = answer
    assert (lines, code) == (b"1", b"0")
    assert LINE_BYTES < int(longest) < LINE_BYTES + 64
    assert int(grown_kb) < 20_000


def test_a_cut_line_says_so_and_the_next_line_is_whole() -> None:
    too_long = b"x" * (LINE_BYTES + 5)

    in_pieces = split_lines([too_long[:700_000], too_long[700_000:] + b"\nshort\n", b"last"])
    in_one = split_lines([b"\n" + too_long + b"\nshort\nlast"])

    cut = b"x" * LINE_BYTES + "[… 5 bytes not kept …]".encode()
    assert in_pieces == [cut, b"short", b"last"]
    assert in_one == [b"", cut, b"short", b"last"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        ([b"\n"], [b""]),
        ([b"a", b"b", b"\nc"], [b"ab", b"c"]),
        ([b"a\r\nb\n\n"], [b"a\r", b"b", b""]),
        ([b"a\n", b"", b"b\n"], [b"a", b"b"]),
    ],
)
def test_lines_are_put_together_from_pieces(pieces: list[bytes], expected: list[bytes]) -> None:
    lines = split_lines(pieces)

    assert lines == expected


@pytest.mark.parametrize("piece_size", [1, 3, 10, 11, 50])
def test_recent_bytes_are_exactly_the_last_ones(piece_size: int) -> None:
    content = bytes(range(200))
    recent = Recent(10)

    for start in range(0, len(content), piece_size):
        recent.add(content[start : start + piece_size])

    assert recent.content() == content[-10:]


def test_the_tail_survives_bytes_that_are_no_text() -> None:
    output = Output(limits=Limits(), log=None, on_line=None)

    output.take(b"good\r\n\xff\xfe bad\n", is_stdout=False)

    assert output.tail == ("good", "\ufffd\ufffd bad")


def test_the_tail_of_nothing_is_empty_and_of_an_empty_line_is_one_line() -> None:
    silent = Output(limits=Limits(), log=None, on_line=None)
    blank = Output(limits=Limits(), log=None, on_line=None)

    blank.take(b"\n", is_stdout=True)

    assert silent.tail == ()
    assert blank.tail == ("",)


def test_output_just_before_the_end_is_never_missed(tmp_path: Path) -> None:
    argv = python_argv("import os\nfor n in range(2000): os.write(1, b'%d\\n' % n)\nos._exit(0)")

    ended = run(argv, cwd=tmp_path, env=plain_environment(), limits=Limits(capture_bytes=1_000_000))

    assert ended.output == b"".join(b"%d\n" % number for number in range(2000))


def test_many_quiet_programs_cost_the_coordinator_little(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)

    ended = run(
        python_argv("import time\nfor n in range(200): print(n, flush=True); time.sleep(0.005)"),
        cwd=tmp_path,
        env=plain_environment(),
        cancel=None,
        limits=Limits(capture_bytes=1, idle_s=30, wall_s=30),
    )

    after = resource.getrusage(resource.RUSAGE_SELF)
    assert ended.tail[-1] == "199"
    assert after.ru_nvcsw - before.ru_nvcsw < 120


def test_descriptors_are_not_leaked_by_runs(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(3):
        run(
            shell_argv("cat"),
            cwd=tmp_path,
            env=plain_environment(),
            stdin=b"x",
            log=tmp_path / "log",
        )

    assert len(list(Path("/proc/self/fd").iterdir())) == before
