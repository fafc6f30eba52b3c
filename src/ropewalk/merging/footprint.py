"""What a domain touched, and whether two domains can get into each other's way at all.

`may_clash` is a filter: it may say yes for two domains that merge cleanly, it must not say no for
two that do not. Git decides the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ropewalk.git.command import GitContext
from ropewalk.git.objects import commits_between, is_ancestor
from ropewalk.git.trees import changes_between


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The work of a domain: touched ``paths``, directories it adds to or deletes from, commits.

    ``commits`` is None when the head does not contain the base, so that nothing can be told.
    """

    paths: frozenset[str]
    folded: frozenset[str]
    folders: frozenset[str]
    adds_to: frozenset[str]
    deletes_from: frozenset[str]
    commits: frozenset[str] | None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The files with git attributes that were touched, sorted."""
        return tuple(sorted(path for path in self.paths if path.split("/")[-1] == ".gitattributes"))


def footprint(context: GitContext, *, base: str, head: str) -> Footprint:
    """Return what lies between ``base`` and ``head``."""
    files = changes_between(context, base, head).files
    paths = frozenset(files.paths)
    has_base = is_ancestor(context, base, head)
    return Footprint(
        paths=paths,
        folded=_folded(paths),
        folders=_folded(_folders(paths)),
        adds_to=_folded(_folders((*files.created, *(move.new for move in files.renamed)))),
        deletes_from=_folded(_folders((*files.deleted, *(move.old for move in files.renamed)))),
        commits=frozenset(commits_between(context, base, head)) if has_base else None,
    )


def may_clash(a: Footprint, b: Footprint) -> bool:
    """Whether merging the two could end in a conflict, or cannot be told without trying."""
    if a.commits is None or b.commits is None or not a.commits.isdisjoint(b.commits):
        return True
    if a.attributes or b.attributes:
        return True
    crossing = (
        (a.folded, b.folded),
        (a.folded, b.folders),
        (a.folders, b.folded),
        (a.deletes_from, b.adds_to),
        (a.adds_to, b.deletes_from),
    )
    return any(not left.isdisjoint(right) for left, right in crossing)


def touches(work: Footprint, paths: Iterable[str]) -> bool:
    """Whether the domain touched one of ``paths``, or something above or below one of them."""
    wanted = _folded(paths)
    return (
        not wanted.isdisjoint(work.folded)
        or not wanted.isdisjoint(work.folders)
        or not _folded(_folders(paths)).isdisjoint(work.folded)
    )


def _folders(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return found


def _folded(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(path.casefold() for path in paths)
