"""A file in conflict, cut into stable stretches and regions that both sides changed differently.

Lines keep their ends (LF, CRLF, or none at the end of the file), and what only one side changed is
in the stable stretches already: a region is where a decision is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk.merging.resolve.alignment import Align, myers
from ropewalk.merging.resolve.three_way import Changed, three_way
from ropewalk.merging.resolve.values import FileConflict, Lines, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The ``regions`` of a file and the ``stable`` stretches around them: one more than regions."""

    stable: tuple[Lines, ...]
    regions: tuple[Region, ...]

    def filled(self, resolved: Sequence[Lines]) -> bytes:
        """Return the file with ``resolved`` in the places of the regions, one entry for each."""
        return b"".join(_filled(self.stable, resolved))


def lines_of(content: bytes) -> Lines:
    """Return the lines of a file with their ends; only a line feed ends a line, as in git."""
    pieces = content.split(b"\n")
    last = pieces.pop()
    return (*(piece + b"\n" for piece in pieces), *((last,) if last else ()))


def cut(conflict: FileConflict, *, align: Align = myers, touching: bool = True) -> Cut:
    """Cut a file where both sides changed it; see `three_way` for ``align`` and ``touching``."""
    versions = (conflict.base or b"", conflict.ours, conflict.theirs)
    base, ours, theirs = (lines_of(version) for version in versions)
    stable: list[Lines] = [()]
    sides: list[tuple[Lines, Lines, Lines]] = []
    for part in three_way(base, ours, theirs, align=align, touching=touching):
        if part.changed is Changed.BOTH:
            sides.append((base[part.base], ours[part.ours], theirs[part.theirs]))
            stable.append(())
        elif part.changed is Changed.THEIRS:
            stable[-1] += theirs[part.theirs]
        else:
            stable[-1] += ours[part.ours]
    mine = [own for _, own, _ in sides]
    regions = tuple(
        Region(
            path=conflict.path,
            base=was,
            ours=own,
            theirs=other,
            before=_filled(stable[: index + 1], mine[:index]),
            after=_filled(stable[index + 1 :], mine[index + 1 :]),
        )
        for index, (was, own, other) in enumerate(sides)
    )
    return Cut(stable=tuple(stable), regions=regions)


def _filled(stable: Sequence[Lines], between: Sequence[Lines]) -> Lines:
    lines = list(stable[0])
    for resolved, following in zip(between, stable[1:], strict=True):
        lines += (*resolved, *following)
    return tuple(lines)
