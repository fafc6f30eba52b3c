"""What the journal tells of clashes that were seen while agents worked, and of who was told.

A clash of which no path is known (git could not even try) stands for itself, with no paths.
"""

from dataclasses import dataclass, replace

from ropewalk.model.conflict import ConflictKind, LivePair, LivePath
from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject
from ropewalk.report.reading import items_of, text_of, whole_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One attempt of a domain's agent was told of a path in which it clashes with another side.

    ``path`` is empty for a clash of which no path is known.
    """

    domain: str
    number: int
    other: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashState:
    """The clashes that stand, in the order in which they were found, and every notice given."""

    pairs: tuple[LivePair, ...] = ()
    notices: frozenset[Notice] = frozenset()

    def find(self, a: str, b: str) -> LivePair | None:
        """Return what stands between two sides, None when nothing does."""
        return next((pair for pair in self.pairs if (pair.a, pair.b) == (a, b)), None)

    def told(self, pair: LivePair) -> tuple[str, ...]:
        """Return which of the two sides were told about each other."""
        sides = ((pair.a, pair.b), (pair.b, pair.a))
        given = {(notice.domain, notice.other) for notice in self.notices}
        return tuple(side[0] for side in sides if side in given)


def found(state: ClashState, event: Event) -> ClashState:
    """Add the paths of ``clash_found``; a path that stood already gets its new lines."""
    new = pair_of(event.data)
    old = state.find(new.a, new.b)
    if old is None:
        return replace(state, pairs=(*state.pairs, new))
    paths = {path.path: path for path in (*old.paths, *new.paths)}
    grown = replace(old, paths=tuple(paths.values()), reason=new.reason)
    return replace(state, pairs=tuple(grown if pair is old else pair for pair in state.pairs))


def gone(state: ClashState, event: Event) -> ClashState:
    """Take out the paths of ``clash_gone``, and the pair when none is left."""
    over = pair_of(event.data)
    old = state.find(over.a, over.b)
    if old is None:
        return state
    names = {path.path for path in over.paths}
    left = replace(old, paths=tuple(path for path in old.paths if path.path not in names))
    pairs = (left if pair is old else pair for pair in state.pairs)
    return replace(state, pairs=tuple(pair for pair in pairs if pair is not left or left.paths))


def told(state: ClashState, event: Event) -> ClashState:
    """Remember the notices of ``clash_told``."""
    data = event.data
    given = (
        Notice(
            domain=text_of(data, "domain") or "",
            number=whole_of(data, "number") or 0,
            other=text_of(data, "other") or "",
            path=str(path),
        )
        for path in items_of(data, "paths")
    )
    return replace(state, notices=state.notices | frozenset(given))


def pair_of(data: JsonObject) -> LivePair:
    """Return the clash that an event is about, as far as it can be read."""
    return LivePair(
        a=text_of(data, "a") or "",
        b=text_of(data, "b") or "",
        paths=tuple(_path(item) for item in items_of(data, "paths") if isinstance(item, dict)),
        reason=text_of(data, "reason"),
    )


def _path(item: JsonObject) -> LivePath:
    kinds = [kind for kind in ConflictKind if kind == item.get("kind")]
    return LivePath(
        path=text_of(item, "path") or "",
        kind=kinds[0] if kinds else ConflictKind.UNKNOWN,
        lines=tuple(str(lines) for lines in items_of(item, "lines")),
        path_b64=text_of(item, "path_b64"),
    )
