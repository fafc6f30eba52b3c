"""What ropewalk's own agent programs share: arguments, events on standard output, the way out."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn, Protocol

from ropewalk.agents.base import AgentEvent
from ropewalk.agents.lines import format_event
from ropewalk.errors import InvalidInput

INTERRUPTED: Final = 130


class Main(Protocol):
    """The work of a program."""

    def __call__(
        self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, prompt: str
    ) -> int:
        """Work on a prompt; return the exit code."""
        ...


class Parser(argparse.ArgumentParser):
    """Reads arguments; wrong ones are an error like any other and end no process.

    Raises:
        InvalidInput: an argument is wrong.
    """

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong."""
        raise InvalidInput(f"{self.prog}: {message}")


def print_event(event: AgentEvent) -> None:
    """Print an event on a line of its own, at once."""
    sys.stdout.write(format_event(event) + "\n")
    sys.stdout.flush()


def run_with_prompt(main: Main) -> int:
    """Run the work of this process on the prompt on standard input; return the exit code."""
    try:
        text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
        return main(sys.argv[1:], env=dict(os.environ), cwd=Path.cwd(), prompt=text)
    except KeyboardInterrupt:
        return INTERRUPTED
