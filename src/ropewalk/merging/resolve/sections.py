"""Change logs and other prose merged section by section, whichever side wrote a section first.

Sections that both sides added stand both, those of one title as one with the entries of both.
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from ropewalk.merging.resolve.elements import Policy, Side, Traits, merge
from ropewalk.merging.resolve.enclosing import enclosed
from ropewalk.merging.resolve.languages import language_of
from ropewalk.merging.resolve.reading import read
from ropewalk.merging.resolve.syntax import Line, Text, raw_of
from ropewalk.merging.resolve.values import Offer, Region
from ropewalk.merging.resolve.versions import order_of
from ropewalk.merging.resolve.weave import Weaver

_TITLE = re.compile(
    rb"(?:(#{1,6})[ \t]+\S.*|[^\r\n]*\n[ \t]*([=\-~^\"'`#*+:.])\2{2,}[ \t]*)", re.DOTALL
)
_MOST_LINES = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A title and what stands below it, up to the next; ``titles`` are all that it is under."""

    titles: tuple[bytes, ...]
    text: Text
    key: bytes


def sections(region: Region) -> Iterator[Offer]:
    """Offer the sections of both sides, those of newer versions first, then in either order."""
    language = language_of(region.path, (*region.ours, *region.theirs))
    if (
        language is None
        or not language.prose
        or len(region.ours) + len(region.theirs) > _MOST_LINES
    ):
        return
    around = enclosed(region, language)
    base, ours, theirs = (_sections(read(version, language)) for version in around.versions)
    if not any(one.titles for one in (*ours, *theirs)):
        return
    newest = Side.OURS if _newest(ours) >= _newest(theirs) else Side.THEIRS
    oldest = Side.THEIRS if newest is Side.OURS else Side.OURS
    policies = (
        ("sections_newest_first", Policy(first=newest)),
        ("sections_oldest_first", Policy(first=oldest)),
        ("sections_ours", Policy(first=newest, winner=Side.OURS)),
        ("sections_theirs", Policy(first=newest, winner=Side.THEIRS)),
    )
    weavers = ((method, Weaver(policy=policy, language=language)) for method, policy in policies)
    merges = (
        (method, merge(base, ours, theirs, traits=_traits(weaver), policy=weaver.policy))
        for method, weaver in weavers
    )
    yield from around.offers(
        (method, _joined(merged, {*ours[:1], *theirs[:1]}))
        for method, merged in merges
        if merged is not None
    )


def _sections(text: Text) -> list[_Section]:
    found: list[_Section] = []
    titles: list[tuple[bytes, bytes]] = []
    lines: list[Line] = []
    for line in text.lines:
        level = _level(line)
        if level and lines:
            found.append(_section(titles, lines))
            lines = []
        if level:
            levels = [one for one, _ in titles]
            titles = titles[: levels.index(level) if level in levels else _depth(level, levels)]
            titles.append((level, line.key))
        lines.append(line)
    if lines:
        found.append(_section(titles, lines, tail=text.tail))
    return found


def _section(
    titles: Sequence[tuple[bytes, bytes]], lines: Sequence[Line], tail: bytes = b""
) -> _Section:
    return _Section(
        titles=tuple(title for _, title in titles),
        text=Text(lines=tuple(lines), tail=tail),
        key=b"\n".join(line.key for line in lines),
    )


def _level(line: Line) -> bytes:
    """Return the sign that titles of one level share, or nothing for a line that is no title."""
    title = _TITLE.fullmatch(raw_of(line.items))
    return (title[1] or title[2]) if title else b""


def _depth(level: bytes, levels: Sequence[bytes]) -> int:
    """Return how many of the titles above a new one it stands under; of ``#``, fewer is higher."""
    if level.startswith(b"#"):
        return sum(len(one) < len(level) for one in levels)
    return len(levels)


def _traits(weaver: Weaver) -> Traits[_Section]:
    def combine(base: _Section, ours: _Section, theirs: _Section) -> _Section | None:
        text = weaver.text(base.text, ours.text, theirs.text)
        return None if text is None else _Section(titles=ours.titles, text=text, key=b"")

    def meet(first: _Section, second: _Section) -> _Section | None:
        title = Text(lines=first.text.lines[:1], tail=b"")
        sides = (first, second) if weaver.policy.first is Side.OURS else (second, first)
        return combine(_Section(titles=first.titles, text=title, key=b""), *sides)

    return Traits(
        key=lambda one: one.key,
        alike=lambda one, other: 0.9 if one.titles == other.titles else 0.0,
        combine=combine,
        distinct=lambda one: one.titles or None,
        meet=meet,
    )


def _newest(found: Sequence[_Section]) -> tuple[tuple[int, int], ...]:
    """Return the highest version that a title names, as something to compare."""
    return max((order_of(title) for one in found for title in one.titles), default=())


def _joined(merged: Sequence[_Section], first: Container[_Section]) -> bytes:
    """Return the sections one below the other, those that stood `first` apart from the others."""
    if not merged:
        return b""
    tails = [one.text.tail for one in merged]
    blanks = [one.text.lines[0].blank for one in merged if one.titles]
    gap = max((*blanks, *tails), key=len, default=b"")
    content = b""
    for one in merged:
        apart = gap if content and one in first and not one.text.lines[0].blank else b""
        content += apart + raw_of(one.text.lines)
    return content + max(tails, key=len, default=b"")
