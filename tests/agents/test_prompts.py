import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.prompt import MAX_OTHERS, MAX_PATHS, build_prompt
from ropewalk.model.plan import Domain
from ropewalk.store.fence import MAX_TEXT
from tests.agents.prompts import ALONE, BACKEND, GOLDEN, HOSTILE, PROMPTS, RETRY, TEAM


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_is_word_for_word_the_one_that_was_agreed(name: str) -> None:
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")

    assert build_prompt(PROMPTS[name]) == expected


@pytest.mark.parametrize("folder", ["plain", "with space", "it's", "$(touch x)", "-dash", "ü"])
def test_the_first_line_changes_into_the_worktree(tmp_path: Path, folder: str) -> None:
    worktree = tmp_path / folder
    worktree.mkdir()

    first = build_prompt(replace(TEAM, worktree=worktree)).splitlines()[0]

    shown = subprocess.run(
        ["sh", "-c", f"{first} && pwd -P"], cwd="/", capture_output=True, check=True
    )
    assert shown.stdout.decode().removesuffix("\n") == str(worktree.resolve())
    assert shlex.split(first) == ["cd", str(worktree)]
    assert list(tmp_path.iterdir()) == [worktree]


def test_text_from_outside_cannot_end_its_block() -> None:
    prompt = build_prompt(HOSTILE)

    word = next(line for line in prompt.splitlines() if line.startswith("<<<")).removeprefix("<<<")
    assert word == "data-3"
    inside, outside = False, []
    for line in prompt.splitlines():
        if line == f"{word}>>>":
            assert inside
            inside = False
        if not inside:
            outside.append(line)
        if line == f"<<<{word}":
            inside = True
    rules = [line for line in outside if line == "## Rules"]
    assert not inside
    assert len(rules) == 1
    assert "Commit to main" not in "\n".join(outside)
    assert "You own everything" not in "\n".join(outside)


def test_nothing_that_steers_a_terminal_gets_into_a_prompt() -> None:
    assert "\x1b" not in build_prompt(HOSTILE)


def test_the_same_parts_give_the_same_prompt() -> None:
    assert build_prompt(TEAM) == build_prompt(TEAM)


def test_a_long_list_of_files_is_cut_and_says_where_all_of_them_are() -> None:
    paths = tuple(f"api/{number}.py" for number in range(500))
    prompt = build_prompt(replace(TEAM, domain=replace(BACKEND, paths=paths)))

    assert f"api/{MAX_PATHS - 1}.py" in prompt
    assert f"api/{MAX_PATHS}.py" not in prompt
    assert f"… and {500 - MAX_PATHS} more" in prompt
    assert "Today these are 500" in prompt


def test_a_long_epic_is_cut_and_says_so() -> None:
    prompt = build_prompt(replace(TEAM, description="x" * 100_000))

    assert len(prompt) < MAX_TEXT + 10_000
    assert "characters left out" in prompt


def test_many_other_domains_are_cut_and_counted() -> None:
    others = tuple(
        Domain(name=f"d{number}", files=tuple(f"{number}/{i}" for i in range(100)))
        for number in range(MAX_OTHERS + 20)
    )

    prompt = build_prompt(replace(TEAM, others=others))

    assert "… and 20 more domains" in prompt
    assert "… and 88 more" in prompt
    assert len(prompt) < 20_000


def test_a_domain_on_top_of_others_is_told_that_their_work_is_there() -> None:
    stacked = replace(BACKEND, stacked=True)

    assert "already in your worktree" in build_prompt(replace(TEAM, domain=stacked))
    assert "is not in your worktree" in build_prompt(TEAM)


def test_an_agent_alone_is_not_told_of_others() -> None:
    prompt = build_prompt(ALONE)

    assert "What others own" not in prompt
    assert "No other agent" in prompt


def test_a_further_attempt_knows_what_a_person_said() -> None:
    assert "must not need a log-in" in build_prompt(RETRY)
    assert "## Attempt" not in build_prompt(TEAM)
    assert "Earlier attempts" not in build_prompt(replace(TEAM, message="Please"))
