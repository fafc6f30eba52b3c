"""What a resolution leaves out of what a side added, and why as far as that can be known."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ropewalk.merging.resolve.features import unspaced
from ropewalk.merging.resolve.regions import lines_of
from ropewalk.merging.resolve.similar import ALIKE, Bag, bag, likeness
from ropewalk.merging.resolve.values import FileConflict, Lines

_SHOWN = 80
_AROUND = 30
_MOST = 20
# More lines than these are not compared with one another: it would take long and explain little.
_COMPARED = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line without its indentation, and its words."""

    text: bytes
    words: Bag


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What a side made of the base, line by line, and how sentences name it."""

    name: str
    added: Sequence[_Line]
    removed: Sequence[_Line]
    texts: Counter[bytes]


def dropped(conflict: FileConflict, content: bytes) -> tuple[str, ...]:
    """Return a sentence for each line that a side added and that is not in ``content``.

    A line counts as there when its words are, in their order, whatever the white space around
    them, or when what it added to an earlier line is in a line made of both sides'.

    Args:
        conflict: The three versions.
        content: The file as it was resolved.
    """
    return reader(conflict)(content)


def reader(conflict: FileConflict) -> Callable[[bytes], tuple[str, ...]]:
    """Return `dropped` for many resolutions of one conflict, whose versions are read once."""
    base = _counted(lines_of(conflict.base or b""))
    ours = _side("ours", base, _counted(lines_of(conflict.ours)))
    theirs = _side("theirs", base, _counted(lines_of(conflict.theirs)))

    def read(content: bytes) -> tuple[str, ...]:
        has, text = _counted(lines_of(content)), unspaced((content,))
        fresh = _lines(has - base)
        found = [
            sentence
            for side, other in ((ours, theirs), (theirs, ours))
            for sentence in _missing(side, other, has=has, text=text, fresh=fresh)
        ]
        more = len(found) - _MOST
        last = (f"{more} more lines that a side added are not there",) if more > 0 else ()
        return (*found[:_MOST], *last)

    return read


def _counted(lines: Lines) -> Counter[bytes]:
    stripped = (b" ".join(line.split()) for line in lines)
    return Counter(line for line in stripped if line)


def _lines(counted: Iterable[bytes]) -> tuple[_Line, ...]:
    return tuple(_Line(text=text, words=bag(text)) for text in islice(counted, _COMPARED))


def _side(name: str, base: Counter[bytes], has: Counter[bytes]) -> _Side:
    return _Side(name=name, added=_lines(has - base), removed=_lines(base - has), texts=has)


def _missing(
    side: _Side, other: _Side, *, has: Counter[bytes], text: bytes, fresh: Sequence[_Line]
) -> Iterator[str]:
    for line in side.added:
        if line.text in has or unspaced((line.text,)) in text:
            continue
        if not _is_merged(line, fresh, side.removed):
            yield _sentence(line, side, other, fresh)


def _is_merged(line: _Line, fresh: Sequence[_Line], removed: Sequence[_Line]) -> bool:
    """Tell whether a line of the result holds all words that ``line`` has and the base had not."""
    before = _nearest(line, removed)
    if before is None:
        return False
    new = line.words - before.words
    return bool(new) and any(new <= each.words for each in fresh)


def _sentence(line: _Line, side: _Side, other: _Side, fresh: Sequence[_Line]) -> str:
    instead = _nearest(line, fresh)
    # What was made from nothing is not replaced by what is like it: it is lost.
    if instead is not None and _nearest(line, side.removed) is not None:
        of = f", as {other.name} has it" if instead.text in other.texts else ""
        lost, there = _shown(line, instead), _shown(instead, line)
        return f"{side.name}: {lost} is not there: {there} stands there instead{of}"
    lost = f"{side.name}: {_shown(line)} is not there"
    if _nearest(line, other.removed) is not None:
        return f"{lost}: {other.name} removed what it was made from"
    return lost


def _nearest(line: _Line, lines: Sequence[_Line]) -> _Line | None:
    best = max(lines, key=lambda each: likeness(line.words, each.words), default=None)
    return best if best is not None and likeness(line.words, best.words) >= ALIKE else None


def _shown(line: _Line, beside: _Line | None = None) -> str:
    """Return a line in quotes, cut where it is long, but not before it differs from another."""
    text = line.text.decode("utf-8", "replace")
    other = beside.text.decode("utf-8", "replace") if beside is not None else ""
    differs = (at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two)
    same = next(differs, min(len(text), len(other)))
    if len(text) > _SHOWN and same + _AROUND > _SHOWN:
        text = f"…{text[same - _AROUND :]}"
    return f"'{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}'"
