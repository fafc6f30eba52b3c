"""How likely two nodes of source text are versions of one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ropewalk.merging.resolve.syntax import Entry, Group, Item, Line, Token, tokens_in
from ropewalk.merging.resolve.versions import is_version
from ropewalk.merging.resolve.wording import words_of

_SAME_NAME = 0.9
_SAME_BRACKETS = 0.6
_SAME_BEGINNING = 0.05
_DEFINES = frozenset((b"def", b"class", b"func", b"fn", b"function", b"struct", b"interface"))
_MODIFIES = frozenset((b"async", b"export", b"default", b"pub", b"public", b"private", b"static"))


def key(node: Item | Entry | Line) -> bytes:
    """Return what a node says, its layout apart."""
    return node.key


def defined(line: Line) -> bytes:
    """Return the name that a line begins to define, or nothing."""
    words = [item.key for item in line.items[:6] if isinstance(item, Token)]
    for keyword, name in pairwise(words):
        if keyword in _DEFINES:
            return name
        if keyword not in _MODIFIES:
            break
    return b""


def alike(one: Line, other: Line) -> float:
    """Tell how likely two lines are versions of one, from 0 to 1."""
    if defined(one) and defined(one) == defined(other):
        return _SAME_NAME
    begins_alike = one.items[0].key == other.items[0].key
    return _likeness(one.items, other.items) + _SAME_BEGINNING * begins_alike


def alike_entries(one: Entry, other: Entry) -> float:
    """Tell how likely two entries are versions of one, from 0 to 1."""
    if one.name and one.name == other.name:
        return _SAME_NAME
    return _likeness(one.items, other.items)


def alike_items(one: Item, other: Item) -> float:
    """Tell how likely two tokens or groups are versions of one, from 0 to 1."""
    if isinstance(one, Group) and isinstance(other, Group):
        same = one.opening.text == other.opening.text
        return same * (_SAME_BRACKETS + 0.3 * _likeness((one,), (other,)))
    if isinstance(one, Group) or isinstance(other, Group):
        return 0.0
    if is_version(one.text) and is_version(other.text):
        return _SAME_BRACKETS
    if one.is_running_text and other.is_running_text:
        return _dice(words_of(one.key), words_of(other.key))
    return 0.0


def _likeness(one: Sequence[Item], other: Sequence[Item]) -> float:
    return _dice([*_said(one)], [*_said(other)])


def _said(items: Sequence[Item]) -> Iterator[bytes]:
    """Yield tokens, and running text word for word."""
    for token in tokens_in(items):
        if token.is_running_text and b" " in token.key:
            yield from words_of(token.key)
        else:
            yield token.key


def _dice(one: Sequence[bytes], other: Sequence[bytes]) -> float:
    """Return how much of two bags of words is common (L. Dice, 1945)."""
    if not one or not other:
        return 0.0
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / (len(one) + len(other))
