"""How ropewalk's own agent programs are started: as child programs, like every other agent.

Invariant: the worktree, which is their current directory, is never on their import path.
"""

import site
import sys
from pathlib import Path

import ropewalk


def child_argv(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command line that runs a module of this package as a program."""
    # -P: the worktree is the current directory, and its modules are not ours.
    return (sys.executable, "-P", "-m", module, *arguments)


def import_path() -> dict[str, str]:
    """Return what a child program needs to find this package; nothing where it is installed."""
    root = str(Path(ropewalk.__file__).parent.parent)
    return {} if root in site.getsitepackages() else {"PYTHONPATH": root}
