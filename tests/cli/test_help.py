import re
import subprocess
import sys
from pathlib import Path

import pytest

from ropewalk.cli.root import root
from ropewalk.cli.table import EVERY_DAY, VERBS
from tests.cli.running import program, ropewalk

GOLDEN = Path(__file__).with_name("golden")
BUILT = [name for name in VERBS if name != "demo"]


def test_help_shows_the_four_verbs_of_a_normal_day_first(tmp_path: Path) -> None:
    ended = program(tmp_path, "--help")

    assert ended.code == 0
    assert ended.out == (GOLDEN / "help.txt").read_text()
    assert max(map(len, ended.out.splitlines())) <= 80
    everyday = [name for name, verb in VERBS.items() if verb.group == EVERY_DAY]
    assert everyday == ["plan", "run", "results", "merge"]
    assert re.findall(r"^  (\w+) ", ended.out, re.MULTILINE)[1:5] == everyday


def test_help_and_version_import_nothing_heavy(tmp_path: Path) -> None:
    for argument in ("--help", "--version", "nonsense"):
        ended = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "ropewalk", argument],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

        imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
        tops = {name.split(".")[0] for name in imported}
        assert "click" in tops
        assert not tops & {"pydantic", "git", "anthropic", "rich", "ruamel", "psutil"}
        assert "ropewalk.api" not in imported


@pytest.mark.parametrize("verb", BUILT)
def test_each_verb_has_help_within_80_columns(verb: str, tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, verb, "--help")

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: ropewalk {verb} ")
    assert max(map(len, ended.out.splitlines())) <= 80
    for flag in ("--json", "--quiet", "--verbose", "--yes"):
        assert flag in ended.out


def test_the_table_names_a_command_for_each_verb() -> None:
    context = root.make_context("ropewalk", ["status"], resilient_parsing=True)

    names = {name: root.get_command(context, name) for name in BUILT}

    assert {name: command and command.name for name, command in names.items()} == {
        name: name for name in BUILT
    }
    assert root.get_command(context, "nonsense") is None


def test_the_program_runs_as_a_module(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ropewalk", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.fullmatch(r"ropewalk \d+\.\d+\.\d+\n", ended.stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_the_program(shell: str, tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, "completions", shell)

    assert ended.code == 0
    assert "_ROPEWALK_COMPLETE" in ended.out
    assert ropewalk(tmp_path, "--json", "completions", shell).json["shell"] == shell


def test_completion_completes_verbs(tmp_path: Path) -> None:
    ended = program(
        tmp_path, _ROPEWALK_COMPLETE="bash_complete", COMP_WORDS="ropewalk me", COMP_CWORD="1"
    )

    assert ended.out == "plain,merge\n"
