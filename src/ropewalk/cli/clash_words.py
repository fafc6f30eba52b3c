"""Clashes between domains at work, in words. Pure."""

from collections.abc import Sequence
from typing import Final

from ropewalk.cli import words
from ropewalk.model.conflict import ConflictKind, LivePair, LivePath

_MOST_PATHS: Final = 2
_MOST_RANGES: Final = 3
_BOTH: Final = {
    ConflictKind.CONTENT: "both changed",
    ConflictKind.ADD_ADD: "both added",
}


def clash_text(pair: LivePair) -> str:
    """Return what two sides do to each other, on one line."""
    names = f"{side(pair.a)} and {side(pair.b)}"
    if not pair.paths:
        return f"{names} cannot be merged: {words.plain(pair.reason or 'git does not say why')}"
    where = words.few(map(place, pair.paths), most=_MOST_PATHS)
    kinds = {path.kind for path in pair.paths}
    both = _BOTH.get(next(iter(kinds))) if len(kinds) == 1 else None
    if both is None:
        named = words.few(sorted(kind.value.replace("_", " ") for kind in kinds))
        return f"{names} clash in {where} ({named}) · they will conflict"
    return f"{names} {both} {where} · they will conflict"


def gone_text(pair: LivePair) -> str:
    """Return what no longer stands between two sides."""
    names = f"{side(pair.a)} and {side(pair.b)}"
    where = f" in {words.few((path.path for path in pair.paths), most=3)}" if pair.paths else ""
    return f"{names} no longer clash{where}"


def told_text(pair: LivePair, told: Sequence[str]) -> str:
    """Return who was told of a clash, to stand behind it; empty when nobody was."""
    sides = [name for name in (pair.a, pair.b) if name in told]
    match len(sides):
        case 0:
            return ""
        case 1:
            return f" · told {words.plain(sides[0])}"
        case _:
            return " · told both"


def side(name: str) -> str:
    """Return a domain, or the target branch, as people name it."""
    return words.plain(words.branch(name))


def place(path: LivePath) -> str:
    """Return a path with its lines: ``models/document.py:40-52``."""
    ranges = ",".join(path.lines[:_MOST_RANGES])
    more = ",…" if len(path.lines) > _MOST_RANGES else ""
    return f"{words.plain(path.path)}:{ranges}{more}" if ranges else words.plain(path.path)
