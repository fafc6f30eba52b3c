"""What a program is started with: a built environment, and a shell that stops at errors."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ropewalk.errors import InvalidInput

_ALLOWED: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TERM",
    "TZ",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
)
_BASH: Final = Path("/bin/bash")


def base_environment(names: Iterable[str] = ()) -> dict[str, str]:
    """Return the allow-listed part of this process's environment.

    Args:
        names: further variables to let through when they are set; nothing else passes, so that
            neither credentials nor ``GIT_*`` reach a program unless its owner named them.

    Raises:
        InvalidInput: a name is empty or holds ``=`` or NUL.
    """
    wanted = (*_ALLOWED, *names)
    for name in wanted:
        if not name or "=" in name or "\0" in name:
            message = f"'{name}' is not the name of an environment variable"
            raise InvalidInput(message)
    return {name: os.environ[name] for name in wanted if name in os.environ}


def shell_argv(command: str, *, bash: Path = _BASH) -> tuple[str, ...]:
    """Return the argument list that runs a shell command line and fails where any part fails.

    Bash also fails for a failing part of a pipeline; where it is missing, the plain shell runs.
    """
    if bash.exists():
        return (str(bash), "-euo", "pipefail", "-c", command)
    return ("/bin/sh", "-euc", command)
