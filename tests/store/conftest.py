"""Child processes for what only another process can show: kills, limits, locks."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from ropewalk.store.journal import Journal, read_events


class StartPython(Protocol):
    """Starts Python code in a child; its output is a text pipe; ended when the test ends."""

    def __call__(
        self, code: str, *arguments: object, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]: ...


@pytest.fixture
def start_python() -> Iterator[StartPython]:
    started: list[subprocess.Popen[str]] = []

    def start(
        code: str, *arguments: object, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.jsonl"


def write_journal(path: Path, *types: str) -> bytes:
    with Journal.open(path, "r1") as journal:
        for type_ in types:
            journal.emit(type_, {"said": type_})
    return path.read_bytes()


def types_of(path: Path) -> list[str]:
    return [event.type for event in read_events(path)]
