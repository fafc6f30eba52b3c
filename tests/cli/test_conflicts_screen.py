from functools import reduce

import pytest

from ropewalk.cli.alerts import alert_of
from ropewalk.cli.board_lines import board_lines
from ropewalk.cli.clash_words import clash_text, told_text
from ropewalk.cli.conflicts_screen import conflicts_lines
from ropewalk.cli.plain_lines import plain_lines
from ropewalk.cli.progress import Progress, advance
from ropewalk.model.conflict import (
    ConflictKind,
    LiveConflicts,
    LiveDomain,
    LivePair,
    LivePath,
    OutsidePath,
)
from ropewalk.model.values import JsonObject
from tests.cli.documents import ESCAPE
from tests.cli.events import RUN, SECOND, make

PATH = LivePath(path="models/document.py", kind=ConflictKind.CONTENT, lines=("40-52",))
PAIR = LivePair(a="backend", b="database", paths=(PATH,))
DOCUMENT = LiveConflicts(
    epic_id="search",
    at="2025-01-02T03:04:05.000Z",
    domains=(
        LiveDomain(name="backend", snapshot="a" * 40, dirty=True),
        LiveDomain(name="database", snapshot="b" * 40, dirty=False, gone=True),
        LiveDomain(name="tests", snapshot=None, dirty=False, gone=True),
        LiveDomain(
            name="web",
            snapshot="c" * 40,
            dirty=True,
            partial=True,
            has_markers=True,
            nested=("web/inner",),
        ),
    ),
    pairs=(
        PAIR,
        LivePair(a="web", b="refs/heads/main", paths=(), reason="unrelated histories"),
    ),
    outside=(OutsidePath(domain="web", path="api/types.py" + ESCAPE),),
    target_moved=True,
    target="refs/heads/main",
    next_commands=("ropewalk conflicts search --watch",),
)
DATA: JsonObject = {
    "a": "backend",
    "b": "database",
    "paths": [{"path": "models/document.py", "kind": "content", "lines": ["40-52"]}],
}


def board(*recorded: tuple[float, str, JsonObject, str | None]) -> tuple[str, ...]:
    progress = reduce(advance, make((*RUN[:-1], *recorded)), Progress())
    return board_lines(progress, now_ns=300 * SECOND, width=100)


def test_the_matrix_names_pairs_lines_strays_and_what_is_not_sure() -> None:
    assert list(conflicts_lines(DOCUMENT)) == [
        "search: 2 pairs clash · main has moved since they started",
        "▲ backend and database will conflict",
        "    models/document.py:40-52  content",
        "▲ web and main cannot be merged: unrelated histories",
        "▲ web changed api/types.py, outside its files",
        "uncommitted work counted: backend, web",
        "▲ database: its worktree cannot be read; its last commit bbbbbbb was compared",
        "▲ tests: its worktree cannot be read; nothing is known of it",
        "▲ web: some of its files could not be read and were left out",
        "▲ web: conflict markers stand in a file that it changed",
        "▲ web: the content of nested repositories was left out: web/inner",
        "next: ropewalk conflicts search --watch",
    ]


def test_nothing_that_clashes_is_said_in_one_line() -> None:
    calm = LiveConflicts(
        epic_id="search",
        at="",
        domains=(LiveDomain(name="backend", snapshot="a" * 40, dirty=False),),
        pairs=(),
        outside=(),
        target_moved=False,
    )

    assert list(conflicts_lines(calm)) == ["✓ search: no clash among 1 domain"]


def test_long_lists_are_cut_and_counted() -> None:
    paths = tuple(
        LivePath(path=f"f{number}.py", kind=ConflictKind.CONTENT, lines=tuple("12345"))
        for number in range(7)
    )
    many = LiveConflicts(
        epic_id="search",
        at="",
        domains=(),
        pairs=(LivePair(a="x", b="y", paths=paths),),
        outside=(),
        target_moved=False,
    )

    lines = list(conflicts_lines(many))

    assert lines[0] == "search: 1 pair clashes"
    assert lines[2] == "    f0.py:1,2,3,…  content"
    assert lines[-1] == "    and 2 more paths"


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        ((PATH,), "both changed models/document.py:40-52 · they will conflict"),
        (
            (LivePath(path="a.py", kind=ConflictKind.ADD_ADD, lines=()),),
            "both added a.py · they will conflict",
        ),
        (
            (PATH, LivePath(path="b.py", kind=ConflictKind.MODIFY_DELETE, lines=())),
            "clash in models/document.py:40-52, b.py (content, modify delete) · they will conflict",
        ),
        ((), "cannot be merged: git does not say why"),
    ],
)
def test_a_clash_says_what_both_sides_did(paths: tuple[LivePath, ...], text: str) -> None:
    pair = LivePair(a="backend", b="database", paths=paths)

    assert clash_text(pair) == f"backend and database {text}"


def test_who_was_told_stands_behind_a_clash() -> None:
    told = [told_text(PAIR, names) for names in ((), ("database",), ("database", "backend"))]

    assert told == ["", " · told database", " · told both"]


def test_the_board_shows_a_clash_as_long_as_it_stands() -> None:
    clash = "▲ backend and database both changed models/document.py:40-52 · they will conflict"
    found = (1.0, "clash_found", {**DATA, "told": ["backend"]}, None)
    told = {"domain": "backend", "number": 1, "other": "database", "paths": ["models/document.py"]}
    gone = (3.0, "clash_gone", DATA, None)

    assert clash in board(found)
    assert f"{clash} · told backend" in board(found, (2.0, "clash_told", told, None))
    assert not any("conflict" in line for line in board(found, gone))
    again = board(found, gone, found)
    assert again.count(clash) == 1


def test_the_board_counts_the_clashes_that_it_does_not_name() -> None:
    many = [(1.0, "clash_found", {**DATA, "a": f"a{number}"}, None) for number in range(6)]

    lines = board(*many)

    assert lines[-2:] == (
        "▲ a3 and database both changed models/document.py:40-52 · they will conflict",
        "▲ and 2 more pairs: ropewalk conflicts search",
    )


def test_strays_stand_on_the_board_until_the_domain_is_collected() -> None:
    stray = {"domain": "frontend", "path": "api/types.py"}
    collected: JsonObject = {
        "domain": "frontend",
        "status": "failed",
        "reason": None,
        "outside": [],
    }
    line = "▲ frontend changed api/types.py, outside its files"

    before = board((1.0, "outside_found", stray, None))
    after = board((1.0, "outside_found", stray, None), (2.0, "domain_collected", collected, None))

    assert line in before
    assert line not in after


def test_plain_lines_tell_of_clashes_strays_and_a_watch_that_fails() -> None:
    events = make(
        [
            (1, "clash_found", {**DATA, "told": ["backend", "database"]}, None),
            (1, "clash_gone", DATA, None),
            (1, "clash_gone", {"a": "x", "b": "y"}, None),
            (1, "outside_found", {"domain": "api", "path": "x" + ESCAPE}, None),
            (1, "clash_watch_failed", {"reason": "no space"}, None),
            (1, "clash_found", {}, None),
        ]
    )

    lines = [line for event in events for line in plain_lines(Progress(), event)]

    assert [line.split(" ", 1)[1] for line in lines] == [
        f"▲ {clash_text(PAIR)} · told both",
        "✓ backend and database no longer clash in models/document.py",
        "✓ x and y no longer clash",
        "▲ api changed x, outside its files",
        "▲ clashes are not seen at present: no space",
        "▲ no branch and no branch cannot be merged: git does not say why",
    ]
    assert alert_of(make([(1, "clash_told", {}, None)])[0]) is None
