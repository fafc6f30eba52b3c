"""Methods that know nothing of a language: sides, unions, and merges of lines, tokens and words.

Each is plausible for a person: a side as it is, both one after the other, or both sides' changes
applied below the level of lines, where these do not overlap any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import product

from ropewalk.merging.resolve.alignment import myers, patience
from ropewalk.merging.resolve.regions import lines_of
from ropewalk.merging.resolve.similar import slots
from ropewalk.merging.resolve.three_way import Changed, Part, three_way
from ropewalk.merging.resolve.tokens import (
    Choice,
    Manner,
    Sides,
    layout_merges,
    token_merges,
)
from ropewalk.merging.resolve.values import Lines, Method, Offer, Region

_OURS, _THEIRS = Changed.OURS, Changed.THEIRS
_CHOICES: dict[str, Choice] = {
    "ours": (_OURS,),
    "theirs": (_THEIRS,),
    "ours_then_theirs": (_OURS, _THEIRS),
    "theirs_then_ours": (_THEIRS, _OURS),
}
# Nothing to choose: the two sides' changes do not overlap.
_ELSE = {(): ""} | {choice: f"_else_{name}" for name, choice in _CHOICES.items()}
_MANNERS = {
    "": Manner(align=myers, touching=True),
    "close_": Manner(align=myers, touching=False),
    "patience_": Manner(align=patience, touching=True),
    "patience_close_": Manner(align=patience, touching=False),
}


def whole_sides(region: Region) -> Iterator[Offer]:
    """Offer what one version has, or nothing at all."""
    yield Offer(lines=region.ours, method="ours")
    yield Offer(lines=region.theirs, method="theirs")
    yield Offer(lines=region.base, method="base")
    yield Offer(lines=(), method="nothing")


def concatenations(region: Region) -> Iterator[Offer]:
    """Offer both sides one after the other, as they are and with shared lines once."""
    for name, first, second in (
        ("ours_then_theirs", region.ours, region.theirs),
        ("theirs_then_ours", region.theirs, region.ours),
    ):
        yield Offer(lines=_ended(first + second), method=name)
        known = Counter(line.strip() for line in first)
        rest = tuple(line for line in second if not line.strip() or not known[line.strip()])
        yield Offer(lines=_ended(first + rest), method=f"{name}_once")
        spaced = _blank_between(first, second)
        if spaced:
            yield Offer(lines=spaced, method=f"{name}_spaced")


def unions(region: Region) -> Iterator[Offer]:
    """Offer what both sides share once, and where they differ one of them or both."""
    pieces: list[tuple[Lines, Lines, Lines]] = []
    row = column = 0
    matches = patience(region.ours, region.theirs)
    for to_row, to_column, count in (*matches, (len(region.ours), len(region.theirs), 0)):
        shared = region.ours[to_row : to_row + count]
        pieces.append((region.ours[row:to_row], region.theirs[column:to_column], shared))
        row, column = to_row + count, to_column + count
    for name, choice in _CHOICES.items():
        lines: list[bytes] = []
        for mine, other, shared in pieces:
            for side in choice:
                lines += mine if side is _OURS else other
            lines += shared
        yield Offer(lines=_ended(lines), method=f"union_else_{name}")
    for side in (_OURS, _THEIRS):
        lines = []
        for mine, other, shared in pieces:
            one = mine if side is _OURS else other
            lines += one if mine and other else mine or other
            lines += shared
        yield Offer(lines=_ended(lines), method=f"additions_of_both_else_{side}")


def line_merges(region: Region, *, prefix: str, manner: Manner) -> Iterator[Offer]:
    """Offer both sides' changes by lines, one side or both where they overlap."""
    base, ours, theirs = region.base, region.ours, region.theirs
    parts = three_way(base, ours, theirs, align=manner.align, touching=manner.touching)
    for choice in _choices(parts):
        lines: list[bytes] = []
        for part in parts:
            lines += _lines_of_part(part, ours, theirs, choice)
        yield Offer(lines=_ended(lines), method=f"{prefix}both_sides_by_lines{_ELSE[choice]}")


def similar_merges(region: Region) -> Iterator[Offer]:
    """Offer a merge of lines that pairs those that are only alike, and merges pairs by tokens."""
    versions = region.base, region.ours, region.theirs
    keys = slots(*versions)
    if keys is None:
        return
    ways = product((True, False), _CHOICES.items(), (False, True))
    for touching, (name, choice), by_tokens in ways:
        parts = three_way(*keys, touching=touching)
        lines = _similar(region, parts, choice, by_tokens=by_tokens)
        kind = "tokens_of_similar_lines" if by_tokens else "similar_lines"
        prefix = "" if touching else "close_"
        yield Offer(lines=_ended(lines), method=f"{prefix}both_sides_by_{kind}_else_{name}")


