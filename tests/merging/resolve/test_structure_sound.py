"""What holds for every method, whatever a file holds."""

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk.merging.resolve.elements import Policy, Side, Traits, merge
from ropewalk.merging.resolve.languages import language_of
from ropewalk.merging.resolve.reading import read
from ropewalk.merging.resolve.structure import METHODS
from ropewalk.merging.resolve.values import Region
from ropewalk.merging.resolve.versions import higher
from tests.merging.resolve.offering import region

PATHS = (
    "a.py",
    "a.c",
    "a.rs",
    "a.json",
    "a.cfg",
    "a.yaml",
    "a.toml",
    "requirements.txt",
    "a.md",
    "a",
)
PIECES = (
    *(
        "def f(a, b=1):",
        "class C:",
        "    x = [1, 2]",
        "@wrap",
        "import os",
        "from m import (a,",
        ")",
    ),
    *(
        "'''",
        '"""',
        "'",
        "`",
        "{",
        "}",
        "(",
        "]",
        ",",
        "#  c",
        "// c",
        "/* c",
        "\\",
        "\t",
        "    ",
        "",
    ),
    *(
        "- item 1.2.3",
        "Title",
        "=====",
        "## Head",
        "key = a",
        "  value",
        "x: 1",
        '"k": 2',
        "\0",
        "é",
    ),
    *("if x:", "else:", "    return y, z", "1.10", "2024-02-01", "\r", "\f", "a==1.2,<3"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).flatmap(
    lambda pieces: st.sampled_from(("\n", "\r\n", " ", "\r")).map(
        lambda end: (end.join(pieces) + end).encode("latin-1")
    )
)


def _lines(content: bytes) -> tuple[bytes, ...]:
    return tuple(content.splitlines(keepends=True))


@given(st.sampled_from(PATHS), TEXTS | st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_reading_loses_no_byte(path: str, content: bytes) -> None:
    language = language_of(path)

    assert language is not None
    assert read(content, language).raw == content


@given(st.sampled_from(PATHS), st.lists(TEXTS | st.binary(max_size=30), min_size=5, max_size=5))
@settings(max_examples=150, deadline=None)
def test_no_method_raises_or_offers_more_than_eight(path: str, texts: list[bytes]) -> None:
    base, ours, theirs, before, after = map(_lines, texts)
    conflict = Region(path=path, base=base, ours=ours, theirs=theirs, before=before, after=after)

    for _, method in METHODS:
        offers = list(method(conflict))
        assert len({offer.lines for offer in offers}) == len(offers) <= 8


@given(st.lists(TEXTS, min_size=2, max_size=2), st.sampled_from((*PATHS[:3], *PATHS[4:])))
@settings(max_examples=100, deadline=None)
def test_a_change_of_one_side_alone_is_taken_as_it_is(texts: list[bytes], path: str) -> None:
    base, ours = map(_lines, texts)
    conflict = Region(path=path, base=base, ours=ours, theirs=base)
    woven = [b"".join(offer.lines) for offer in dict(METHODS)["woven"](conflict)]

    said = {b"".join(content.split()).rstrip(b",") for content in woven}
    assert said <= {b"".join(b"".join(ours).split()).rstrip(b",")}


NUMBERS = st.lists(st.integers(0, 9), max_size=8, unique=True)
EQUAL: Traits[int] = Traits(
    key=lambda one: one,
    alike=lambda _one, _other: 0.0,
    combine=lambda one, _ours, _theirs: one,
    distinct=lambda one: one,
)


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(Side))
def test_a_merge_of_sequences_loses_no_addition(
    base: list[int], ours: list[int], theirs: list[int], first: Side
) -> None:
    merged = merge(base, ours, theirs, traits=EQUAL, policy=Policy(first=first))

    if merged is not None:
        assert {*ours, *theirs} - {*base} <= {*merged} <= {*ours, *theirs}


@given(NUMBERS, NUMBERS, st.sampled_from(Side))
def test_a_merge_with_an_unchanged_side_is_the_other_side(
    base: list[int], changed: list[int], first: Side
) -> None:
    policy = Policy(first=first)

    assert merge(base, changed, base, traits=EQUAL, policy=policy) == tuple(changed)
    assert merge(base, base, changed, traits=EQUAL, policy=policy) == tuple(changed)


def test_every_offer_for_python_parses_where_both_sides_do() -> None:
    before = "class Shop:\n    def open(self, day):\n        price = 1\n"
    after = "        return price\n\n    def close(self):\n        return None\n"
    sides = (
        "        price = self.ask(\n            day,\n            at=9)\n",
        "        if day:\n            price = self.ask(day)\n",
        "        price = self.ask(day, (1,\n          2))\n\n    def wait(self):\n        x = 3\n",
        "        for hour in day: price = hour\n",
    )

    for ours in sides:
        for theirs in sides:
            conflict = region(
                "shop.py",
                base="        price = self.ask(day)\n",
                ours=ours,
                theirs=theirs,
                before=before,
                after=after,
            )
            for _, method in METHODS:
                for offer in method(conflict):
                    ast.parse(before.encode() + b"".join(offer.lines) + after.encode())


@pytest.mark.parametrize("path", ["big.py", "big.c", "big.cfg", "big.md"])
def test_a_region_in_a_file_of_two_thousand_lines_takes_little_time(path: str) -> None:
    many = "".join(f"value_{number} = call(argument, {number})\n" for number in range(1_000))
    conflict = region(
        path,
        base="x = f(1, 2)\n",
        ours="x = f(1, 2, three=3)\n",
        theirs="x = f(\n    1,\n    22,\n)\n",
        before=many,
        after=many,
    )
    began = time.process_time()

    for _, method in METHODS:
        list(method(conflict))

    assert time.process_time() - began < 0.5


def test_a_region_of_a_thousand_new_lines_ends() -> None:
    ours, theirs = (
        "".join(f"def {side}_{number}():\n    return {number}\n\n" for number in range(500))
        for side in ("ours", "theirs")
    )

    offers = [
        offer for _, method in METHODS for offer in method(region("a.py", ours=ours, theirs=theirs))
    ]

    assert b"".join(offers[0].lines).count(b"def ") == 1_000


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (b"1.10.0", b"1.9.3", b"1.10.0"),
        (b"2.0.0a1", b"2.0.0", b"2.0.0"),
        (b"2024-02-01", b"2023-12-31", b"2024-02-01"),
        (b"1.2", b"1.2.1", b"1.2.1"),
    ],
)
def test_the_higher_version_is_found_whichever_comes_first(
    one: bytes, other: bytes, wanted: bytes
) -> None:
    assert higher(one, other) == higher(other, one) == wanted
