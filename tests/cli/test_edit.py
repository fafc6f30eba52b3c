import os
import re
from pathlib import Path

from tests.cli.running import program
from tests.cli.test_terminal import on_terminal


def editor(folder: Path, script: str) -> str:
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_an_edited_plan_gets_a_new_hash(planned: Path, tmp_path: Path) -> None:
    plan = planned / ".workflow" / "outputs" / "search" / "parallel_analysis.json"
    before = plan.read_text()
    change = editor(tmp_path, 'sed -i "s/Search the shop/Find things/" "$1"')

    ended = program(planned, "--json", "edit", "search", VISUAL=change)

    assert ended.code == 0
    assert ended.out == plan.read_text() != before
    assert '"title": "Find things"' in ended.out


def test_an_edited_plan_that_is_wrong_is_kept_in_a_file(planned: Path, tmp_path: Path) -> None:
    change = editor(tmp_path, 'echo "nonsense: 1" >> "$1"')

    ended = program(planned, "edit", "search", VISUAL=change, TMPDIR=str(tmp_path))

    assert ended.code == 2
    assert re.match(r"error: .*nonsense.* \(search\.yaml:\d+:\d+\)", ended.err)
    kept = Path(ended.err.rstrip().rpartition(" ")[2])
    assert "nonsense: 1" in kept.read_text()


def test_a_plan_that_was_not_changed_stays_as_it_is(planned: Path, tmp_path: Path) -> None:
    plan = planned / ".workflow" / "outputs" / "search" / "parallel_analysis.json"
    before = plan.read_bytes()

    ended = program(planned, "edit", "search", EDITOR="true", VISUAL="", TMPDIR=str(tmp_path))

    assert ended.code == 0
    assert ended.err == "nothing was changed\n"
    assert plan.read_bytes() == before
    assert list(tmp_path.glob("search-*.yaml")) == []


def test_without_editor_and_terminal_there_is_an_error(planned: Path) -> None:
    ended = program(planned, "--json", "edit", "search", EDITOR="", VISUAL="")

    assert ended.code == 2
    assert ended.json["error"]["code"] == "no_editor"


def test_an_editor_that_fails_is_said(planned: Path, tmp_path: Path) -> None:
    ended = program(planned, "edit", "search", EDITOR="false", VISUAL="", TMPDIR=str(tmp_path))

    assert ended.code == 2
    assert "false" in ended.err


def test_on_a_terminal_the_editor_is_shown(planned: Path, tmp_path: Path) -> None:
    change = editor(tmp_path, 'test -t 1 && sed -i "s/Search the shop/Seen/" "$1"')

    code, drawn = on_terminal(planned, "edit", "search", VISUAL=change, HOME=os.environ["HOME"])

    assert code == 0
    assert "Epic search: Seen" in drawn
