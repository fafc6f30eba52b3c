"""What a look at the domains shows that the journal does not know yet. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.model.conflict import LiveConflicts, LivePair, LivePath, OutsidePath
from ropewalk.report.clash_state import ClashState
from ropewalk.report.state import RunState

MOST_STRAYED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """What the agent of a domain at work, in its attempt ``number``, does not know yet."""

    domain: str
    number: int
    other: str
    paths: tuple[LivePath, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The paths as notices are remembered: one that is empty where none is known."""
        return tuple(path.path for path in self.paths) or ("",)


def found(known: ClashState, seen: LiveConflicts) -> Iterator[LivePair]:
    """Yield the clashes that are new, with their new paths only."""
    for pair in seen.pairs:
        new = _without(pair, known.find(pair.a, pair.b))
        if new is not None:
            yield new


def gone(known: ClashState, seen: LiveConflicts) -> Iterator[LivePair]:
    """Yield the clashes that stood and do no more, with the paths that merge now."""
    now = {(pair.a, pair.b): pair for pair in seen.pairs}
    for old in known.pairs:
        over = _without(old, now.get((old.a, old.b)))
        if over is not None:
            yield over


def strayed(state: RunState, seen: LiveConflicts) -> Iterator[OutsidePath]:
    """Yield the first paths outside the files of each domain at work."""
    for name, domain in state.domains.items():
        here = [entry for entry in seen.outside if entry.domain == name and domain.at_work]
        new = [entry for entry in here if entry.path not in domain.strayed]
        yield from new[: max(0, MOST_STRAYED - len(domain.strayed))]


def untold(state: RunState, seen: LiveConflicts) -> Iterator[Untold]:
    """Yield, for each clash of a domain at work, what its present agent was not told."""
    for pair in seen.pairs:
        for name, other in ((pair.a, pair.b), (pair.b, pair.a)):
            domain = state.domains.get(name)
            if domain is None or not domain.at_work or domain.open_attempt is None:
                continue
            given = {
                notice.path
                for notice in state.clashes.notices
                if (notice.domain, notice.number, notice.other)
                == (name, domain.open_attempt, other)
            }
            news = Untold(
                domain=name,
                number=domain.open_attempt,
                other=other,
                paths=tuple(path for path in pair.paths if path.path not in given),
            )
            if news.paths or not (pair.paths or given):
                yield news


def at_work(state: RunState, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``names`` that are domains whose agents are at work."""
    known = (state.domains.get(name) for name in names)
    return tuple(domain.name for domain in known if domain is not None and domain.at_work)


def _without(pair: LivePair, other: LivePair | None) -> LivePair | None:
    """Return a clash without the paths that another look at it has, None when nothing is left."""
    if other is None:
        return pair
    names = {path.path for path in other.paths}
    left = tuple(path for path in pair.paths if path.path not in names)
    return replace(pair, paths=left) if left else None
