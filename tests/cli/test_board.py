from functools import reduce
from pathlib import Path

import pytest

from ropewalk.cli.board_lines import board_lines
from ropewalk.cli.progress import Progress, advance
from ropewalk.model.values import JsonObject
from tests.cli.events import MERGE, RUN, SECOND, make

GOLDEN = Path(__file__).with_name("golden")


def watched(*recorded: tuple[float, str, JsonObject, str | None]) -> Progress:
    return reduce(advance, make((*RUN, *recorded)), Progress())


def test_the_board_of_a_run_fits_80_columns() -> None:
    lines = board_lines(watched(), now_ns=761 * SECOND, width=80, budget_usd=6.0)

    assert "\n".join(lines) + "\n" == (GOLDEN / "board.txt").read_text()
    assert max(map(len, lines)) <= 80


def test_the_board_of_a_merge_shows_what_became_of_each_domain() -> None:
    progress = reduce(advance, make((*RUN, *MERGE)), Progress())

    lines = board_lines(progress, now_ns=215 * SECOND, width=80)

    assert "\n".join(lines) + "\n" == (GOLDEN / "board_merge.txt").read_text()


def test_a_check_of_the_train_is_shown_with_the_time_that_it_takes_so_far() -> None:
    started = (210, "check_started", {"command": "make test " + "x" * 80}, "check:2")
    running = reduce(advance, make((*RUN, *MERGE, started)), Progress())
    after = (220, "checks_finished", {"prefix": ["database"], "passed": True}, "check:2")
    over = reduce(advance, make((*RUN, *MERGE, started, after)), Progress())

    early, late = (
        next(line for line in board_lines(running, now_ns=now * SECOND, width=80) if "make" in line)
        for now in (210, 222)
    )

    assert early.startswith("● checking: make test xx")
    assert early.endswith("… (0 s)")
    assert late.endswith("… (12 s)")
    assert max(len(early), len(late)) <= 80
    assert "● checking the merged tree" in board_lines(over, now_ns=222 * SECOND, width=80)


def test_an_agent_that_was_stopped_is_not_called_busy() -> None:
    ended = {"domain": "backend", "outcome": "cancelled", "exit_code": 0, "duration_s": 9.0}
    progress = watched((760, "agent_ended", {**ended, "log": "l"}, "work:backend:1"))

    lines = board_lines(progress, now_ns=761 * SECOND, width=80)

    assert any(line.startswith("▲ backend") and line.endswith("stopped") for line in lines)


def test_a_domain_that_is_tried_again_is_not_done() -> None:
    def done(progress: Progress) -> str:
        return board_lines(progress, now_ns=761 * SECOND, width=80)[0]

    again = {"domain": "database", "number": 2, "agent": "claude"}

    assert "2 of 4 done" in done(watched())
    assert "1 of 4 done" in done(watched((760, "agent_starting", again, "work:database:2")))


def test_several_agents_are_named_without_a_number_that_would_be_of_one() -> None:
    several = {**RUN[0][2], "agent": "claude, codex"}
    progress = reduce(advance, make(((0, "run_started", several, None),)), Progress())

    assert board_lines(progress, now_ns=SECOND, width=80)[0].endswith(" · claude, codex")


@pytest.mark.parametrize("height", [6, 8])
def test_a_low_screen_keeps_the_domains_that_need_attention(height: int) -> None:
    lines = board_lines(watched(), now_ns=761 * SECOND, width=80, height=height)

    assert any("backend" in line for line in lines)
    assert any("more domain" in line for line in lines) is (height == 6)
    assert len(lines) <= height


def test_escape_sequences_of_an_agent_do_not_reach_the_board() -> None:
    data = {"domain": "backend", "text": "\x1b[2Jgone \x1b]0;title\x07[bold]x[/bold]\nnext"}

    lines = board_lines(watched((5.0, "agent_activity", data, None)), now_ns=10 * SECOND, width=80)

    assert not any("\x1b" in line or "\n" in line for line in lines)
    assert any("gone [bold]x[/bold] next" in line for line in lines)


def test_nothing_is_said_about_money_when_nobody_knows() -> None:
    progress = reduce(advance, make(RUN[:3]), Progress())

    header = board_lines(progress, now_ns=SECOND, width=80)[0]

    assert header == "search · run 7c1e · 0 of 4 done · 00:01 · claude x4"


def test_events_that_are_not_understood_change_nothing() -> None:
    before = watched()

    after = reduce(
        advance,
        make(
            [
                (1, "something_new", {"x": 1}, None),
                (1, "attempt_started", {"kind": "work"}, "work:a:1"),
                (1, "attempt_finished", {"outputs": {"usage": {"cost_usd": None}}}, None),
                (1, "retry_scheduled", {}, "train:1"),
            ]
        ),
        before,
    )

    assert (after.alerts, after.doing, after.tokens) == (before.alerts, before.doing, before.tokens)
