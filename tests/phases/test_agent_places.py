"""Where the files of an agent's table are looked for: in the repository, wherever one stands."""

from pathlib import Path

import pytest

from ropewalk.model.result import DomainStatus
from tests.cli.running import program, ropewalk
from tests.harness import Epic
from tests.phases.programs import write_program
from tests.phases.rounds import plan

OTHERS = """
[agents.plain]
kind = "command"
argv = ["tools/plain"]

[agents.gone]
kind = "acp"
argv = ["tools/gone", "acp"]

[agents.unwritten]
kind = "script"
script = "tools/unwritten.json"
"""


@pytest.fixture
def tools(epic: Epic) -> Path:
    folder = epic.repository / "tools"
    folder.mkdir()
    write_program(
        epic.repository,
        'echo x > "$ROPEWALK_DOMAIN.txt"; result done',
        program='"tools/claude"',
    )
    (epic.repository.parent / "claude").rename(folder / "claude")
    plain = folder / "plain"
    plain.write_text('#!/bin/sh\necho x > "$ROPEWALK_DOMAIN.txt"\n')
    plain.chmod(0o755)
    with (epic.repository / "ropewalk.toml").open("a") as config:
        config.write(OTHERS)
    return folder


def test_a_program_of_the_repository_works_from_wherever_the_command_is_given(
    epic: Epic, tools: Path
) -> None:
    domains = [{"name": "a", "command": None}, {"name": "b", "command": None, "agent": "plain"}]
    plan(epic, domains)
    below = epic.repository / "tools"

    ran = program(below, "-q", "run", "rounds", "--parallel")
    doctor = ropewalk(below, "doctor").out

    assert (ran.code, ran.err) == (0, "")
    assert [epic.result(name).status for name in "ab"] == [DomainStatus.SUCCESS] * 2
    assert "house (claude) 2.1.328, the default" in doctor
    assert f"gone (acp): the program '{tools}/gone' is not found" in doctor
    assert f"the script {tools}/unwritten.json is not there" in doctor
