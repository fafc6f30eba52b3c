"""Ctrl-C and its relatives: the first stops gently, the second at once; everything is kept."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
_SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def interrupts() -> Iterator[None]:
    """Turn the signals that ask for an end into KeyboardInterrupt."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def cancellable(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Yield an event that the first signal sets; the second ends the program at once.

    Args:
        say: told once that work is being stopped.
    """
    cancel = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            _end_now()
        cancel.set()
        say("stopping the agents; everything is kept (once more: end at once)")

    with _handled_by(stop):
        yield cancel


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in SIGNALS]
    try:
        yield
    finally:
        for number, old in before:
            signal.signal(number, old)


def _end_now() -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR.encode())
    os._exit(INTERRUPTED)
