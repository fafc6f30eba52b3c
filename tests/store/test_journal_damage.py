import shutil
import signal
import time
from pathlib import Path

import pytest

from ropewalk.errors import Busy, InvalidInput, StorageError
from ropewalk.store.journal import Journal, read_events
from tests.store.conftest import StartPython, types_of, write_journal

WRITE = """
import sys
from pathlib import Path
from ropewalk.store.journal import Journal
journal = Journal.open(Path(sys.argv[1]), "r1")
for number in range(1, int(sys.argv[2]) + 1):
    journal.emit("tick", {"number": number}, sync=number % 2 == 0)
    print(number, flush=True)
"""
FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from ropewalk.errors import StorageError
from ropewalk.store.journal import Journal
journal = Journal.open(Path(sys.argv[1]), "r1")
journal.emit("small", {}, sync=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    journal.emit("large", {"text": "x" * 2000})
except StorageError as error:
    print(error.hint)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.emit("after", {}, sync=True)
journal.close()
"""
INTERRUPTED = """
import signal, sys, time
from pathlib import Path
from ropewalk.store.journal import Journal

def interrupt(number, frame):
    # Where a person's Ctrl-C would hit the journal itself; the runtime's own locks are not ours.
    if frame.f_code.co_filename.endswith(("journal.py", "files.py", "journal_lines.py")):
        raise KeyboardInterrupt

journal = Journal.open(Path(sys.argv[1]), "r1")
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0003)
interruptions, end = 0, time.monotonic() + 0.5
while time.monotonic() < end:
    try:
        for _ in range(100):
            journal.emit("tick", {"text": "x" * 2000})
    except KeyboardInterrupt:
        interruptions += 1
