import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.store.files import safe_text


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
