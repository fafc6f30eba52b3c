"""Lines of Python merged by what they say: tokens, brackets and indentation."""

import pytest

from tests.merging.resolve.offering import offered, region


def woven(**versions: str) -> str:
    return offered("woven", region("module.py", **versions))["woven"]


def test_a_call_that_one_side_wrapped_takes_the_argument_that_the_other_changed() -> None:
    merged = woven(
        base="    result = store.load(path, timeout=3)\n",
        ours="    result = store.load(path, timeout=limit())\n",
        theirs="    result = store.load(\n        path,\n        timeout=3,\n    )\n",
    )

    assert merged == "    result = store.load(\n        path,\n        timeout=limit(),\n    )\n"


def test_quotes_of_one_side_meet_words_of_the_other() -> None:
    merged = woven(
        base="title = 'the old title'\nsize = 'small'\n",
        ours='title = "the old title"\nsize = "small"\n',
        theirs="title = 'the new title'\nsize = 'small'\n",
    )

    assert merged == "title = 'the new title'\nsize = \"small\"\n"


@pytest.mark.parametrize(
    ("opening", "closing"), [("values = [", "]\n"), ("values = {", "}\n"), ("run(", ")\n")]
)
def test_entries_that_both_sides_add_at_one_place_stand_both(opening: str, closing: str) -> None:
    conflict = region(
        "module.py",
        base=f'{opening}"a"{closing}',
        ours=f'{opening}"a", "b"{closing}',
        theirs=f'{opening}"a", "c"{closing}',
    )

    found = offered("woven", conflict)

    assert found["woven"] == f'{opening}"a", "b", "c"{closing}'
    assert found["woven_theirs_first"] == f'{opening}"a", "c", "b"{closing}'


def test_a_region_inside_a_bracket_is_completed_by_the_lines_around_it() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            before="first = 1\n__all__ = [\n    'zeta',\n",
            base="    'beta'\n",
            ours="    'beta',\n    'gamma',\n",
            theirs="    'beta', 'delta'\n",
            after="]\nlast = 2\n",
        ),
    )

    assert found["woven"] == "    'beta',\n    'gamma',\n    'delta',\n"


def test_parameters_that_both_sides_add_stand_both_and_one_added_twice_once() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            base="def load(path):\n",
            ours="def load(path, retries=3, strict=False):\n",
            theirs="def load(path, strict=False):\n",
            after="    return path\n",
        ),
    )

    assert found["woven"] == "def load(path, retries=3, strict=False):\n"


def test_a_keyword_that_both_sides_add_with_other_values_needs_a_winner() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            base="run(a)\n",
            ours="run(a, mode=1, one=True)\n",
            theirs="run(a, mode=2, two=True)\n",
        ),
    )

    assert "woven" not in found
    assert found["woven_ours"] == "run(a, mode=1, one=True, two=True)\n"
    assert found["woven_theirs"] == "run(a, mode=2, two=True, one=True)\n"


def test_an_edit_goes_into_the_block_that_the_other_side_put_around_it() -> None:
    merged = woven(
        base="    size = count(items)\n    print(size)\n    return size\n",
        ours="    with lock:\n        size = count(items)\n        print(size)\n    return size\n",
        theirs=(
            "    size = count(items, deep=True)\n    log(size)\n    print(size)\n    return size\n"
        ),
    )

    assert merged == (
        "    with lock:\n"
        "        size = count(items, deep=True)\n"
        "        log(size)\n"
        "        print(size)\n"
        "    return size\n"
    )


def test_branches_that_both_sides_add_stand_both() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            before="if kind == 1:\n    one()\n",
            ours="elif kind == 2:\n    two()\n",
            theirs="elif kind == 3:\n    three()\n",
            after="else:\n    other()\n",
        ),
    )

    assert set(found.values()) == {
        "elif kind == 2:\n    two()\nelif kind == 3:\n    three()\n",
        "elif kind == 3:\n    three()\nelif kind == 2:\n    two()\n",
    }


