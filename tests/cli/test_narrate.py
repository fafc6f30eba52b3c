import io
from contextlib import redirect_stderr

import pytest
from rich.console import Console

from ropewalk.cli.narrate import Board, narrating
from ropewalk.cli.session import Session
from tests.cli.events import RUN, make


def test_an_event_that_cannot_be_told_ends_the_narration_and_nothing_else() -> None:
    err = io.StringIO()
    (bad,) = make([(1, "agent_ended", {"domain": "a", "outcome": "no such outcome"}, None)])

    with redirect_stderr(err), narrating(Session()) as observe:
        observe(bad)
        observe(make(RUN)[0])

    assert "the narration stopped: ValueError" in err.getvalue()
    assert err.getvalue().count("\n") == 2


def test_a_quiet_session_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with narrating(Session(quiet=True)) as observe:
        observe(make(RUN)[0])

    assert capsys.readouterr().err == ""


def test_a_screen_that_is_gone_stops_nobody() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    with redirect_stderr(Gone()), narrating(Session()) as observe:
        for event in make(RUN):
            observe(event)


def test_the_past_alone_draws_no_board() -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=80, height=24, color_system=None)
    board = Board(console, past=make(RUN))

    board.tick()
    board.close()

    assert "database" not in drawn.getvalue()


def test_the_board_leaves_its_last_picture() -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=80, height=24, color_system=None)
    events = make(RUN)
    board = Board(console, past=events[:1])

    for event in events[1:]:
        board.take(event)
    board.tick()
    board.close()

    assert "✓ database" in drawn.getvalue()
    assert "2 of 4 done" in drawn.getvalue()
