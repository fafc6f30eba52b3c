"""A program that starts awkward trees of processes: `tree_program.py SHAPE FOLDER`.

Every process of it puts a file `FOLDER/<pid>` with its own start time, so that a test can tell
survivors from other processes that got the same pid later.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(sys.argv[2])
FOR_EVER_S = 600
MANY = 20


def note() -> None:
    """Write down who this process is."""
    stat = Path("/proc/self/stat").read_bytes()
    (FOLDER / str(os.getpid())).write_bytes(stat.rpartition(b")")[2].split()[19])


def hang() -> None:
    """Stay until killed, deaf to polite requests."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    note()
    while True:
        time.sleep(FOR_EVER_S)


def daemonise() -> None:
    """Leave a daemon behind in a session of its own, holding the standard streams."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            hang()
        os._exit(0)
    os.wait()
    wait_for_notes(1)


def daemonise_without_environment() -> None:
    """Leave a daemon behind that no mark in the environment can find."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            argv = [sys.executable, "-I", "-S", __file__, "hang", str(FOLDER)]
            os.execve(sys.executable, argv, {})  # noqa: S606 - the process is to be replaced
        os._exit(0)
    os.wait()
    wait_for_notes(1)


def leave_stopped_child() -> None:
    """Leave a child behind that is stopped."""
    pid = os.fork()
    if pid == 0:
        note()
        os.kill(os.getpid(), signal.SIGSTOP)
        hang()
    os.waitpid(pid, os.WUNTRACED)


def fly_like_a_comet(*, has_sessions: bool) -> None:
    """Fork and exit for ever, so that every pid is stale as soon as it is known."""
    note()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        while True:
            if os.fork() != 0:
                os._exit(0)
            if has_sessions:
                os.setsid()
            (FOLDER / "comet").write_text(str(time.monotonic_ns()))
    wait_for_notes(2)


def nest_sessions() -> None:
    """Leave a chain of processes behind, each in a session of its own."""
    if os.fork() == 0:
        for _ in range(MANY):
            if os.fork() != 0:
                hang()
            os.setsid()
        hang()
    wait_for_notes(MANY + 1)


def leave_many_daemons() -> None:
    """Leave a crowd of daemons behind."""
    for _ in range(MANY):
        daemonise()
    wait_for_notes(MANY)


def leave_daemon_and_hang() -> None:
    """Leave a daemon behind and stay."""
    daemonise()
    wait_for_notes(1)
    hang()


def stop() -> None:
    """Stay, stopped."""
    note()
    os.kill(os.getpid(), signal.SIGSTOP)


def wait_for_notes(count: int) -> None:
    """Wait until that many processes have written down who they are."""
    while len(list(FOLDER.iterdir())) < count:
        time.sleep(0.01)


SHAPES: dict[str, Callable[[], None]] = {
    "plain": note,
    "hang": hang,
    "stopped": stop,
    "daemon": daemonise,
    "daemon_without_environment": daemonise_without_environment,
    "stopped_child": leave_stopped_child,
    "many_daemons": leave_many_daemons,
    "comet": lambda: fly_like_a_comet(has_sessions=False),
    "comet_of_sessions": lambda: fly_like_a_comet(has_sessions=True),
    "sessions": nest_sessions,
    "daemon_and_hang": leave_daemon_and_hang,
}

if __name__ == "__main__":
    SHAPES[sys.argv[1]]()
