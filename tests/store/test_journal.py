import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from ropewalk.errors import Busy, StorageError
from ropewalk.model.event import Event
from ropewalk.store.journal import Journal, follow, read_events
from tests.store.conftest import types_of, write_journal


def test_an_event_is_one_line_that_other_programs_can_read(path: Path) -> None:
    with Journal.open(path, "r1") as journal:
        event = journal.emit("said", {"text": "ä\udcff"}, step="s", attempt="a", sync=True)

    fields = json.loads(path.read_bytes())
    assert list(fields) == [
        *("seq", "prev_hash", "at", "mono_ns", "run_id", "step", "attempt", "type", "data")
    ]
    assert fields["prev_hash"] == "0" * 64
    assert fields["data"] == {"text": "ä\\udcff"}
    assert fields["at"].endswith("Z")
    assert (event.seq, event.step, event.attempt, event.run_id) == (1, "s", "a", "r1")


def test_each_line_holds_the_checksum_of_the_line_before(path: Path) -> None:
    first, second, third = write_journal(path, "a", "b", "c").splitlines()

    assert json.loads(second)["prev_hash"] == hashlib.sha256(first).hexdigest()
    assert json.loads(third)["prev_hash"] == hashlib.sha256(second).hexdigest()


def test_a_second_opening_goes_on_where_the_first_one_ended(path: Path) -> None:
    write_journal(path, "a", "b")

    write_journal(path, "c")

    assert [event.seq for event in read_events(path)] == [1, 2, 3]
    assert types_of(path) == ["a", "b", "c"]


def test_there_are_no_events_where_there_is_no_file(path: Path) -> None:
    assert read_events(path) == ()


def test_threads_write_whole_lines_in_one_order(path: Path) -> None:
    seen: list[int] = []
    with Journal.open(path, "r1", observe=lambda event: seen.append(event.seq)) as journal:
        threads = [
            threading.Thread(
                target=lambda: [journal.emit("x", {"n": n}, sync=n == 20) for n in range(40)]
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [event.seq for event in read_events(path)] == list(range(1, 161))
    assert seen == list(range(1, 161))


def test_an_observer_may_itself_write(path: Path) -> None:
    journals: list[Journal] = []

    def answer(event: Event) -> None:
        if event.type == "question":
            journals[0].emit("answer", {}, sync=True)

    with Journal.open(path, "r1", observe=answer) as journal:
        journals.append(journal)
        journal.emit("question", {}, sync=True)
        assert journal.sequence == 2

    assert types_of(path) == ["question", "answer"]


def test_a_line_reaches_the_disk_soon_even_when_nobody_waits(path: Path) -> None:
    head = path.with_name("journal.jsonl.head")
    with Journal.open(path, "r1") as journal:
        journal.emit("a", {})
        deadline = time.monotonic() + 5
        while not head.exists() and time.monotonic() < deadline:
            time.sleep(0.01)

        assert head.exists()


def test_a_second_writer_is_refused(path: Path) -> None:
    with Journal.open(path, "r1"), pytest.raises(Busy):
        Journal.open(path, "r1")


def test_a_journal_of_another_run_is_refused(path: Path) -> None:
    write_journal(path, "a")

    with pytest.raises(StorageError, match="belongs to run 'r1'"):
        Journal.open(path, "r2")


def test_a_closed_journal_takes_nothing(path: Path) -> None:
    journal = Journal.open(path, "r1")
    journal.close()
    journal.close()

    with pytest.raises(StorageError, match="is closed"):
        journal.emit("a", {})


@pytest.mark.parametrize("data", [{"path": Path("x")}, {"number": float("nan")}])
def test_data_that_is_not_json_is_refused_before_anything_is_written(
    path: Path, data: dict[str, object]
) -> None:
    with Journal.open(path, "r1") as journal:
        with pytest.raises((TypeError, ValueError)):
            journal.emit("bad", data)
        journal.emit("good", {})

    assert types_of(path) == ["good"]


@pytest.mark.parametrize("trap", ["link", "pipe", "folder"])
def test_a_journal_is_a_regular_file(path: Path, trap: str) -> None:
    path.parent.mkdir()
    match trap:
        case "link":
            path.symlink_to("x")
        case "pipe":
            os.mkfifo(path)
        case _:
            path.mkdir()

    with pytest.raises(StorageError):
        Journal.open(path, "r1")


def test_a_folder_is_not_read_as_a_journal(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        read_events(tmp_path)


def test_a_reader_beside_the_writer_sees_whole_events_only(path: Path) -> None:
    with Journal.open(path, "r1") as journal:
        journal.emit("a", {})
        with path.open("ab") as other:
            other.write(b'{"seq":2')

        assert types_of(path) == ["a"]


def test_following_yields_old_and_new_events_and_ends_when_told(path: Path) -> None:
    stop = threading.Event()
    seen: list[str] = []
    follower = threading.Thread(
        target=lambda: seen.extend(event.type for event in follow(path, stop=stop))
    )
    follower.start()

    write_journal(path, "a", "b")
    write_journal(path, "c")
    stop.set()
    follower.join(timeout=5)

    assert seen == ["a", "b", "c"]


def test_following_waits_for_the_end_of_a_line(path: Path) -> None:
    stop = threading.Event()
    whole = write_journal(path, "a", "b")
    path.write_bytes(whole[:-10])
    events = follow(path, stop=stop)

    first = next(events)
    path.write_bytes(whole)
    second = next(events)
    stop.set()

    assert [first.type, second.type] == ["a", "b"]
    assert list(events) == []


def test_following_a_damaged_journal_is_an_error(path: Path) -> None:
    whole = write_journal(path, "a", "b")
    path.write_bytes(b"x" + whole)

    with pytest.raises(StorageError, match="line 1"):
        next(follow(path, stop=threading.Event()))


def test_following_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        next(follow(tmp_path, stop=threading.Event()))