signal.setitimer(signal.ITIMER_REAL, 0)
journal.emit("last", {}, sync=True)
print(interruptions, journal.sequence)
journal.close()
"""
BAD_NUMBER = (
    b'{"seq":true,"prev_hash":"","at":"","mono_ns":1,"run_id":"","step":null,"attempt":null,'
    b'"type":"","data":{}}'
)


def test_the_last_line_torn_at_any_byte_is_moved_aside_and_the_rest_is_kept(
    tmp_path: Path,
) -> None:
    whole = write_journal(tmp_path / "whole", "a", "b")
    start = whole.index(b"\n") + 1
    for end in range(start, len(whole)):
        path = tmp_path / str(end)
        path.write_bytes(whole[:end])
        is_complete = end == len(whole) - 1
        expected = ["a", "b"] if is_complete else ["a"]

        assert types_of(path) == expected
        if end % 10 and end < len(whole) - 3:
            continue
        write_journal(path, "next")

        assert types_of(path) == [*expected, "next"]
        torn = tmp_path / f"{end}.torn-1"
        assert torn.exists() == (end > start and not is_complete)
        if torn.exists():
            assert torn.read_bytes() == whole[start:end]


def test_each_torn_line_is_kept_in_a_file_of_its_own(path: Path) -> None:
    for number in (1, 2):
        write_journal(path, "a")
        with path.open("ab") as stream:
            stream.write(b"torn %d" % number)
    write_journal(path, "b")

    assert path.with_name("journal.jsonl.torn-1").read_bytes() == b"torn 1"
    assert path.with_name("journal.jsonl.torn-2").read_bytes() == b"torn 2"


def test_a_change_of_any_byte_is_noticed(path: Path) -> None:
    whole = write_journal(path, "a", "b", "c")
    last_break = len(whole) - 1
    for offset in range(last_break):
        damaged = bytearray(whole)
        damaged[offset] ^= (0x01, 0x20, 0x80)[offset % 3]
        path.write_bytes(damaged)

        with pytest.raises(StorageError, match=r"line [123] of the journal .* is damaged"):
            read_events(path)


def test_damage_stops_the_writer_and_names_the_line(path: Path) -> None:
    whole = write_journal(path, "a", "b", "c")
    path.write_bytes(whole.replace(b'"said":"b"', b'"said":"x"'))

    with pytest.raises(StorageError) as caught:
        Journal.open(path, "r1")

    assert caught.value.where == f"{path}:2"
    assert caught.value.code == "journal_damaged"
    assert b'"said":"x"' in path.read_bytes()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        BAD_NUMBER,
    ],
)
def test_a_complete_line_that_is_no_event_is_damage(path: Path, line: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(line + b"\n")

    with pytest.raises(StorageError, match="line 1"):
        read_events(path)


def test_a_line_that_was_taken_out_is_noticed(path: Path) -> None:
    first, _, third = write_journal(path, "a", "b", "c").splitlines(keepends=True)
    path.write_bytes(first + third)

    with pytest.raises(StorageError, match="line 2"):
        read_events(path)


@pytest.mark.parametrize("head", [b"", b"garbage", b"\xff", b"1 2 3\n"])
def test_a_head_that_cannot_be_read_is_as_good_as_none(path: Path, head: bytes) -> None:
    write_journal(path, "a")
    path.with_name("journal.jsonl.head").write_bytes(head)

    write_journal(path, "b")

    assert types_of(path) == ["a", "b"]


def test_a_head_behind_the_journal_accuses_nobody(path: Path) -> None:
    write_journal(path, "a")
    head = path.with_name("journal.jsonl.head")
    old = head.read_bytes()
    write_journal(path, "b")
    head.write_bytes(old)

    assert types_of(path) == ["a", "b"]


@pytest.mark.parametrize("delay_s", [0.0, 0.002, 0.007, 0.013])
def test_a_killed_writer_loses_nothing_that_it_said_was_written(
    path: Path, start_python: StartPython, delay_s: float
) -> None:
    child = start_python(WRITE, path, 100_000)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay_s)

    child.kill()
    said, _ = child.communicate()

    last_said = int(said.split()[-2]) if len(said.split()) > 1 else 1
    assert len(read_events(path)) >= last_said
    write_journal(path, "resumed")
    assert types_of(path)[-1] == "resumed"


def test_the_failpoint_kills_right_after_its_line(path: Path, start_python: StartPython) -> None:
    child = start_python(WRITE, path, 10, env={"ROPEWALK_FAILPOINT": "3"})

    said, _ = child.communicate()

    assert child.returncode == -signal.SIGKILL
    assert said.split() == ["1", "2"]
    assert [event.seq for event in read_events(path)] == [1, 2, 3]


def test_a_failpoint_that_is_no_number_is_an_error(path: Path, start_python: StartPython) -> None:
    child = start_python(WRITE, path, 1, env={"ROPEWALK_FAILPOINT": "x"})

    said, _ = child.communicate()

    assert InvalidInput.__name__ in said
    assert not path.exists()


def test_a_full_disk_leaves_the_journal_whole_and_usable_again(
    path: Path, start_python: StartPython
) -> None:
    child = start_python(FILL_THE_DISK, path)

    said, _ = child.communicate()

    assert "nothing that was there is lost" in said
    assert child.returncode == 0
    assert types_of(path) == ["small", "after"]


def test_after_a_failed_flush_nothing_more_is_accepted(path: Path) -> None:
    journal = Journal.open(path, "r1")
    path.with_name("journal.jsonl.head").mkdir()

    with pytest.raises(StorageError, match="cannot flush"):
        journal.emit("a", {}, sync=True)
    with pytest.raises(StorageError, match="cannot flush"):
        journal.emit("b", {})
    with pytest.raises(StorageError, match="cannot flush"):
        journal.close()

    assert types_of(path) == ["a"]


def test_ctrl_c_at_any_moment_leaves_no_line_that_is_not_counted(
    path: Path, start_python: StartPython
) -> None:
    child = start_python(INTERRUPTED, path)

    said, _ = child.communicate(timeout=30)

    interruptions, last = map(int, said.split())
    assert interruptions > 0
    assert [event.seq for event in read_events(path)] == list(range(1, last + 1))


@pytest.mark.parametrize("what", ["removed", "replaced", "linked", "folder"])
def test_a_journal_that_an_agent_takes_away_is_put_back_whole(path: Path, what: str) -> None:
    other = path.with_name("other")
    with Journal.open(path, "r1") as journal:
        journal.emit("first", {}, sync=True)
        before = path.read_bytes()
        if what == "folder":
            shutil.rmtree(path.parent)
        else:
            path.unlink()
            other.write_bytes(b"forged\n")
        if what == "replaced":
            other.rename(path)
        if what == "linked":
            path.symlink_to(other)
        journal.emit("second", {}, sync=True)
        with pytest.raises(Busy):
            Journal.open(path, "r1")
        path.unlink()

    assert path.read_bytes().startswith(before)
    assert not path.is_symlink()
    assert types_of(path) == ["first", "journal_put_back", "second", "journal_put_back"]
    kept = path.with_name("journal.jsonl.replaced-1")
    assert (kept.read_bytes() if what in {"replaced", "linked"} else b"forged\n") == b"forged\n"
    write_journal(path, "third")
    assert types_of(path)[-1] == "third"