def merges_of_tokens(region: Region, *, prefix: str, manner: Manner) -> Iterator[Offer]:
    """Offer the token-level merge."""
    for choice, text in token_merges(_sides(region), manner, tuple(_CHOICES.values())):
        yield Offer(lines=lines_of(text), method=f"{prefix}both_sides_by_tokens{_ELSE[choice]}")


def merges_of_layout(
    region: Region, *, prefix: str, manner: Manner, loose: bool
) -> Iterator[Offer]:
    """Offer the merge of words in the layout of one side."""
    merges = layout_merges(_sides(region), manner, tuple(_CHOICES.values()), loose=loose)
    kind = "words_but_last_commas" if loose else "words"
    for choice, layout, text in merges:
        name = f"{prefix}both_sides_by_{kind}{_ELSE[choice]}_laid_out_{layout}"
        yield Offer(lines=lines_of(text), method=name)


def _similar(
    region: Region, parts: Sequence[Part], choice: Choice, *, by_tokens: bool
) -> Iterator[bytes]:
    for part in parts:
        if part.changed in {Changed.NEITHER, Changed.ALIKE}:
            yield from _paired(region, part, choice, by_tokens=by_tokens)
        else:
            yield from _lines_of_part(part, region.ours, region.theirs, choice)


def _paired(region: Region, part: Part, choice: Choice, *, by_tokens: bool) -> Iterator[bytes]:
    mine, other = region.ours[part.ours], region.theirs[part.theirs]
    was = region.base[part.base] if part.changed is Changed.NEITHER else mine
    for base, ours, theirs in zip(was, mine, other, strict=True):
        if theirs in (base, ours):
            yield ours
        elif ours == base:
            yield theirs
        else:
            yield _line(Sides(base=base, ours=ours, theirs=theirs), choice, by_tokens=by_tokens)


def _line(sides: Sides, choice: Choice, *, by_tokens: bool) -> bytes:
    if by_tokens:
        manner = Manner(align=myers, touching=False)
        return next(text for _, text in token_merges(sides, manner, [choice]))
    return b"".join(sides.ours if side is _OURS else sides.theirs for side in choice)


def _lines_of_part(part: Part, ours: Lines, theirs: Lines, choice: Choice) -> Lines:
    if part.changed is not Changed.BOTH:
        return theirs[part.theirs] if part.changed is _THEIRS else ours[part.ours]
    lines: Lines = ()
    for side in choice:
        lines += ours[part.ours] if side is _OURS else theirs[part.theirs]
    return lines


def _choices(parts: Sequence[Part]) -> Sequence[Choice]:
    clashes = any(part.changed is Changed.BOTH for part in parts)
    return tuple(_CHOICES.values()) if clashes else [()]


def _sides(region: Region) -> Sides:
    base, ours, theirs = (b"".join(v) for v in (region.base, region.ours, region.theirs))
    return Sides(base=base, ours=ours, theirs=theirs)


def _ended(lines: Iterable[bytes]) -> Lines:
    """Return the lines with a line end wherever another follows."""
    known = tuple(lines)
    ended = (line if line.endswith(b"\n") else line + b"\n" for line in known[:-1])
    return (*ended, *known[-1:])


def _blank_between(first: Lines, second: Lines) -> Lines | None:
    if not first or not second or not first[-1].strip() or not second[0].strip():
        return None
    return _ended((*first, b"\n", *second))


_OF_TOKENS: tuple[tuple[str, Method], ...] = tuple(
    (f"{prefix}tokens", partial(merges_of_tokens, prefix=prefix, manner=manner))
    for prefix, manner in _MANNERS.items()
)
_OF_WORDS: tuple[tuple[str, Method], ...] = tuple(
    (
        f"{prefix}{'words_but_last_commas' if loose else 'words'}",
        partial(merges_of_layout, prefix=prefix, manner=manner, loose=loose),
    )
    for prefix, manner in _MANNERS.items()
    for loose in (False, True)
)
_OF_LINES: tuple[tuple[str, Method], ...] = tuple(
    (f"{prefix}lines", partial(line_merges, prefix=prefix, manner=manner))
    for prefix, manner in _MANNERS.items()
)
METHODS: tuple[tuple[str, Method], ...] = (
    *_OF_TOKENS,
    *_OF_WORDS,
    *_OF_LINES,
    ("similar", similar_merges),
    ("sides", whole_sides),
    ("unions", unions),
    ("concatenations", concatenations),
)
