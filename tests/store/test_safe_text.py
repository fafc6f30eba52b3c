from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.store.files import safe_text
from ropewalk.store.text import last_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ä 漢 🙂\n\tindented", "plain ä 漢 🙂\n\tindented"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b[2J\x1b[1;1Hhome", "home"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1bPq data\x1b\\after", "after"),
        ("\x1b(Btext\x1b7", "text"),
        ("a\rb\0c\x07d\x7fe\x85f", "abcdef"),
        ("safe\u202egnp.exe\u2066", "safegnp.exe"),
        ("lone \udcff", "lone \\udcff"),
        ("\x1b\x1b[31m[31m", "[31m"),
        ("ends in \x1b", "ends in "),
    ],
)
def test_nothing_that_acts_on_a_terminal_is_left(text: str, expected: str) -> None:
    assert safe_text(text) == expected


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_printable_and_stays_so(text: str) -> None:
    safe = safe_text(text)

    assert not any(ord(one) < 32 and one not in "\n\t" for one in safe)
    assert not any(0x7F <= ord(one) <= 0x9F or 0xD800 <= ord(one) <= 0xDFFF for one in safe)
    assert safe_text(safe) == safe
    safe.encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"one\ntwo\n\n  \n", "two"),
        (b"boom\nmake[1]: *** [Makefile:2: test] Error 3\nmake: *** [all] Error 2\n", "boom"),
        (b"\x1b[31m\xffred\x1b[0m  text\r\n", "\ufffdred text"),
        (b"x" * 20_000, "x" * 159 + "…"),
        (b"", ""),
    ],
)
def test_the_last_line_of_a_log_says_why_and_stays_short(
    tmp_path: Path, content: bytes, said: str
) -> None:
    log = tmp_path / "check.log"
    log.write_bytes(content)

    assert last_line(log) == said


def test_a_log_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "gone.log") == ""
    assert last_line(tmp_path) == ""
