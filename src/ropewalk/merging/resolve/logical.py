"""Where a statement, a setting or a paragraph ends: physical lines joined to logical ones."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from ropewalk.merging.resolve.languages import Language

_BEGINS = re.compile(rb"[ \t]*(?:[-*+][ \t]|\d+[.)][ \t]|#{1,6}[ \t]|\.\. |:\w|\||\[)")
_UNDERLINE = re.compile(rb"[ \t]*([=\-~^\"'`#*+:.])\1{2,}[ \t]*\r?\n?")
_KEY = re.compile(rb"[\w.-]+[ \t]*[=:][ \t]*(?=[^ \t\r\n])")


def logical_lines(content: bytes, language: Language) -> Iterator[bytes]:
    """Yield the parts of `content` that each say one thing; joined they are `content`."""
    if language.prose:
        return _paragraphs(content)
    if language.lists:
        return _settings(content)
    return _statements(content, language)


def _statements(content: bytes, language: Language) -> Iterator[bytes]:
    """Yield statements; one that never closes its brackets is taken line by line."""
    start = at = depth = 0
    for found in language.scan.finditer(content):
        text, at = found.group(), found.end()
        if text in language.joins:
            depth += 1
        elif depth and text in language.closes:
            depth -= 1
        elif text == b"\n" and not depth:
            yield content[start:at]
            start = at
    if depth:
        yield from content[start:].splitlines(keepends=True)
    elif start < len(content):
        yield content[start:]


def _settings(content: bytes) -> Iterator[bytes]:
    """Yield lines; a key with values on the lines below it stands apart from its first value."""
    lines = content.splitlines(keepends=True)
    for line, below in zip_longest(lines, lines[1:], fillvalue=b""):
        key = _KEY.match(line)
        if key and below[:1] in (b" ", b"\t") and below.strip():
            yield key.group()
            yield line[key.end() :]
        else:
            yield line


def _paragraphs(content: bytes) -> Iterator[bytes]:
    """Yield paragraphs, entries of lists, and titles with the line below them."""
    paragraph: list[bytes] = []
    for line in content.splitlines(keepends=True):
        is_underline = bool(_UNDERLINE.fullmatch(line))
        if paragraph and (is_underline and len(paragraph) > 1):
            yield b"".join(paragraph[:-1])
            paragraph = paragraph[-1:]
        if paragraph and (not line.strip() or _BEGINS.match(line)) and not is_underline:
            yield b"".join(paragraph)
            paragraph = []
        paragraph.append(line)
        if not line.strip() or is_underline:
            yield b"".join(paragraph)
            paragraph = []
    if paragraph:
        yield b"".join(paragraph)
