"""Merge drivers of the person's, and mergiraf, run on one file in a scratch directory."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import Interrupted
from ropewalk.merging.resolve.drivers import drive
from ropewalk.merging.values import MergeTools
from tests.conftest import run_git
from tests.merging.epics import Epic, numbered
from tests.merging.resolve.clashes import NOTES, clashing, two_sides

OURS = numbered(line_5="one")
THEIRS = numbered(line_5="two")


def attributes(epic: Epic, text: str) -> None:
    """Commit attributes to the target, from which both sides start."""
    (epic.root / ".gitattributes").write_text(text, encoding="utf-8")
    run_git(epic.root, "add", ".gitattributes")
    run_git(epic.root, "commit", "--quiet", "--message=attributes")
    epic.base = run_git(epic.root, "rev-parse", "HEAD")


def tools_with(epic: Epic, **commands: str) -> MergeTools:
    drivers = tuple(f"merge.{name}.driver={command}" for name, command in commands.items())
    tools = epic.tools()
    return replace(tools, place=replace(tools.place, drivers=drivers))


def driven(
    epic: Epic, tools: MergeTools, *, time_limit_s: float = 20.0
) -> Mapping[str, tuple[str, str]]:
    ours, theirs = epic.heads["a-side"], epic.heads["b-side"]
    with clashing(epic, ours, theirs) as clash:
        return {
            path: (one.content.decode(), one.methods[0])
            for solved in drive(tools, clash, time_limit_s=time_limit_s)
            for path, one in solved.items()
        }


@pytest.fixture
def clash_of_notes(epic: Epic) -> Epic:
    attributes(epic, "*.txt merge=notes\n*.md merge=other\n")
    two_sides(epic, {NOTES: OURS}, {NOTES: THEIRS})
    return epic


def test_a_driver_gets_the_versions_and_words_that_git_gives_it(clash_of_notes: Epic) -> None:
    command = (
        "test -s %O && test -s %B && grep -q two %B && sed -i s/one/both/ %A"
        " && echo %P %L %S %X %Y 100%% >> %A"
    )

    solved = driven(clash_of_notes, tools_with(clash_of_notes, notes=command))

    expected = numbered(line_5="both") + f"{NOTES} 7 base train b-side 100%\n"
    assert solved == {NOTES: (expected, "driver notes")}


def test_a_driver_that_fails_hangs_or_is_missing_offers_nothing(clash_of_notes: Epic) -> None:
    for command in ("false", "sleep 60", "no-such-program %A", "rm %A", "ln -sf /etc/hosts %A"):
        tools = tools_with(clash_of_notes, notes=command)
        assert driven(clash_of_notes, tools, time_limit_s=0.5) == {}, command


def test_a_driver_of_other_files_or_of_no_attribute_is_not_asked(clash_of_notes: Epic) -> None:
    assert driven(clash_of_notes, tools_with(clash_of_notes, other="true", third="true")) == {}


def test_a_driver_cannot_see_the_repository(clash_of_notes: Epic) -> None:
    tools = tools_with(clash_of_notes, notes="ls -A > %A; pwd -P >> %A; git status && exit 1; true")

    ((content, _method),) = driven(clash_of_notes, tools).values()

    *files, where = content.splitlines()
    assert files == [".merge_file_A", ".merge_file_B", ".merge_file_O"]
    assert clash_of_notes.root not in Path(where).parents


def test_a_cancelled_merge_ends_the_driver(clash_of_notes: Epic) -> None:
    tools = tools_with(clash_of_notes, notes="sleep 60")
    tools.cancel.set()

    with pytest.raises(Interrupted):
        driven(clash_of_notes, tools)


def test_mergiraf_is_asked_where_it_is_installed(
    epic: Epic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "mergiraf"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ntest "$1 $2" = "merge --git" || exit 2\n'
        'printf "%s\\n" "$3" "$5" "$6" "$7" "$8" "$9" "${10}" "${11}" "${12}" "${13}" "${14}"'
        ' "${15}" > "$4"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    two_sides(epic, {NOTES: OURS}, {NOTES: THEIRS})
    assert driven(epic, epic.tools()) == {}

    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    ((content, method),) = driven(epic, epic.tools()).values()

    words = [".merge_file_O", ".merge_file_B"]
    words += ["-s", "base", "-x", "train", "-y", "b-side", "-p", NOTES, "-l", "7"]
    assert (content.split(), method) == (words, "driver mergiraf")
