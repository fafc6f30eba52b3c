"""Imports and members of Python files, read with Python's own parser."""

import pytest

from tests.merging.resolve.offering import offered, region


def imports(**versions: str) -> str:
    return offered("imports", region("module.py", **versions))["imports_ours"]


def test_names_that_both_sides_import_are_one_sorted_statement() -> None:
    merged = imports(
        base="from shop import basket, order\n",
        ours="from shop import basket, invoice, order\n",
        theirs="from shop import address, basket, order\n",
    )

    assert merged == "from shop import address, basket, invoice, order\n"


def test_a_name_that_one_side_no_longer_imports_stays_away() -> None:
    merged = imports(
        base="import os\nfrom shop import basket, order\n",
        ours="import os\nimport re\nfrom shop import basket, order\n",
        theirs="from shop import basket\n",
    )

    assert merged == "import re\nfrom shop import basket\n"


def test_a_module_that_one_side_moved_gets_the_names_that_the_other_added() -> None:
    merged = imports(
        base="from project.shop import basket\n",
        ours="from .shop import basket\n",
        theirs="from project.shop import basket, order\nfrom project.data import row\n",
    )

    assert merged == "from .shop import basket, order\nfrom project.data import row\n"


@pytest.mark.parametrize(
    ("ours", "merged"),
    [
        ("from m import (\n    b,\n    c,\n)\n", "from m import (\n    a,\n    b,\n    c,\n)\n"),
        (
            f"from m import ({'b' * 40},\n               {'c' * 40})\n",
            f"from m import (a, {'b' * 40},\n               {'c' * 40})\n",
        ),
        (
            f"from m import {'b' * 30}, {'c' * 30}\n",
            f"from m import a, {'b' * 30}, {'c' * 30}\n",
        ),
        (
            f"from m import {'b' * 30}, {'c' * 33}\n",
            f"from m import (\n    a,\n    {'b' * 30},\n    {'c' * 33},\n)\n",
        ),
    ],
    ids=["one a line", "aligned", "one line", "too long for one line"],
)
def test_a_name_is_added_in_the_layout_of_the_statement(ours: str, merged: str) -> None:
    first = ours.replace("b" * 30, "b").replace("b" * 40, "b")

    assert imports(base=first, ours=ours, theirs="from m import a\n" + first) == merged


def test_a_region_with_other_statements_is_left_alone() -> None:
    conflict = region("module.py", ours="import os\nos.sync()\n", theirs="import re\n")

    assert not offered("imports", conflict)


def test_two_definitions_stand_both_as_far_apart_as_the_others() -> None:
    found = offered(
        "members",
        region(
            "module.py",
            before="import os\n",
            ours="\n\ndef one():\n    return 1\n",
            theirs="\n\ndef two():\n    return 2\n",
        ),
    )

    assert found == {
        "members": "\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n",
        "members_theirs_first": "\n\ndef two():\n    return 2\n\n\ndef one():\n    return 1\n",
    }


def test_a_definition_that_both_sides_add_stands_once_as_the_winner_has_it() -> None:
    found = offered(
        "members",
        region(
            "module.py",
            ours="def one():\n    return 1\n\n\ndef mine():\n    return 3\n",
            theirs="def one():\n    return 2\n\n\ndef other():\n    return 4\n",
        ),
    )

    assert sorted(found) == ["members_ours", "members_theirs"]
    assert "return 1" in found["members_ours"]
    assert "return 2" in found["members_theirs"]
    assert all(
        text.count("def one") == text.count("def mine") == text.count("def other") == 1
        for text in found.values()
    )


def test_a_method_that_one_side_moved_is_changed_where_it_was_moved_to() -> None:
    first = "    def first(self):\n        return 1\n"
    second = "    def second(self):\n        return 2\n"
    found = offered(
        "members",
        region(
            "module.py",
            before="class Shop:\n",
            base=f"{first}\n{second}",
            ours=f"{second}\n{first}",
            theirs=f"{first.replace('return 1', 'return 10')}\n{second}",
        ),
    )

    assert found["members"].split() == (second + first.replace("return 1", "return 10")).split()


def test_definitions_under_one_name_with_other_decorators_stand_both() -> None:
    found = offered(
        "members",
        region(
            "module.py",
            before="class Shop:\n",
            ours="    @property\n    def size(self):\n        return 1\n",
            theirs="    @size.setter\n    def size(self, value):\n        self._size = value\n",
        ),
    )

    assert found["members"].count("def size") == 2


@pytest.mark.parametrize("name", ["imports", "members"])
@pytest.mark.parametrize("text", ["def broken(:\n", "print 'old'\n", "\tx = (\n", "é = '\x00'\n"])
def test_what_python_cannot_parse_is_left_alone(name: str, text: str) -> None:
    assert not offered(name, region("module.py", ours=text, theirs="def two():\n    pass\n"))
