"""Ctrl-C and its relatives: the first stops gently, the second at once; everything is kept."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
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

    A handler interrupts the main thread anywhere, also where it holds the lock of that very event
    or of a stream. So it only leaves word, without a lock, for a thread that does the rest.

    Args:
        say: told once that work is being stopped, by another thread.
    """
    cancel = threading.Event()
    asked: SimpleQueue[int | None] = SimpleQueue()
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if len(signals) > 1:
            _end_now()
        asked.put(number)

    def attend() -> None:
        if asked.get() is not None:
            cancel.set()
            with suppress(OSError):
                say("stopping the agents; everything is kept (once more: end at once)")

    attendant = threading.Thread(target=attend, name="signals", daemon=True)
    attendant.start()
    try:
        with _handled_by(stop):
            yield cancel
    finally:
        asked.put(None)
        attendant.join()


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
