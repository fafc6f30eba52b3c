import pytest

from ropewalk.store.schema.yaml_text import parse_yaml, resolve_scalar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("true", True), ("False", False), ("null", None), ("~", None), ("", None)),
        *(("0", 0), ("-12", -12), ("+3", 3), ("1" * 18, int("1" * 18)), ("1" * 19, "1" * 19)),
        *(("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-2E-2", -0.02)),
    ],
)
def test_words_and_numbers_of_yaml_1_2_have_their_types(text: str, expected: object) -> None:
    assert resolve_scalar(text) == expected
    assert type(resolve_scalar(text)) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "yes", "on", "off", "010", "-012", "0x1F", "0o17", "1_000", "1:30", "12:30:45"),
        *("2025-11-20", ".nan", ".inf", "-.inf", "1e999", ".", "e5", "1e", "01.5", "1.2.3"),
        *("tRUE", "nULL", "+", "-", "1" * 65 + ".0"),
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert resolve_scalar(text) == text


def test_quoted_and_block_scalars_are_always_text() -> None:
    source = parse_yaml(b"a: 'true'\nb: \"1\"\nc: |\n  2\nd: >-\n  null\n", name="x")

    assert source.data == {"a": "true", "b": "1", "c": "2\n", "d": "null"}


def test_keys_are_always_text() -> None:
    assert parse_yaml(b"on: 1\n12: 2\ntrue: 3\n", name="x").data == {"on": 1, "12": 2, "true": 3}


def test_nested_lists_and_mappings_keep_their_shape_and_places() -> None:
    source = parse_yaml(b"a:\n  - b: [1, {c: x}]\n  - []\n", name="x")

    assert source.data == {"a": [{"b": [1, {"c": "x"}]}, []]}
    assert source.where(("a", 0, "b", 1, "c")) == "x:2:16"
    assert source.where(("a", 0, "b"), of_key=True) == "x:2:5"
    assert source.where(("a", 1)) == "x:3:5"
    assert source.where(("a", 1, "unknown", 7)) == "x:3:5"
    assert source.where(("unknown",)) == "x:1:1"


def test_a_document_may_be_a_single_scalar() -> None:
    assert parse_yaml(b"--- text\n...\n", name="x").data == "text"
