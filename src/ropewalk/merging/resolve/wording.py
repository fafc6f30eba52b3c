"""Three versions of running text merged word for word, whatever its line breaks."""

import re
from collections.abc import Sequence

from ropewalk.merging.resolve.elements import Policy, Traits, merge
from ropewalk.merging.resolve.versions import PATTERN, higher, is_version

_WORD = re.compile(rb"(\s*)(`+|" + PATTERN + rb"|[\w\x80-\xff]+|[^\s]|\Z)", re.DOTALL)
_PLAIN = re.compile(rb"[\w\x80-\xff]+")
_Word = tuple[bytes, bytes]


def merge_words(base: bytes, ours: bytes, theirs: bytes, *, policy: Policy) -> bytes | None:
    """Merge text whose white space means nothing but a gap between words.

    Returns:
        The merged text, or None where the sides exclude each other and nobody wins.
    """

    def combine(before: _Word, mine: _Word, other: _Word) -> _Word | None:
        space = other[0] if mine[0] == before[0] else mine[0]
        if mine[1] in (before[1], other[1]):
            return (space, other[1])
        if other[1] == before[1]:
            return (space, mine[1])
        return (space, higher(mine[1], other[1])) if policy.winner is None else None

    traits = Traits(key=_word, alike=_alike, combine=combine)
    merged = merge(*map(_words, (base, ours, theirs)), traits=traits, policy=policy)
    return None if merged is None else b"".join(space + word for space, word in merged)


def words_of(text: bytes) -> Sequence[bytes]:
    """Return the words of a text, signs left out."""
    return _PLAIN.findall(text)


def _words(text: bytes) -> Sequence[_Word]:
    return [(found[1], found[2]) for found in _WORD.finditer(text) if found[0]]


def _word(one: _Word) -> bytes:
    return one[1]


def _alike(one: _Word, other: _Word) -> float:
    return 1.0 if is_version(one[1]) and is_version(other[1]) else 0.0
