"""The command line, started as a person or a program starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ropewalk.model.values import Value
from ropewalk.store.schema.documents import load

T = TypeVar("T", bound=Value)
ARGV = (sys.executable, "-m", "ropewalk")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, object]:
        """The one document on stdout."""
        value = json.loads(self.stdout)
        assert isinstance(value, dict)
        return value


def answer(ended: Ended, kind: type[T], *, code: int = 0) -> T:
    """Return the document of a command that had to end with ``code``."""
    assert ended.code == code, ended.stderr
    return load(kind, ended.stdout.encode(), name="stdout")


def ropewalk(
    repository: Path,
    *arguments: str,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
) -> Ended:
    """Run ``ropewalk -C REPOSITORY ARGUMENTS…`` to its end."""
    done = subprocess.run(
        [*ARGV, "-C", str(repository), *arguments],
        input=stdin.encode(),
        env=dict(os.environ if env is None else env),
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    return Ended(code=done.returncode, stdout=done.stdout.decode(), stderr=done.stderr.decode())


def start(
    repository: Path, *arguments: str, log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``ropewalk -C REPOSITORY ARGUMENTS…`` in a session of its own; output goes to a log."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [*ARGV, "-C", str(repository), *arguments],
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
