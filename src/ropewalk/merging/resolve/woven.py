"""Lines in conflict merged by what they say, their layout apart: any language with tokens."""

from collections import Counter
from collections.abc import Iterator

from ropewalk.merging.resolve.commas import with_commas
from ropewalk.merging.resolve.elements import Policy, Side
from ropewalk.merging.resolve.enclosing import enclosed
from ropewalk.merging.resolve.languages import PYTHON, Language, language_of
from ropewalk.merging.resolve.likeness import defined
from ropewalk.merging.resolve.python_block import parser_at
from ropewalk.merging.resolve.reading import read
from ropewalk.merging.resolve.redo import redone
from ropewalk.merging.resolve.syntax import Text
from ropewalk.merging.resolve.values import Offer, Region
from ropewalk.merging.resolve.weave import Weaver

_POLICIES = (
    ("woven", Policy()),
    ("woven_theirs_first", Policy(first=Side.THEIRS)),
    ("woven_ours", Policy(winner=Side.OURS)),
    ("woven_theirs", Policy(first=Side.THEIRS, winner=Side.THEIRS)),
    ("joined_ours", Policy(winner=Side.OURS, joined=True)),
    ("joined_theirs", Policy(first=Side.THEIRS, winner=Side.THEIRS, joined=True)),
)
_MOST_BYTES = 60_000


def woven(region: Region) -> Iterator[Offer]:
    """Offer the three versions merged statement by statement and token by token.

    First strictly, with the additions of either side first; then, where the sides exclude each
    other, with a winner at just these places; then with what both wrote in one place joined; at
    last with the edits of one side done to the additions of the other.
    """
    language = language_of(region.path, (*region.ours, *region.theirs))
    if language is None or sum(map(len, (*region.ours, *region.theirs))) > _MOST_BYTES:
        return
    around = enclosed(region, language)
    base, ours, theirs = (read(version, language) for version in around.versions)
    below = () if around.below else region.after
    merges = (
        (method, with_commas(merged, below) if language.commas else merged)
        for method, merged in _merges(base, ours, theirs, language)
    )
    offers = around.offers(
        (method, merged.raw)
        for method, merged in merges
        if not _defines_twice(merged, base, ours, theirs)
    )
    if language is not PYTHON:
        yield from offers
        return
    parses = parser_at(region)
    yield from (offer for offer in offers if parses(offer.lines))


def _merges(base: Text, ours: Text, theirs: Text, language: Language) -> Iterator[tuple[str, Text]]:
    """Yield the merges that are more than one of the sides; those with edits done again last."""
    strict = Weaver(policy=Policy(), language=language)
    again: list[tuple[str, Text]] = []
    for method, policy in _POLICIES:
        merged = Weaver(policy=policy, language=language).text(base, ours, theirs)
        if merged is None:
            continue
        if policy.winner is None or merged.raw not in (ours.raw, theirs.raw):
            yield method, merged
        if policy.first is Side.OURS:
            edited = redone(merged, base, ours, theirs, strict)
            again += [(f"{method}_redone", edited)] if edited.raw != merged.raw else []
    yield from again


def _defines_twice(merged: Text, *versions: Text) -> bool:
    """Tell whether a name is defined oftener at one depth than in any version."""
    counts = [_definitions(version) for version in versions]
    return any(
        count > max(version[name] for version in counts)
        for name, count in _definitions(merged).items()
    )


def _definitions(text: Text) -> Counter[tuple[bytes, bytes]]:
    return Counter((line.indent, defined(line)) for line in text.lines if defined(line))
