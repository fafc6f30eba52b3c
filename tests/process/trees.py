"""What tests of processes share: programs to run, and a look at who is still alive."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ropewalk.process import Limits

HERE: Final = Path(__file__).parent
SOURCE: Final = HERE.parent.parent / "src"
QUICK: Final = Limits(interrupt_s=0.1, grace_s=0.2)
LEAVING_SHAPES: Final = (
    "plain",
    "daemon",
    "daemon_without_environment",
    "stopped_child",
    "many_daemons",
    "sessions",
    "comet",
    "comet_of_sessions",
)
STAYING_SHAPES: Final = ("hang", "stopped", "daemon_and_hang")


def tree_argv(shape: str, folder: Path) -> tuple[str, ...]:
    """Return the argument list that starts a tree of this shape."""
    folder.mkdir(exist_ok=True)
    return (sys.executable, "-I", "-S", str(HERE / "tree_program.py"), shape, str(folder))


def python_argv(source: str, *arguments: str) -> tuple[str, ...]:
    """Return the argument list that runs Python source."""
    return (sys.executable, "-I", "-S", "-c", source, *arguments)


def coordinator_argv(source: str, *arguments: str) -> tuple[str, ...]:
    """Return the argument list that runs Python source which can import the product."""
    return (
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{source}",
        *arguments,
    )


def plain_environment() -> dict[str, str]:
    """Return the least environment that programs need."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C"}


def live_pids(folder: Path) -> list[int]:
    """Return the pids of the tree's processes that are still there, zombies not counted."""
    return [
        int(path.name)
        for path in folder.iterdir()
        if path.name.isdigit() and is_live(int(path.name), path.read_text())
    ]


def is_live(pid: int, start_time: str) -> bool:
    """Say whether a process with this pid and start time exists and is no zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[19] == start_time and fields[0] not in "ZX"


def wait_until(is_true: Callable[[], bool], *, patience_s: float = 5.0) -> bool:
    """Wait for a condition; say whether it came true in time."""
    deadline = time.monotonic() + patience_s
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
