"""Resolutions of a text file that are made without a model, the likeliest first.

Pure: the same three versions give the same candidates, in the same order, unless the time is up.
Nothing here is a decision: a candidate is what a proof is worth trying on.
"""

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from ropewalk.merging.resolve.compose import Composition, compositions
from ropewalk.merging.resolve.features import unspaced, way
from ropewalk.merging.resolve.keep import reader
from ropewalk.merging.resolve.parse import marked_line, why_unparsable
from ropewalk.merging.resolve.rank import Option, options, ranked
from ropewalk.merging.resolve.rank_table import WEIGHTS
from ropewalk.merging.resolve.regions import cut, lines_of
from ropewalk.merging.resolve.structure import METHODS as STRUCTURE
from ropewalk.merging.resolve.texts import METHODS as TEXTS
from ropewalk.merging.resolve.values import FileCandidate, FileConflict, Method, Region

METHODS: tuple[tuple[str, Method], ...] = (*TEXTS, *STRUCTURE)
# What is worth trying on a file as a whole: a section or an entry may belong outside the region.
_OF_FILES: tuple[tuple[str, Method], ...] = (
    *(each for each in TEXTS if each[0] in {"words", "close_words_but_last_commas"}),
    *STRUCTURE,
)
# The logarithm of a share: of what no combination gives, 4 of 97 were right in the learning half.
_CHANCE_OF_FILE = -3.2
LARGEST = 200_000
_MOST_REGIONS = 40
# Combinations looked at for each candidate asked for: most are kept where the sides parse.
_LOOKED_AT = 8


def candidates(
    conflict: FileConflict, *, limit: int = 16, seconds: float = 30.0
) -> tuple[FileCandidate, ...]:
    """Return what could resolve a file, the likeliest first, no two the same but for white space.

    No candidate holds a conflict marker, and where a side can be parsed, each candidate can.

    Args:
        conflict: The three versions. Binary ones, and those above 200 KB, have no candidates.
        limit: How many are returned at most.
        seconds: After this no further method is asked and no further combination tried.
    """
    versions = (conflict.base or b"", conflict.ours, conflict.theirs)
    if any(len(each) > LARGEST or b"\0" in each for each in versions):
        return ()
    until = time.monotonic() + seconds
    made = _likeliest_first(conflict, until=until)
    must_parse = _can_parse(conflict)
    dropped = reader(conflict)
    found: dict[bytes, FileCandidate] = {}
    for composition in islice(made, limit * _LOOKED_AT):
        key = unspaced(composition.texts[:1])
        content = None
        if key not in found:
            content = _sound(conflict.path, composition.texts, must_parse=must_parse)
        if content is not None:
            found[key] = FileCandidate(
                content=content,
                methods=tuple(map(said, composition.options)),
                score=composition.score,
                dropped=dropped(content),
            )
        if len(found) == limit or time.monotonic() > until:
            break
    return tuple(found.values())


def offered(
    region: Region,
    *,
    methods: Sequence[tuple[str, Method]] = METHODS,
    until: float = float("inf"),
) -> tuple[Option, ...]:
    """Return all that the methods offer for a region, without rank, each once."""
    offers = [
        offer for _, method in methods if time.monotonic() < until for offer in method(region)
    ]
    return options(region, offers)


def said(option: Option) -> str:
    """Return what to tell a person about how an option was made."""
    if "is_ours" in option.features:
        return "ours"
    if "is_theirs" in option.features:
        return "theirs"
    return max(map(way, option.methods), key=lambda name: WEIGHTS.get(f"by_{name}", 0.0))


def _likeliest_first(conflict: FileConflict, *, until: float) -> Iterator[Composition]:
    parts = cut(conflict)
    if len(parts.regions) > _MOST_REGIONS:
        return iter(())
    choices = [ranked(offered(region, until=until)) for region in parts.regions]
    whole = (
        Composition(
            texts=tuple(b"".join(lines) for lines in option.texts),
            options=(replace(option, chance=_CHANCE_OF_FILE),),
        )
        for option in offered(_whole(conflict), methods=_OF_FILES, until=until)
        if "_else_" not in option.methods[0]
    )
    return heapq.merge(compositions(parts, choices), whole, key=lambda each: -each.score)


def _whole(conflict: FileConflict) -> Region:
    base, ours, theirs = map(lines_of, (conflict.base or b"", conflict.ours, conflict.theirs))
    return Region(path=conflict.path, base=base, ours=ours, theirs=theirs)


def _can_parse(conflict: FileConflict) -> bool:
    sides = (conflict.ours, conflict.theirs)
    return any(why_unparsable(conflict.path, side) is None for side in sides)


def _sound(path: str, texts: Sequence[bytes], *, must_parse: bool) -> bytes | None:
    """Return the first of ``texts`` that has no marker and parses, if it must."""
    for text in texts:
        if marked_line(text) is None and not (must_parse and why_unparsable(path, text)):
            return text
    return None