def test_functions_that_both_sides_add_stand_both_with_blank_lines_between() -> None:
    merged = woven(
        ours="def one():\n    return 1\n\n\n",
        theirs="def two():\n    return 2\n\n\n",
        before="import os\n\n\n",
        after="def last():\n    return 3\n",
    )

    assert merged == "def one():\n    return 1\n\n\ndef two():\n    return 2\n\n\n"


def test_a_name_is_not_defined_twice() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            ours="def one():\n    return 1\n",
            theirs="def one():\n    return 2\n",
        ),
    )

    assert not {text for text in found.values() if text.count("def one") > 1}


def test_a_statement_does_not_leave_the_block_it_was_written_in() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            before="def first(self):\n    self.size = 1\n",
            ours="    self.name = 2\n",
            theirs="    self.kind = 3\n\ndef second(self):\n    return 4\n",
        ),
    )

    assert "woven_theirs_first" not in found
    assert found["woven"] == (
        "    self.name = 2\n    self.kind = 3\n\ndef second(self):\n    return 4\n"
    )


def test_what_one_side_did_throughout_is_done_to_what_the_other_added() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            base="    except ValueError, error:\n",
            ours="    except ValueError as error:\n",
            theirs=(
                "    except KeyError, error:\n        return None\n    except ValueError, error:\n"
            ),
        ),
    )

    assert found["woven_redone"] == (
        "    except KeyError as error:\n        return None\n    except ValueError as error:\n"
    )


def test_a_name_that_one_side_changed_is_changed_in_what_the_other_added() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            base="    start(agent)\n    wait(agent)\n",
            ours="    start(worker)\n    wait(worker)\n",
            theirs="    start(agent)\n    feed(agent, 1)\n    wait(agent)\n",
        ),
    )

    assert found["woven_redone"] == "    start(worker)\n    feed(worker, 1)\n    wait(worker)\n"


def test_words_of_a_docstring_and_code_below_are_merged() -> None:
    merged = woven(
        base='    """Load the file at once."""\n    return read(path)\n',
        ours='    """Load the whole file at once."""\n    return read(path)\n',
        theirs='    """Load the file at last."""\n    return read(path, binary=True)\n',
    )

    assert merged == '    """Load the whole file at last."""\n    return read(path, binary=True)\n'


def test_additions_to_a_sorted_list_are_put_where_they_belong() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            before="__all__ = [\n    'alpha',\n    'beta',\n",
            ours="    'delta',\n",
            theirs="    'charlie',\n",
            after="    'zulu',\n]\n",
        ),
    )

    assert list(found.values()) == ["    'charlie',\n    'delta',\n"]


def test_line_ends_of_windows_are_kept() -> None:
    merged = woven(
        base="x = f(1)\r\n",
        ours="x = f(1, 2)\r\n",
        theirs="y = f(1)\r\n",
    )

    assert merged == "y = f(1, 2)\r\n"


def test_a_merge_that_is_one_of_the_sides_is_not_offered_as_decided_by_a_winner() -> None:
    found = offered("woven", region("module.py", base="x = 1\n", ours="x = 2\n", theirs="x = 3\n"))

    assert not found


def test_comments_between_entries_are_kept_with_their_entries() -> None:
    merged = woven(
        base="values = [1, 2, 3]\n",
        ours="values = [\n    1,  # the first\n    2,\n    # the last\n    3,\n]\n",
        theirs="values = [1, 3, 4]\n",
    )

    assert merged == "values = [\n    1,  # the first\n    # the last\n    3,\n    4,\n]\n"


def test_what_both_sides_wrote_in_one_place_is_joined_as_the_winner_has_it() -> None:
    found = offered(
        "woven",
        region(
            "module.py",
            before="settings = dict(\n",
            base="    name=one,\n",
            ours="    size=2,\n    kind=3,\n    mine=4,\n",
            theirs="    size=5,\n    kind=3,\n    other=6,\n",
            after=")\n",
        ),
    )

    assert found["joined_ours"] == "    size=2,\n    kind=3,\n    mine=4,\n    other=6,\n"
    assert found["joined_theirs"] == "    size=5,\n    kind=3,\n    other=6,\n    mine=4,\n"
