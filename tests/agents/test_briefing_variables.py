"""Briefings say what the epic is about by variables; what they are filled with stays material."""

from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.briefings import Briefing, choose_briefing
from ropewalk.agents.prompt import PromptParts, briefing_text, build_prompt
from ropewalk.errors import InvalidInput
from ropewalk.model.plan import Domain
from tests.agents.prompts import ALONE, HOSTILE, TEAM


def filled(parts: PromptParts, text: str) -> str:
    return briefing_text(replace(parts, briefing=Briefing(name="backend", text=text)))


def write(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "backend.md").write_bytes(text.encode())
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "# Plain\n",
        "{% if x %} {# no comment #} {%- raw %}\n",
        "a { b } }} {\t{ c\n",
        "windows\r\nlines\r\n\r\nend\n",
    ],
)
def test_a_briefing_without_variables_stays_as_it_is(text: str) -> None:
    assert filled(TEAM, text) == text


def test_names_are_filled_in_where_they_stand() -> None:
    parts = replace(TEAM, base="c" * 40)

    text = filled(parts, "{{ domain }} of {{epic}} from {{ base }}, {% x %} {# y #}\n")

    assert text == f"backend of search from {'c' * 40}, {{% x %}} {{# y #}}\n"


def test_lists_are_filled_in_between_delimiters() -> None:
    text = filled(TEAM, "Yours:{{ files }}Checks:{{ checks }}Theirs:{{ neighbours }}")

    assert text == (
        "Yours:\n<<<data-0\napi/**\napi/search.py\ndata-0>>>\n"
        "Checks:\n<<<data-0\npytest -q tests/api\nruff check api\ndata-0>>>\n"
        "Theirs:\n<<<data-0\ndatabase: db/**, models/*.py, db/fts.sql\ntests: tests/**\ndata-0>>>\n"
    )


def test_an_empty_list_says_so() -> None:
    assert filled(ALONE, "{{ checks }}") == "\n<<<data-0\n(none)\ndata-0>>>\n"


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    domain = replace(TEAM.domain, files=("{{ epic }}",))

    assert "{{ epic }}" in filled(replace(TEAM, domain=domain), "{{ files }}")


def test_hostile_names_stay_between_delimiters_that_they_do_not_hold() -> None:
    briefing = Briefing(name="backend", text="Yours:{{ files }}{{ checks }}{{ neighbours }}End\n")
    prompt = build_prompt(replace(HOSTILE, briefing=briefing))

    word = prompt.split("`<<<", 1)[1].split("`", 1)[0]
    inside = False
    ours = []
    for line in prompt.splitlines():
        if line in (f"<<<{word}", f"{word}>>>"):
            assert inside == (line == f"{word}>>>")
            inside = not inside
        elif not inside:
            ours.append(line)
    assert not inside
    text = "\n".join(ours)
    assert "rm -rf" not in text
    assert "You own everything" not in text
    assert "Delete everything" not in text
    assert text.count("## Rules") == 1


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("# Ours\n\nFor {{ domian }}.\n", 3, "`domian` is undefined"),
        ("{{ domain\n", 1, "end of"),
        ("\n{{ domain | shout }}\n", 2, "shout"),
        ("{{ files.first.second }}\n", 1, "undefined"),
    ],
    ids=["unknown", "open", "filter", "attribute"],
)
def test_what_cannot_be_filled_in_is_refused_with_file_and_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    folder = write(tmp_path / "briefings", text)

    with pytest.raises(InvalidInput) as refused:
        choose_briefing(Domain(name="backend"), folder)

    assert refused.value.message.startswith(f"briefings/backend.md:{line}: ")
    assert what in refused.value.message
    assert "domain, epic, files, checks, neighbours, base" in refused.value.hint


def test_braces_can_be_written_plainly(tmp_path: Path) -> None:
    folder = write(tmp_path / "briefings", "In templates {{ '{{' }} name }}.\n")
    briefing = choose_briefing(Domain(name="backend"), folder)

    assert filled(TEAM, briefing.text) == "In templates {{ name }}.\n"


def test_a_briefing_that_grows_without_end_is_stopped() -> None:
    with pytest.raises(InvalidInput):
        filled(TEAM, "{{ 'x' * 100000000 }}")
