"""Which domains clash while their agents are still at work: a look that leaves no trace.

A look takes in what lies in every worktree, uncommitted and untracked work included, and merges
those pairs that may clash, each domain also with what the target gained. Everything that git makes
for it goes to a folder that is thrown away: the worktrees, their indexes and the shared objects
stay as they are. A verdict on two sides counts until one of them, or the target, is another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.repository import Place
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.conflict import MOST_DETAILED
from ropewalk.merging.footprint import Footprint, footprint, survey
from ropewalk.merging.matrix import candidate_pairs
from ropewalk.merging.regions import read_texts, with_regions
from ropewalk.merging.scope import find_outside
from ropewalk.merging.taken import Work, take_in
from ropewalk.model.conflict import (
    ConflictPath,
    ConflictRegion,
    LiveConflicts,
    LiveDomain,
    LivePair,
    LivePath,
    OutsidePath,
    path_as_base64,
)
from ropewalk.store.text import escape_surrogates


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The branch to land on: its full name, and where it stands now (None: it is gone)."""

    ref: str
    commit: str | None
    has_moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side of a pair: a domain, or the target under its full name."""

    name: str
    commit: str
    has_landed: bool


class Lookout:
    """Looks as often as it is told to, and remembers what it need not compute again.

    One thread uses it at a time. ``merged`` counts the pairs that were merged so far.

    Args:
        place: the repository, with the content filters that are trusted.
        epic_id: whose domains are looked at.
        base: the commit that the plan starts from.
    """

    def __init__(self, place: Place, epic_id: str, *, base: str) -> None:
        self._place = place
        self._epic_id = epic_id
        self._base = base
        self._verdicts: dict[tuple[str, ...], LivePair | None] = {}
        self.merged = 0

    def look(
        self,
        works: Sequence[Work],
        *,
        target: Target | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> LiveConflicts | None:
        """Return what is true now, or None when it was told to end before all was seen.

        Args:
            works: the domains.
            target: the branch to land on.
            is_over: asked between any two steps.

        Raises:
            GitError: git failed in a way that concerns more than one worktree.
            StorageError: there is no room for what git makes.
        """
        attributes = target.commit if target and target.commit else self._base
        with merging_context(self._place, attributes, is_trial=True) as context:
            taken: list[LiveDomain] = []
            for work in works:
                if is_over():
                    return None
                taken.append(take_in(self._place, context, work))
            sides = {side.name: side for side in _sides(works, taken, target)}
            heads = {name: side.commit for name, side in sides.items()}
            footprints = survey(context, base=self._base, heads=heads).works
            found: list[LivePair] = []
            for pair in self._verdicts_on(context, sides, footprints, attributes):
                if is_over():
                    return None
                found += [pair] if pair is not None else []
            outside = tuple(_outside(context, works, taken, footprints, base=self._base))
        return LiveConflicts(
            epic_id=self._epic_id,
            at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            domains=tuple(taken),
            pairs=tuple(found),
            outside=outside,
            target_moved=target is not None and target.has_moved,
            target=target.ref if target else None,
        )

    def _verdicts_on(
        self,
        context: GitContext,
        sides: Mapping[str, _Side],
        footprints: Mapping[str, Footprint],
        attributes: str,
    ) -> Iterator[LivePair | None]:
        """Yield the verdict on each pair that may clash, by name; None where it merges."""
        verdicts: dict[tuple[str, ...], LivePair | None] = {}
        for names in sorted(candidate_pairs(footprints)):
            a, b = (sides[name] for name in names)
            if a.has_landed and b.has_landed:
                continue
            key = (a.name, b.name, a.commit, b.commit, attributes)
            if key in self._verdicts:
                verdicts[key] = self._verdicts[key]
            else:
                self.merged += 1
                verdicts[key] = _merge(context, a, b)
            yield verdicts[key]
        # Only what this look needed is kept: agents go on for hours.
        self._verdicts = verdicts


def _sides(
    works: Sequence[Work], taken: Sequence[LiveDomain], target: Target | None
) -> Iterator[_Side]:
    """Yield the domains by name, and behind them the target when it has moved."""
    landed = {work.domain.name for work in works if work.has_landed}
    for one in sorted(taken, key=lambda each: each.name):
        if one.snapshot is not None:
            yield _Side(name=one.name, commit=one.snapshot, has_landed=one.name in landed)
    if target is not None and target.commit is not None and target.has_moved:
        yield _Side(name=target.ref, commit=target.commit, has_landed=True)


def _outside(
    context: GitContext,
    works: Sequence[Work],
    taken: Sequence[LiveDomain],
    footprints: Mapping[str, Footprint],
    *,
    base: str,
) -> Iterator[OutsidePath]:
    """Yield the work outside the files of each domain; what it was built on is not its own."""
    for work, one in zip(works, taken, strict=True):
        if one.snapshot is None:
            continue
        own = footprints[one.name]
        if work.base != base:
            own = footprint(context, base=work.base, head=one.snapshot)
        for path in find_outside(work.domain, own.paths, nested=one.nested):
            yield OutsidePath(domain=one.name, path=escape_surrogates(path))


def _merge(context: GitContext, a: _Side, b: _Side) -> LivePair | None:
    try:
        merged = merge_tree(context, a.commit, b.commit)
    except GitError as error:
        return LivePair(a=a.name, b=b.name, paths=(), reason=error.message)
    if merged.is_clean:
        return None
    shown = merged.paths[:MOST_DETAILED]
    paths = (
        *with_regions(context, shown, read_texts(context, shown)),
        *merged.paths[MOST_DETAILED:],
    )
    return LivePair(a=a.name, b=b.name, paths=tuple(_live_path(path, a, b) for path in paths))


def _live_path(path: ConflictPath, a: _Side, b: _Side) -> LivePath:
    name = _readable(path.path, a, b)
    return LivePath(
        path=escape_surrogates(name),
        kind=path.kind,
        lines=tuple(dict.fromkeys(map(_range, path.regions))),
        path_b64=path_as_base64(name),
    )


def _readable(path: str, a: _Side, b: _Side) -> str:
    """Replace the object id that git puts behind ``~`` in a file name by the name of the side."""
    stem, _, commit = path.rpartition("~")
    names = {a.commit: a.name, b.commit: b.name.rsplit("/", 1)[-1]}
    return f"{stem}~{names[commit]}" if commit in names else path


def _range(region: ConflictRegion) -> str:
    """Return the lines of a region before both, such as ``40-52``; of ours where none were."""
    excerpt = region.base if region.base.count else region.ours
    first = max(1, excerpt.start)
    last = first + max(1, excerpt.count) - 1
    return str(first) if last == first else f"{first}-{last}"
