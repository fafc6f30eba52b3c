import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.merging.resolve.alignment import myers
from ropewalk.merging.resolve.three_way import Changed
from ropewalk.merging.resolve.tokens import (
    Manner,
    Sides,
    layout_merges,
    token_merges,
    tokens,
    words,
)

MANNER = Manner(align=myers, touching=True)
CLOSE = Manner(align=myers, touching=False)
CHOICES = ((Changed.OURS,), (Changed.THEIRS,))


def merged(base: str, ours: str, theirs: str) -> str | None:
    sides = Sides(base=base.encode(), ours=ours.encode(), theirs=theirs.encode())
    return next((text.decode() for _, text in token_merges(sides, MANNER, ())), None)


@given(st.binary(max_size=200))
def test_tokens_joined_are_the_text_byte_for_byte(text: bytes) -> None:
    assert b"".join(tokens(text)) == text


@given(text=st.text(alphabet="a,() \t\r\n\f\v\x85é)]}", max_size=80), loose=st.booleans())
def test_words_and_the_space_before_them_joined_are_the_text(text: str, *, loose: bool) -> None:
    found = words(text.encode(), loose=loose)

    assert b"".join(word.space + word.text for word in found) == text.encode()


CASES = [
    ("f(a, b)\n", "f(a, b, c)\n", "g(a, b)\n"),
    ("one two three\n", "1 two three\n", "one two 3\n"),
    ("one two three\n", "one 2 three\n", "one II three\n"),
    ("x = 1\ny = 2\n", "x = 1\ny = 3\n", "x = 0\ny = 2\n"),
    ("last", "last\n", "the last"),
    ("a\r\nb\r\n", "a\r\nB\r\n", "A\r\nb\r\n"),
    ("", "ours\n", "theirs\n"),
    ("return a\n", "return a + b\n", "return c + a\n"),
    ("def f():\n    pass\n", "def f(x):\n    pass\n", "def f():\n    return 1\n"),
]


@pytest.mark.parametrize(("base", "ours", "theirs"), CASES)
def test_the_merge_by_tokens_agrees_with_git_on_one_token_a_line(
    base: str, ours: str, theirs: str, tmp_path: Path
) -> None:
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        lines = (token.hex() for token in tokens(text.encode()))
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="ascii")

    ended = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    by_git = (
        "".join(bytes.fromhex(line).decode() for line in ended.stdout.split("\n") if line)
        if (ended.returncode == 0)
        else None
    )
    assert merged(base, ours, theirs) == by_git


def test_a_clash_of_tokens_takes_the_side_that_is_chosen_there_and_both_changes_elsewhere() -> None:
    sides = Sides(base=b"a b c d\n", ours=b"A b 1 d\n", theirs=b"a b 2 D\n")

    found = [text for _, text in token_merges(sides, CLOSE, CHOICES)]

    assert found == [b"A b 1 D\n", b"A b 2 D\n"]


def test_a_change_of_words_is_taken_into_the_layout_that_the_other_side_gave_them() -> None:
    sides = Sides(
        base=b"call(one, two)\n",
        ours=b"call(\n    one,\n    two,\n)\n",
        theirs=b"call(one, other)\n",
    )

    found = {text for _, _, text in layout_merges(sides, CLOSE, CHOICES, loose=True)}

    assert found == {b"call(\n    one,\n    other,\n)\n"}


def test_an_argument_is_added_before_a_comma_that_the_other_side_put_at_the_end() -> None:
    sides = Sides(base=b"call(one)\n", ours=b"call(\n    one,\n)\n", theirs=b"call(one, two)\n")

    found = {text for _, _, text in layout_merges(sides, CLOSE, CHOICES, loose=True)}

    assert b"call(\n    one, two,\n)\n" in found
