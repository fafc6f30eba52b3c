"""Bytes of a file to logical lines, tokens and groups; whatever they hold, nothing is lost."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ropewalk.merging.resolve.languages import CLOSING, Language
from ropewalk.merging.resolve.logical import logical_lines
from ropewalk.merging.resolve.syntax import Entry, Group, Item, Line, Text, Token, key_of

_SPACE = re.compile(rb"(?:[ \t\r\f\v\n]|\\\r?\n)*")
_NAME = re.compile(rb"[\w.\x80-\xff-]+")
_NAMES = (b"=", b":", b"=>", b"as")
_ENDS = frozenset(CLOSING.values())


def read(content: bytes, language: Language) -> Text:
    """Read source text; ``read(content, language).raw == content``, always."""
    lines: list[Line] = []
    blank = b""
    for logical in logical_lines(content, language):
        body = logical.strip(b" \t\f\v\r\n")
        if not body:
            blank += logical
            continue
        begin = logical.index(body)
        items = tuple(read_items(body, language))
        lines.append(
            Line(
                blank=blank,
                indent=logical[:begin],
                items=items,
                end=logical[begin + len(body) :],
                key=_joined_keys(items),
            )
        )
        blank = b""
    return Text(lines=tuple(lines), tail=blank)


def read_items(content: bytes, language: Language) -> Sequence[Item]:
    """Read text as tokens, those between brackets that close as groups."""
    outer: list[list[Item]] = [[]]
    openings: list[Token] = []
    for token in read_tokens(content, language):
        if token.text in CLOSING:
            openings.append(token)
            outer.append([])
        elif openings and token.text == CLOSING[openings[-1].text]:
            inside = outer.pop()
            outer[-1].append(_group(openings.pop(), inside, token))
        else:
            outer[-1].append(token)
    while openings:
        inside = outer.pop()
        outer[-1] += [openings.pop(), *inside]
    return outer[0]


def read_tokens(content: bytes, language: Language) -> Iterator[Token]:
    """Yield all tokens; a comment between brackets is white space of the next token."""
    at = depth = 0
    space = b""
    while at < len(content):
        begin = _end_of_space(content, at)
        space += content[at:begin]
        found = language.token.match(content, begin)
        text = found[0] if found else content[begin : begin + 1]
        at = begin + len(text)
        if depth and language.is_comment(text) and at < len(content):
            space += text
            continue
        depth = max(0, depth + (text in CLOSING) - (text in _ENDS))
        yield Token(space=space, text=text, key=key_of(text))
        space = b""


def entry_of(items: Sequence[Item], after: bytes = b"") -> Entry:
    """Return an entry that holds `items`."""
    return Entry(items=tuple(items), key=_joined_keys(items), name=name_of(items), after=after)


def with_space(item: Item, space: bytes) -> Item:
    """Return `item` with other white space before it."""
    if isinstance(item, Group):
        return replace(item, opening=replace(item.opening, space=space))
    return replace(item, space=space)


def _end_of_space(content: bytes, at: int) -> int:
    blank = _SPACE.match(content, at)
    return blank.end() if blank else at


def _joined_keys(items: Sequence[Item]) -> bytes:
    return b" ".join(item.key for item in items)


def name_of(items: Sequence[Item]) -> bytes:
    """Return the key of a pair, the keyword of an argument, the name of a parameter, or nothing."""
    words = [item.key for item in items[:2] if isinstance(item, Token)]
    if words and words[0] in (b"*", b"**"):
        return b"".join(words)
    named = len(words) > 1 and words[1] in _NAMES
    alone = len(items) == 1 and bool(words) and bool(_NAME.fullmatch(words[0]))
    return words[0] if named or alone else b""


def _group(opening: Token, inside: Sequence[Item], closing: Token) -> Group:
    entries: list[Entry] = []
    items: list[Item] = []
    comma = False
    for item in inside:
        if items and isinstance(item, Token) and item.raw == b",":
            entries.append(entry_of(items))
            items, comma = [], True
            continue
        items.append(_after_comment(entries, item) if comma else item)
        comma = False
    if items:
        entries.append(entry_of(items))
    elif comma:
        closing = replace(closing, space=_after_comment(entries, closing).space)
    keys = b", ".join(entry.key for entry in entries)
    return Group(
        opening=opening,
        entries=tuple(entries),
        closing=closing,
        comma=comma,
        key=opening.text + keys + closing.text,
    )


def _after_comment(entries: list[Entry], item: Item) -> Item:
    """Give the comment behind a comma to the entry before the comma; return what is left."""
    line, newline, rest = item.space.partition(b"\n")
    if not newline or not line.strip():
        return item
    entries[-1] = replace(entries[-1], after=line)
    return with_space(item, newline + rest)
