"""The text of a region below its lines: tokens, and words with the white space before them.

Nothing is lost: joining the tokens, or the spaces and words, gives the text byte for byte.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ropewalk.merging.resolve.alignment import Align
from ropewalk.merging.resolve.three_way import Changed, Part, three_way

_TOKEN = re.compile(rb"\n[ \t]*|[A-Za-z_0-9\x80-\xff]+|[ \t]+|.", re.DOTALL)
_SPACED = re.compile(rb"([ \t\r\n\f\v]*)([A-Za-z_0-9\x80-\xff]+|[^ \t\r\n\f\v]|\Z)")
# A comma that only ends the last entry of a bracket is layout, like the line end after it.
_LOOSE = re.compile(
    rb"((?:[ \t\r\n\f\v]|,(?=[ \t\r\n\f\v]*[)\]}]))*)([A-Za-z_0-9\x80-\xff]+|[^ \t\r\n\f\v]|\Z)"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a sign, with what stands between it and the one before."""

    space: bytes
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The three versions of a text."""

    base: bytes
    ours: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How versions are aligned: by what, and whether changes that touch are one change."""

    align: Align
    touching: bool


# What stands where both sides changed the same: the sides to take, in order.
Choice = tuple[Changed, ...]


def tokens(text: bytes) -> tuple[bytes, ...]:
    """Return the tokens of a text; a line end and the indentation after it are one."""
    return tuple(_TOKEN.findall(text))


def words(text: bytes, *, loose: bool = False) -> tuple[Word, ...]:
    """Return the words of a text; ``loose``: a comma before a closing bracket is space."""
    pattern = _LOOSE if loose else _SPACED
    return tuple(Word(space, word) for space, word in pattern.findall(text))


def token_merges(
    sides: Sides, manner: Manner, choices: Sequence[Choice]
) -> Iterator[tuple[Choice, bytes]]:
    """Yield the merge by tokens: once with an empty choice where it is clean, else by choice."""
    base, ours, theirs = tokens(sides.base), tokens(sides.ours), tokens(sides.theirs)
    parts = three_way(base, ours, theirs, align=manner.align, touching=manner.touching)
    for choice in _needed(parts, choices):
        pieces: list[bytes] = []
        for part in parts:
            for side in _taken(part, choice):
                pieces += ours[part.ours] if side is Changed.OURS else theirs[part.theirs]
        yield choice, b"".join(pieces)


def layout_merges(
    sides: Sides, manner: Manner, choices: Sequence[Choice], *, loose: bool = False
) -> Iterator[tuple[Choice, Changed, bytes]]:
    """Yield the merge by words, white space merged apart, with the side whose layout it has.

    That side's white space is taken where both changed it; ``loose``: see `words`.
    """
    base, ours, theirs = (
        words(text, loose=loose) for text in (sides.base, sides.ours, sides.theirs)
    )
    keys = [[word.text for word in version] for version in (base, ours, theirs)]
    parts = three_way(*keys, align=manner.align, touching=manner.touching)
    for choice, layout in product(_needed(parts, choices), (Changed.OURS, Changed.THEIRS)):
        merged: list[Word] = []
        for part in parts:
            three = base[part.base], ours[part.ours], theirs[part.theirs]
            merged += _laid_out(part, three, choice, layout=layout)
        yield choice, layout, b"".join(word.space + word.text for word in merged)


def _needed(parts: Sequence[Part], choices: Sequence[Choice]) -> Sequence[Choice]:
    return choices if any(part.changed is Changed.BOTH for part in parts) else [()]


def _taken(part: Part, choice: Choice) -> Choice:
    if part.changed is Changed.BOTH:
        return choice
    return (Changed.THEIRS if part.changed is Changed.THEIRS else Changed.OURS,)


def _laid_out(
    part: Part, three: tuple[Sequence[Word], ...], choice: Choice, *, layout: Changed
) -> Iterator[Word]:
    base, ours, theirs = three
    match part.changed:
        case Changed.NEITHER:
            yield from _spaced(base, ours, theirs, layout=layout)
        case Changed.ALIKE:
            yield from ours if layout is Changed.OURS else theirs
        case Changed.OURS:
            yield from _moved_in(ours, base, theirs)
        case Changed.THEIRS:
            yield from _moved_in(theirs, base, ours)
        case Changed.BOTH:
            for side in choice:
                yield from ours if side is Changed.OURS else theirs


def _spaced(
    base: Sequence[Word], ours: Sequence[Word], theirs: Sequence[Word], *, layout: Changed
) -> Iterator[Word]:
    """Yield words that nobody changed, with the white space of the side that changed that."""
    for was, mine, other in zip(base, ours, theirs, strict=True):
        if mine.space == was.space or (other.space != was.space and layout is Changed.THEIRS):
            yield other
        else:
            yield mine


def _moved_in(
    changed: Sequence[Word], base: Sequence[Word], unchanged: Sequence[Word]
) -> Iterator[Word]:
    """Yield the words of one side with the space that the other side gave to what stood there."""
    count = len(changed) if len(changed) == len(base) else min(1, len(changed), len(base))
    for word, was, other in zip(changed[:count], base, unchanged, strict=False):
        yield Word(other.space if word.space == was.space else word.space, word.text)
    yield from changed[count:]
