"""Lines of other kinds of file merged by what they say: languages, settings, data and prose."""

from tests.merging.resolve.offering import offered, region


def woven(path: str, **versions: str) -> str:
    return offered("woven", region(path, **versions))["woven"]


def test_lines_of_a_language_with_braces_are_merged_by_tokens() -> None:
    merged = woven(
        path="main.go",
        base="func load(path string) error {\n\treturn nil\n",
        ours="func load(path string, depth int) error {\n\treturn nil\n",
        theirs=(
            "func load(path string) error {\n"
            "\tif path == `` {\n\t\treturn empty\n\t}\n\treturn nil\n"
        ),
        after="}\n",
    )

    assert merged == (
        "func load(path string, depth int) error {\n"
        "\tif path == `` {\n\t\treturn empty\n\t}\n\treturn nil\n"
    )


def test_includes_and_uses_that_both_sides_add_stand_once_each() -> None:
    merged = woven(
        path="main.rs",
        ours="use std::fs;\nuse std::io;\n",
        theirs="use std::io;\n",
    )

    assert merged == "use std::fs;\nuse std::io;\n"


def test_json_gets_commas_where_both_sides_add_members_at_the_end() -> None:
    merged = woven(
        path="package.json",
        before='{\n  "name": "x",\n',
        base='  "a": 1\n',
        ours='  "a": 1,\n  "b": {"c": 2}\n',
        theirs='  "a": 1,\n  "d": 3\n',
        after="}\n",
    )

    assert merged == '  "a": 1,\n  "b": {"c": 2},\n  "d": 3\n'


def test_json_gets_commas_also_where_its_brackets_close_far_away() -> None:
    many = "".join(f'  "key-{number}": {number},\n' for number in range(100))
    merged = woven(
        path="package.json",
        before="{\n" + many,
        base='  "a": 1\n',
        ours='  "a": 1,\n  "b": 2\n',
        theirs='  "a": 1,\n  "d": 3\n',
        after="}\n",
    )

    assert merged == '  "a": 1,\n  "b": 2,\n  "d": 3\n'


def test_requirements_are_merged_by_package_and_the_higher_version_is_kept() -> None:
    merged = woven(
        path="requirements/base.txt",
        base="alpha>=1.2\nbeta>=2.0.0,<3.0\n",
        ours="alpha>=1.2\nbeta>=2.10.0,<3.0\ngamma\n",
        theirs="alpha>=1.3\nbeta>=2.9.1,<3.0\n",
    )

    assert merged == "alpha>=1.3\nbeta>=2.10.0,<3.0\ngamma\n"


def test_a_list_of_values_in_an_ini_file_is_merged_by_value() -> None:
    merged = woven(
        path="setup.cfg",
        before="[bdist]\n",
        base="requires = alpha >= 1.5\n           beta >= 2\n",
        ours="requires = zero\n           alpha >= 1.5\n",
        theirs="requires = alpha >= 1.6\n           beta >= 2\n",
    )

    assert merged == "requires = zero\n           alpha >= 1.6\n"


def test_prose_that_one_side_broke_anew_keeps_the_words_of_the_other() -> None:
    merged = woven(
        path="guide.rst",
        base="The tool reads the file and\nwrites the answer.\n",
        ours="The tool reads the file\nand writes the answer.\n",
        theirs="The tool reads the file and\nprints the answer.\n",
    )

    assert merged.split() == [
        "The",
        "tool",
        "reads",
        "the",
        "file",
        "and",
        "prints",
        "the",
        "answer.",
    ]


def test_entries_of_a_list_in_prose_stand_both_in_either_order() -> None:
    found = offered(
        "woven",
        region(
            "CHANGES.md", ours="- one (#1)\n", theirs="- two\n  lines (#2)\n", before="- zero\n"
        ),
    )

    assert list(found.values()) == [
        "- one (#1)\n- two\n  lines (#2)\n",
        "- two\n  lines (#2)\n- one (#1)\n",
    ]


def test_items_of_a_yaml_list_are_added_whole() -> None:
    merged = woven(
        path="flow.yaml",
        before="steps:\n",
        ours="  - name: one\n    run: first\n",
        theirs="  - name: two\n    run: second\n",
    )

    assert merged == "  - name: one\n    run: first\n  - name: two\n    run: second\n"


def test_rules_of_a_makefile_are_merged_line_for_line() -> None:
    merged = woven(
        path="Makefile",
        base="test: lint\n\tpytest\n",
        ours="test: lint types\n\tpytest\n",
        theirs="test: lint\n\tpytest -q\n\nclean:\n\trm -r build\n",
    )

    assert merged == "test: lint types\n\tpytest -q\n\nclean:\n\trm -r build\n"


def test_functions_of_a_language_with_braces_that_both_sides_add_stand_both() -> None:
    found = offered(
        "woven",
        region(
            "main.js",
            before="const a = 1;\n",
            ours="\nfunction one() {\n  return [1, 2];\n}\n",
            theirs="\nfunction two() {\n  return (3);\n}\n",
        ),
    )

    assert found["woven"] == (
        "\nfunction one() {\n  return [1, 2];\n}\n\nfunction two() {\n  return (3);\n}\n"
    )


def test_a_comment_does_not_hide_the_bracket_that_follows_it_now() -> None:
    merged = woven(
        path="main.js",
        base="run(a,\n    b)\n",
        ours="run(a, // why\n    b)\n",
        theirs="run(a)\n",
    )

    assert merged == "run(a // why\n)\n"
