import threading
from pathlib import Path

from ropewalk.agents.capacity import StartUps, available_mb

GO_ON = threading.Event()


def test_only_so_many_start_at_once_and_the_next_when_a_turn_is_over() -> None:
    turns = StartUps(1)
    told: list[int] = []

    with (
        turns.turn(0.1, cancel=GO_ON, told=told.append),
        turns.turn(60.0, cancel=GO_ON, told=told.append),
    ):
        assert told == [1]


def test_one_that_ended_gives_its_turn_back() -> None:
    turns = StartUps(1)
    told: list[int] = []

    for _ in range(2):
        with turns.turn(60.0, cancel=GO_ON, told=told.append):
            pass

    assert told == []


def test_what_starts_at_once_needs_no_turn() -> None:
    turns = StartUps(1)

    with turns.turn(60.0, cancel=GO_ON, told=print), turns.turn(0.0, cancel=GO_ON, told=print):
        pass


def test_a_stopped_run_waits_for_no_turn() -> None:
    turns, cancel = StartUps(1), threading.Event()

    def stop(_most: int) -> None:
        cancel.set()

    with turns.turn(60.0, cancel=GO_ON, told=stop), turns.turn(60.0, cancel=cancel, told=stop):
        assert cancel.is_set()


def test_the_limit_of_a_container_bounds_the_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{300 * 1024 * 1024}\n")
    (tmp_path / "memory.current").write_text(f"{100 * 1024 * 1024}\n")

    assert available_mb(tmp_path) == 200.0


def test_without_a_limit_the_memory_of_the_machine_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("0\n")

    assert available_mb(tmp_path) > 200.0
