"""The stretches of a file that two sides changed in different ways, with the lines of each side.

What counts as a change, and what belongs together, is what git's merge takes for it, so that the
regions are those between the markers of the preview; but they are found in the versions of the file
and not in the preview, so that markers that stand in the file itself are only text. A file that is
binary, or larger than `MOST_BYTES`, has none. Everything is bounded: a report is for people.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Final

from ropewalk.git.command import GitContext
from ropewalk.git.line_changes import LineChange, line_changes
from ropewalk.git.objects import blob_sizes, read_blobs
from ropewalk.merging.attributes import trial
from ropewalk.model.conflict import ConflictKind, ConflictPath, ConflictRegion, Excerpt
from ropewalk.store.text import safe_text

MOST_REGIONS: Final = 8
MOST_LINES: Final = 12
MOST_BYTES: Final = 1024 * 1024
_MOST_CHARACTERS: Final = 200
_BINARY_WITHIN: Final = 8000
_GITLINK: Final = "160000"
_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
# The stages of these are no versions of one file.
_NOT_COMPARED: Final = (ConflictKind.DISTINCT_TYPES, ConflictKind.CASE_CLASH)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Versions:
    """The blobs of one path; ``base`` or one of the sides may be missing.

    Unless they are ``merged`` line by line, every change of a side is in conflict, not only those
    that meet one of the other.
    """

    base: str | None
    ours: str | None
    theirs: str | None
    merged: bool

    @property
    def sides(self) -> tuple[str, ...]:
        """Those of ours and theirs that exist."""
        return tuple(oid for oid in (self.ours, self.theirs) if oid is not None)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The same place in all three versions; lines are counted from 0."""

    base: slice
    ours: slice
    theirs: slice


def regions(context: GitContext, path: ConflictPath) -> tuple[ConflictRegion, ...]:
    """Return the first `MOST_REGIONS` regions of a path in conflict.

    Where one side deleted the file, these are the changes of the other, and that side has no lines.

    Args:
        context: where the blobs of the path are; nothing is written to it.
        path: with its stages.

    Raises:
        GitError: a blob is missing.
    """
    return with_regions(context, [path], read_texts(context, [path]))[0].regions


def read_texts(context: GitContext, paths: Iterable[ConflictPath]) -> dict[str, bytes]:
    """Return the contents of all stages, by object id, but for those that are no text to show."""
    oids = [stage.oid for path in paths for stage in path.stages if stage.mode != _GITLINK]
    sizes = blob_sizes(context, oids)
    texts = read_blobs(context, [oid for oid, size in sizes.items() if size <= MOST_BYTES])
    return {oid: text for oid, text in texts.items() if b"\0" not in text[:_BINARY_WITHIN]}


def with_regions(
    context: GitContext, paths: Sequence[ConflictPath], texts: Mapping[str, bytes]
) -> tuple[ConflictPath, ...]:
    """Return paths with their regions; ``texts`` come from `read_texts`."""
    comparable = {path.path: _versions(path, texts) for path in paths}
    pairs = [(one.base, side) for one in comparable.values() if one for side in one.sides]
    with trial(context) as scratch:
        changes = line_changes(scratch, pairs)
    return tuple(
        replace(path, regions=tuple(_regions(one, changes, texts)))
        if (one := comparable[path.path]) is not None
        else path
        for path in paths
    )


def lines_of(content: bytes) -> list[bytes]:
    """Return lines with their ends; only a line feed ends one, as for git."""
    return _LINE.findall(content)


def _versions(path: ConflictPath, texts: Mapping[str, bytes]) -> _Versions | None:
    """Return what can be compared: both sides, or the base and the one side that kept the file."""
    oids = {stage.stage: stage.oid for stage in path.stages}
    if len(oids) < 2 or path.kind in _NOT_COMPARED:  # noqa: PLR2004
        return None
    if not all(oid in texts for oid in oids.values()):
        return None
    merged = len(oids) == 3 and path.kind is not ConflictKind.BINARY  # noqa: PLR2004
    return _Versions(base=oids.get(1), ours=oids.get(2), theirs=oids.get(3), merged=merged)


