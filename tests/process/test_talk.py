import os
import sys
from pathlib import Path

import pytest

from ropewalk.errors import ProgramNotFound, RopewalkError
from ropewalk.process import Talk
from ropewalk.process.identity import find_identity
from tests.process.trees import wait_until

ENV = {"PATH": os.environ["PATH"]}


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_lines_longer_than_a_pipe_go_both_ways_at_once(tmp_path: Path) -> None:
    echo = "import sys\nfor line in sys.stdin: print(line * 1, end='', flush=True)"
    long = b"x" * 3_000_000

    with Talk(python(echo), cwd=tmp_path, env=ENV) as talk:
        for _ in range(3):
            talk.send(long)
        heard = [talk.receive(20.0) for _ in range(3)]

    assert [len(line or b"") for line in heard] == [3_000_000] * 3


def test_silence_and_an_end_are_told_apart(tmp_path: Path) -> None:
    with Talk(("cat",), cwd=tmp_path, env=ENV) as silent:
        assert silent.receive(0.05) is None
    with Talk(("sh", "-c", "echo last; exit 3"), cwd=tmp_path, env=ENV) as ending:
        assert ending.receive(20.0) == b"last"
        with pytest.raises(RopewalkError, match="ended"):
            ending.receive(20.0)
        assert wait_until(lambda: ending.exit_code == 3)
        with pytest.raises(RopewalkError, match="reads no longer"):
            ending.send(b"x" * 1_000_000)


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match="no-such-program"):
        Talk(("no-such-program",), cwd=tmp_path, env=ENV)


def test_a_program_that_does_not_end_is_ended_with_its_group(tmp_path: Path) -> None:
    with Talk(("sh", "-c", "sleep 600 & echo $!; wait"), cwd=tmp_path, env=ENV) as talk:
        sleeper = int(talk.receive(20.0) or b"0")
        assert find_identity(sleeper) is not None

    assert wait_until(lambda: find_identity(sleeper) is None)
