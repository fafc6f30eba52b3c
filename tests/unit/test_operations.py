"""The log of operations is a fold over the journal."""

from ropewalk.merging.operations import RefMove, find_last, read_operations
from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject

MAIN = "refs/heads/main"
RESULT = "refs/ropewalk/demo/result"
STEP = "refs/ropewalk/demo/step/1"


def journal(*events: tuple[str, JsonObject]) -> list[Event]:
    return [
        Event(
            seq=number,
            prev_hash="",
            at="2025-01-02T03:04:05Z",
            mono_ns=number,
            run_id="r",
            step=None,
            attempt=None,
            type=type_,
            data=data,
        )
        for number, (type_, data) in enumerate(events, start=1)
    ]


def asked(verb: str) -> tuple[str, JsonObject]:
    return "requested", {"verb": verb}


def built(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, JsonObject]]:
    return [("train_pinning", {"refs": before}), ("train_pinned", {"refs": after})]


def landed(old: str, new: str) -> tuple[str, JsonObject]:
    return "landed", {"ref": MAIN, "old": old, "new": new}


def test_a_merge_is_one_operation_with_the_refs_before_and_after() -> None:
    train = {RESULT: "b", STEP: "b"}

    [operation] = read_operations(journal(asked("merge"), *built({}, train), landed("a", "b")))

    assert (operation.before, operation.after) == ({}, train)
    assert operation.landings == (RefMove(ref=MAIN, old="a", new="b"),)
    assert operation.can_be_undone


def test_a_train_that_was_built_again_keeps_the_refs_from_before_the_first() -> None:
    first, second = {RESULT: "b", STEP: "b"}, {RESULT: "c", STEP: "c"}
    events = [asked("merge"), *built({}, first), *built(first, second)]

    [operation] = read_operations(journal(*events))

    assert (operation.before, operation.after) == ({}, second)


def test_a_landing_that_is_said_twice_is_one() -> None:
    [operation] = read_operations(journal(asked("land"), landed("a", "b"), landed("a", "b")))

    assert len(operation.landings) == 1


def test_what_changed_nothing_is_no_operation() -> None:
    train = {RESULT: "b", STEP: "b"}
    events = [asked("collect"), asked("merge"), *built(train, train), asked("merge")]

    events += built({}, {RESULT: "b"})

    assert read_operations(journal(*events)) == ()


def test_worktrees_that_a_landing_removed_are_told_and_belong_to_it() -> None:
    removed = ("worktree_removed", {"domain": "api", "trash": "refs/x"})

    [landing, cleaning] = read_operations(
        journal(asked("land"), landed("a", "b"), removed, asked("clean"), removed)
    )

    assert landing.removed == cleaning.removed == ("api",)
    assert cleaning.can_be_undone


def test_a_worktree_that_was_not_saved_cannot_be_taken_back() -> None:
    removed = ("worktree_removed", {"domain": "api", "trash": None})

    assert read_operations(journal(asked("clean"), removed)) == ()


def test_what_was_taken_back_stays_in_the_log_and_the_one_before_is_next() -> None:
    events = [asked("merge"), landed("a", "b"), asked("merge"), landed("b", "c"), asked("undo")]

    log = read_operations(journal(*events, ("operation_undone", {"operation": 3})))

    assert [one.undone for one in log] == [False, True]
    assert find_last(log) == log[0]
    assert find_last(()) is None
