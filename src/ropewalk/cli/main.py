"""The edge of the program: whatever happens becomes words for a person and an exit code."""

import os
import sys
from collections.abc import Sequence

import click

from ropewalk.cli.root import root
from ropewalk.cli.session import peek
from ropewalk.cli.signals import interrupts


def main(argv: Sequence[str] | None = None, *, command: click.Command = root) -> int:
    """Run one command line and return its exit code; never raises for what a person did.

    Args:
        argv: the words after the program's name; None: those of this process.
        command: what is run.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        with interrupts():
            return _run(command, arguments)
    except BrokenPipeError:
        _close_quietly()
        return 1


def _run(command: click.Command, arguments: Sequence[str]) -> int:
    session = peek(arguments)
    try:
        code = command.main(args=list(arguments), prog_name="ropewalk", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place where a defect becomes a report
        from ropewalk.cli import failure  # noqa: PLC0415 - a third of the start, for what failed

        code = failure.show_any(error, session, arguments)
        _close_quietly()
    return code if isinstance(code, int) else 0


def _close_quietly() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
