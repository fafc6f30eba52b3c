"""Observers of a run: the live board on a terminal, plain lines elsewhere.

The coordinator only puts events into a queue; a thread of its own draws. So a slow terminal slows
nothing down, and an error in drawing ends the drawing and nothing else.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ropewalk.cli import screen
from ropewalk.cli.board_lines import board_lines
from ropewalk.cli.plain_lines import plain_lines
from ropewalk.cli.progress import Progress, advance
from ropewalk.cli.session import Session
from ropewalk.model.event import Event

REFRESH_S = 0.1
_ACTIVITY_EVERY_NS = 10_000_000_000
_PATIENCE_S = 5.0


class Narrator(Protocol):
    """Shows events; used by one thread only."""

    def take(self, event: Event) -> None: ...

    def tick(self) -> None: ...

    def close(self) -> None: ...


class Plain:
    """One line per event; what agents are doing at most every ten seconds, unless ``verbose``."""

    def __init__(
        self, write: Callable[[str], None], *, past: Iterable[Event] = (), verbose: bool = False
    ) -> None:
        self._write = write
        self._progress = Progress()
        self._verbose = verbose
        self._told: dict[str, int] = {}
        for event in past:
            self._progress = advance(self._progress, event)

    def take(self, event: Event) -> None:
        """Print the lines of an event."""
        if self._is_worth_telling(event):
            for line in plain_lines(self._progress, event):
                self._write(line)
        self._progress = advance(self._progress, event)

    def tick(self) -> None:
        """Nothing changes between events."""

    def close(self) -> None:
        """Nothing is open."""

    def _is_worth_telling(self, event: Event) -> bool:
        if event.type != "agent_activity" or self._verbose:
            return True
        name = str(event.data.get("domain", ""))
        if event.mono_ns - self._told.get(name, -_ACTIVITY_EVERY_NS) < _ACTIVITY_EVERY_NS:
            return False
        self._told[name] = event.mono_ns
        return True


class Board:
    """The live board; redrawn in place at most ten times a second."""

    def __init__(
        self, console: Console, *, past: Iterable[Event] = (), budget_usd: float | None = None
    ) -> None:
        self._console = console
        self._budget_usd = budget_usd
        self._has_news = False
        self._progress = Progress()
        for event in past:
            self._progress = advance(self._progress, event)
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
        self._live.start()

    def take(self, event: Event) -> None:
        """Remember an event; the next tick shows it."""
        self._progress = advance(self._progress, event)
        self._has_news = True

    def tick(self) -> None:
        """Draw, as soon as there is anything but the past to show."""
        if self._has_news and self._progress.run.epic_id:
            self._live.update(self._picture(), refresh=True)

    def close(self) -> None:
        """Draw the end and leave it on the screen."""
        self.tick()
        self._live.stop()

    def _picture(self) -> Text:
        lines = board_lines(
            self._progress,
            now_ns=time.monotonic_ns(),
            width=self._console.width,
            height=self._console.height,
            budget_usd=self._budget_usd,
        )
        picture = Text("", no_wrap=True, overflow="ellipsis")
        for number, line in enumerate(lines):
            if number:
                picture.append("\n")
            picture.append(line[:1], style=screen.COLOURS.get(line[:1], ""))
            picture.append(line[1:])
        return picture


@contextmanager
def narrating(
    session: Session, *, past: Iterable[Event] = (), budget_usd: float | None = None
) -> Iterator[Callable[[Event], None]]:
    """Yield the observer of a run: put events in, and they are shown on stderr.

    Args:
        session: whether anything is to be shown, and how much.
        past: events of the run that have been shown before.
        budget_usd: what may be spent, for the board.
    """
    if session.quiet:
        yield lambda _event: None
        return
    with _threaded(lambda: choose(session, past=past, budget_usd=budget_usd)) as observe:
        yield observe


def choose(
    session: Session, *, past: Iterable[Event] = (), budget_usd: float | None = None
) -> Narrator:
    """Return the board on a terminal, plain lines elsewhere and beside JSON."""
    if has_board(session):
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        return Board(console, past=past, budget_usd=budget_usd)
    return Plain(_write_line, past=past, verbose=session.verbose)


def has_board(session: Session) -> bool:
    """Return whether the board can be drawn."""
    return sys.stderr.isatty() and not session.as_json and not Console(stderr=True).is_dumb_terminal


@contextmanager
def _threaded(make: Callable[[], Narrator]) -> Iterator[Callable[[Event], None]]:
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    drawer = threading.Thread(target=_draw, args=(make, events), name="narrator", daemon=True)
    drawer.start()
    try:
        yield events.put
    finally:
        events.put(None)
        drawer.join(_PATIENCE_S)


def _draw(make: Callable[[], Narrator], events: "queue.SimpleQueue[Event | None]") -> None:
    try:
        narrator = make()
        try:
            _take_all(narrator, events)
        finally:
            narrator.close()
    except Exception as error:  # noqa: BLE001 - work goes on without anybody to watch it
        _last_words(f"the narration stopped: {type(error).__name__}: {error}")


def _take_all(narrator: Narrator, events: "queue.SimpleQueue[Event | None]") -> None:
    drawn = 0.0
    while True:
        try:
            event = events.get(timeout=REFRESH_S)
        except queue.Empty:
            narrator.tick()
            continue
        if event is None:
            return
        narrator.take(event)
        if time.monotonic() - drawn >= REFRESH_S:
            narrator.tick()
            drawn = time.monotonic()


def _write_line(line: str) -> None:
    colour = screen.has_colour(sys.stderr)
    click.echo(screen.paint(line) if colour else line, err=True, color=colour)


def _last_words(text: str) -> None:
    try:
        click.echo(f"{text}; the work goes on", err=True)
    except OSError:
        return