def _regions(
    versions: _Versions,
    changes: Mapping[tuple[str | None, str], Sequence[LineChange]],
    texts: Mapping[str, bytes],
) -> Iterator[ConflictRegion]:
    oids = (versions.base, versions.ours, versions.theirs)
    base, ours, theirs = (lines_of(texts[oid]) if oid is not None else [] for oid in oids)
    mine, other = (
        changes[versions.base, oid] if oid is not None else ()
        for oid in (versions.ours, versions.theirs)
    )
    found = _stretches(mine, other, only_common=versions.merged)
    narrow = (_narrowed(stretch, ours, theirs) for stretch in found)
    unlike = (each for each in narrow if ours[each.ours] != theirs[each.theirs])
    for stretch in islice(unlike, MOST_REGIONS):
        yield ConflictRegion(
            base=_excerpt(versions.base, base, stretch.base),
            ours=_excerpt(versions.ours, ours, stretch.ours),
            theirs=_excerpt(versions.theirs, theirs, stretch.theirs),
        )


def _stretches(
    mine: Sequence[LineChange], other: Sequence[LineChange], *, only_common: bool
) -> Iterator[_Stretch]:
    """Yield the changes; those that overlap or touch in the base are one."""
    my_shift = other_shift = 0
    for my_group, other_group in _groups(mine, other):
        both = (*my_group, *other_group)
        start = min(change.old_start for change in both)
        stop = max(change.old_stop for change in both)
        my_next = my_shift + sum(map(_growth, my_group))
        other_next = other_shift + sum(map(_growth, other_group))
        if not only_common or (my_group and other_group):
            yield _Stretch(
                slice(start, stop),
                slice(start + my_shift, stop + my_next),
                slice(start + other_shift, stop + other_next),
            )
        my_shift, other_shift = my_next, other_next


def _groups(
    mine: Sequence[LineChange], other: Sequence[LineChange]
) -> Iterator[tuple[list[LineChange], list[LineChange]]]:
    marked = [(change, 0) for change in mine] + [(change, 1) for change in other]
    group: tuple[list[LineChange], list[LineChange]] = ([], [])
    stop = -1
    for change, side in sorted(marked, key=lambda pair: (pair[0].old_start, pair[0].old_stop)):
        if change.old_start > stop and (group[0] or group[1]):
            yield group
            group = ([], [])
        group[side].append(change)
        stop = max(stop, change.old_stop)
    if group[0] or group[1]:
        yield group


def _growth(change: LineChange) -> int:
    return (change.new_stop - change.new_start) - (change.old_stop - change.old_start)


def _narrowed(stretch: _Stretch, ours: Sequence[bytes], theirs: Sequence[bytes]) -> _Stretch:
    """Leave out the lines at both ends that the two sides have in common."""
    mine, other = ours[stretch.ours], theirs[stretch.theirs]
    head = _common(mine, other)
    tail = _common(mine[head:][::-1], other[head:][::-1])
    return _Stretch(
        stretch.base,
        slice(stretch.ours.start + head, stretch.ours.stop - tail),
        slice(stretch.theirs.start + head, stretch.theirs.stop - tail),
    )


def _common(first: Iterable[bytes], second: Iterable[bytes]) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _excerpt(version: str | None, lines: Sequence[bytes], place: slice) -> Excerpt:
    if version is None:
        return Excerpt(start=0, count=0)
    shown = lines[place][:MOST_LINES]
    return Excerpt(
        start=place.start + 1, count=place.stop - place.start, lines=tuple(map(_readable, shown))
    )


def _readable(line: bytes) -> str:
    text = safe_text(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"))
    cut = len(text) > _MOST_CHARACTERS
    return f"{text[:_MOST_CHARACTERS]}…" if cut else text
