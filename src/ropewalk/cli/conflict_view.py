"""A conflict and what was decided about it, in words and in two columns. Pure."""

from collections.abc import Iterator
from itertools import islice
from textwrap import wrap
from typing import Final

from ropewalk.cli import words
from ropewalk.cli.side_by_side import side_by_side
from ropewalk.model.conflict import Conflict, ConflictRegion
from ropewalk.model.merge import MergedDomain, MergeValidation
from ropewalk.report.conflict_words import decided_by, kind_words, line_range, proof_words

MOST_PATHS: Final = 3
MOST_REGIONS: Final = 2
_INDENT: Final = "      "


def conflict_words(conflict: Conflict) -> str:
    """Return what is in conflict and with whom, on one line."""
    paths = [f"{path.path} ({kind_words(path)})" for path in conflict.paths]
    what = words.few(paths) or words.plain(conflict.detail or "no path can be named")
    others = " and ".join(map(words.plain, conflict.with_domains))
    return f"{what}{f' with {others}' if others else ''}"


def decision_lines(domain: MergedDomain, validation: MergeValidation) -> Iterator[str]:
    """Yield what was decided about a conflict that is resolved, and what proves it."""
    resolution = domain.resolution
    if resolution is None:
        return
    if domain.conflict is not None:
        yield f"{_INDENT}{conflict_words(domain.conflict)}"
    done = words.few(resolution.words, most=MOST_PATHS)
    yield f"{_INDENT}{decided_by(resolution)}{f': {done}' if done else ''}"
    yield f"{_INDENT}{proof_words(domain, validation, listed=words.few)}"
    for text in resolution.dropped[:MOST_PATHS]:
        yield f"{_INDENT}{words.ATTENTION} left out: {words.plain(text)}"
    if len(resolution.dropped) > MOST_PATHS:
        lines = words.count(len(resolution.dropped) - MOST_PATHS, "more line")
        yield f"{_INDENT}  and {lines} left out"
    if resolution.edited_outside:
        yield f"{_INDENT}{words.ATTENTION} edited besides: {words.few(resolution.edited_outside)}"


def clash_words(conflict: Conflict) -> str:
    """Return ``a.py conflicts with api (lines 12-30)``; the lines are those of the first region."""
    if not conflict.paths:
        return conflict_words(conflict)
    verb = "conflicts" if len(conflict.paths) == 1 else "conflict"
    others = " and ".join(map(words.plain, conflict.with_domains)) or "the target"
    regions = (region for path in conflict.paths for region in path.regions)
    where = next(filter(None, (line_range(region.theirs) for region in regions)), "")
    names = words.few((path.path for path in conflict.paths), most=2)
    return f"{names} {verb} with {others}{f' ({where})' if where else ''}"


def suggestion_lines(domain: MergedDomain, *, width: int, most: int = 1) -> Iterator[str]:
    """Yield the first suggestions, what was close to a resolution, and why they were not taken."""
    for suggestion in domain.suggestions[:most]:
        done = words.few(suggestion.words, most=MOST_PATHS) or suggestion.by.value
        text = f"{words.WAITING} not taken: {done} ({words.plain(suggestion.reason)})"
        yield from wrap(text, width, initial_indent="  ", subsequent_indent="    ")
        for lost in suggestion.dropped[:MOST_PATHS]:
            text = f"{words.ATTENTION} left out: {words.plain(lost)}"
            yield from wrap(text, width, initial_indent="    ", subsequent_indent="      ")
        if len(suggestion.dropped) > MOST_PATHS:
            lines = words.count(len(suggestion.dropped) - MOST_PATHS, "more line")
            yield f"      and {lines} left out"
    if len(domain.suggestions) > most:
        more = words.count(len(domain.suggestions) - most, "more suggestion")
        yield f"    and {more}"


def conflict_lines(
    domain: MergedDomain,
    *,
    width: int,
    paths: int = MOST_PATHS,
    regions: int = MOST_REGIONS,
) -> Iterator[str]:
    """Yield the paths in conflict with their regions in two columns.

    Args:
        domain: the domain that met the conflict.
        width: columns of the screen.
        paths: how many paths are shown; how many more there are is said.
        regions: how many regions of a path are shown.
    """
    conflict = domain.conflict
    if conflict is None:
        return
    names = (" and ".join(conflict.with_domains) or "the target", domain.name)
    room = width - len(_INDENT)
    shown = [path for path in conflict.paths if path.regions or path.detail]
    for path in shown[:paths]:
        yield f"  {words.plain(path.path)} ({kind_words(path)})"
        yield from (f"{_INDENT}{line}" for line in wrap(words.plain(path.detail or ""), room))
        for line in _region_lines(path.regions, names, width=room, most=regions):
            yield f"{_INDENT}{line}"
    if len(shown) > paths:
        yield f"  and {words.count(len(shown) - paths, 'more path')}"


def _region_lines(
    regions: tuple[ConflictRegion, ...], names: tuple[str, str], *, width: int, most: int
) -> Iterator[str]:
    for region in islice(regions, most):
        yield from side_by_side(region, names=names, width=width)
    if len(regions) > most:
        yield f"and {words.count(len(regions) - most, 'more region')}"
