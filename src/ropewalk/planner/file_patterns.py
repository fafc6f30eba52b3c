"""Writes the files of a domain as patterns: exact paths, or a folder where all of it is meant."""

import re
from collections.abc import Sequence

from ropewalk.planner.grouping import Group
from ropewalk.planner.relevance import Selection

_WHOLE_FROM = 2


def write_patterns(
    group: Group, selection: Selection, groups: Sequence[Group], paths: Sequence[str]
) -> tuple[str, ...]:
    """Return patterns that name exactly the files of a group, sorted.

    A folder is written `folder/**` when every file of it belongs to the group, or when the epic
    names it and no other group has files in it.
    """
    own = set(group.paths)
    elsewhere = {path for other in groups if other is not group for path in other.paths}
    folders = _whole_folders(own, elsewhere, selection, paths)
    exact = [path for path in sorted(own) if not any(path.startswith(f"{f}/") for f in folders)]
    patterns = sorted((*(f"{_escape(folder)}/**" for folder in folders), *map(_escape, exact)))
    bare = [path for path in exact if "/" not in path]
    namesakes = [path for path in bare if any(other.endswith(f"/{path}") for other in paths)]
    # A name without a slash means files of that name in every folder.
    return (
        *(pattern for pattern in map(_escape, namesakes)),
        *(f"!*/**/{_escape(path)}" for path in namesakes),
        *(pattern for pattern in patterns if pattern not in map(_escape, namesakes)),
    )


def _whole_folders(
    own: set[str], elsewhere: set[str], selection: Selection, paths: Sequence[str]
) -> tuple[str, ...]:
    named = {pick.folder for path in own if (pick := selection.picks[path]).folder}
    candidates = {
        "/".join(parts[:depth])
        for parts in (path.split("/") for path in own)
        for depth in range(1, len(parts))
    }
    whole: list[str] = []
    for folder in sorted(candidates):
        if any(folder.startswith(f"{above}/") for above in whole):
            continue
        inside = {path for path in paths if path.startswith(f"{folder}/")}
        meant = folder in named and inside.isdisjoint(elsewhere)
        if meant or (len(inside) >= _WHOLE_FROM and inside <= own - elsewhere):
            whole.append(folder)
    return tuple(whole)


def _escape(path: str) -> str:
    """Write a path so that it means itself; brackets may stay, an exact path always does."""
    escaped = re.sub(r"([*?\\])", r"\\\1", path)
    escaped = f"\\{escaped}" if escaped.startswith(("!", "#")) else escaped
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") else escaped
