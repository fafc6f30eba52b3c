"""Running command lines: in this process for the many, as the installed program for the few."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ropewalk.cli.main import main
from ropewalk.cli.root import root

PROGRAM = Path(sys.executable).with_name("ropewalk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the document is
        """The one document on stdout."""
        return json.loads(self.out)


def ropewalk(directory: Path, *arguments: str, command: click.Command = root) -> Ended:
    """Run a command line in this process."""
    words = [*(["-C", str(directory)] if command is root else []), *arguments]
    out, err = io.BytesIO(), io.BytesIO()
    with (
        redirect_stdout(io.TextIOWrapper(out, "utf-8", write_through=True)) as stdout,
        redirect_stderr(io.TextIOWrapper(err, "utf-8", write_through=True)) as stderr,
    ):
        code = main(words, command=command)
        stdout.flush()
        stderr.flush()
    return Ended(code=code, out=out.getvalue().decode(), err=err.getvalue().decode())


def program(directory: Path, *arguments: str, stdin: str = "", **env: str) -> Ended:
    """Run the installed program."""
    ended = subprocess.run(
        [PROGRAM, *arguments],
        cwd=directory,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    return Ended(code=ended.returncode, out=ended.stdout, err=ended.stderr)
