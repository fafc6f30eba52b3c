import pytest

from ropewalk.merging.resolve.parse import marked_line, why_unparsable


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.py", b"def f(x):\n    return x\n"),
        ("a.py", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"),
        ("a.pyi", b"def f() -> int: ...\n"),
        ("a.json", b'{"a": [1, 2]}'),
        ("a.toml", b"[a]\nb = 1\n"),
        ("a.yml", b"a:\n  - b\n---\nc: 1\n"),
        ("A.YAML", b"a: !custom b\n"),
        ("a.yml", b"a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\nc: [{k: 1}, {k: 2}]\n---\na: 2\n"),
        ("a.yml", b"a: {[b, b]: 1, [b, c]: 2}\nb: {<<: {x: 1}, <<: {y: 1}}\n"),
        ("a.json", b'[{"a": 1}, {"a": {"a": 2}}]'),
        ("a.txt", b"def f(:\n"),
        ("Makefile", b"\xff\xfe"),
    ],
)
def test_what_its_reader_can_read_parses(path: str, content: bytes) -> None:
    assert why_unparsable(path, content) is None


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("a.py", b"x = 1\ndef f(:\n", "line 2: invalid syntax"),
        ("a.py", b"if x:\npass\n", "line 2: expected an indented block after 'if' statement"),
        ("a.json", b'{"a": 1,\n}', "line 2: Expecting property name"),
        ("a.json", b"\xff\xfe\xfd", "not readable as JSON"),
        ("a.toml", b"a = 1\na = 2\n", "Cannot overwrite a value"),
        ("a.toml", b"a = '\xff'\n", "not readable as TOML"),
        ("a.yaml", b"a: [1\nb: 2\n", "line 2: "),
        ("a.yaml", b"a: b: c\n", "line 1: mapping values are not allowed here"),
        ("a.yaml", b"a: \x01\n", ""),
        ("a.json", b'{"a": {"b": 1, "b": 2}}', "the key 'b' is there twice"),
        ("a.yaml", b"a: 1\nb: 2\nb: 3\n", "line 3: the key 'b' is there twice"),
        ("a.yaml", b"a: {b: 2, b: 3}\n", "line 1: the key 'b' is there twice"),
    ],
)
def test_what_its_reader_cannot_read_is_said_with_the_line(
    path: str, content: bytes, reason: str
) -> None:
    why = why_unparsable(path, content)

    assert why is not None
    assert why.startswith(reason)


def test_a_file_too_deep_for_its_parser_does_not_parse() -> None:
    assert why_unparsable("a.py", b"(" * 5_000 + b")" * 5_000) is not None
    assert why_unparsable("a.json", b"[" * 100_000) is not None


def test_only_a_conflict_marker_is_taken_for_one() -> None:
    assert marked_line(b"Title\n=======\n>>> prompt\n<<<<<<<<< nine\n") is None
    assert marked_line(b"a\n<<<<<<< ours\n") == 2
    assert marked_line(b"a\r\n>>>>>>>\r\n") == 2
