"""What domains touched, and whether two sides can get into each other's way at all.

`may_clash` and `cross` are filters: they may say yes for sides that merge cleanly, they must not
say no for sides that do not. Git decides the rest. Where they say no, the merge is the union of the
changes and nothing else, which is why such domains need no merge.
"""

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Protocol

from ropewalk.git.case_clash import fold
from ropewalk.git.command import GitContext
from ropewalk.git.history import History, read_history, read_work
from ropewalk.git.trees import RawChange, is_file, list_names, raw_changes

_ATTRIBUTES: Final = ".gitattributes"


class Touched(Protocol):
    """What one side of a merge did; names that only differ in case or form count as one.

    Attributes:
        folded: every path that it touched, folded.
        folders: every directory above one of them, folded.
        adds_to: every directory that it adds something below.
        emptied: every directory of the base of which it deletes all files.
        spelled: what it adds, directories included: how each folded name is written.
        has_attributes: whether it touched a file with git attributes.
    """

    @property
    def folded(self) -> AbstractSet[str]: ...
    @property
    def folders(self) -> AbstractSet[str]: ...
    @property
    def adds_to(self) -> AbstractSet[str]: ...
    @property
    def emptied(self) -> AbstractSet[str]: ...
    @property
    def spelled(self) -> Mapping[str, AbstractSet[str]]: ...
    @property
    def has_attributes(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The work of a domain from the base to ``head``, see `Touched`.

    ``commits`` are those that the head comes from and the base does not; None when the head does
    not contain the base, so that nothing can be told. ``attributes`` are the files with git
    attributes that were touched, sorted. ``entries`` are the changes and those of the
    directories that they are in, each before what is in it; only `survey` asks for these.
    """

    head: str
    changes: tuple[RawChange, ...]
    entries: tuple[RawChange, ...]
    paths: frozenset[str]
    folded: frozenset[str]
    folders: frozenset[str]
    adds_to: frozenset[str]
    emptied: frozenset[str]
    spelled: Mapping[str, frozenset[str]]
    attributes: tuple[str, ...]
    commits: frozenset[str] | None

    @property
    def has_attributes(self) -> bool:
        """Whether a file with git attributes was touched."""
        return bool(self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The footprints of many domains on one base.

    Attributes:
        history: what all heads come from since the base.
        contents: how many files each directory of the base holds at any depth; empty when nobody
            deletes anything below a directory that somebody else adds to.
        works: the footprint of each domain, by name.
    """

    history: History
    contents: Mapping[str, int]
    works: Mapping[str, Footprint]


def survey(context: GitContext, *, base: str, heads: Mapping[str, str]) -> Survey:
    """Return what lies between ``base`` and each of ``heads``, by the same names.

    The footprints are good for being held against each other, not against those of another survey.

    Raises:
        GitError: one of them is missing or is no commit.
    """
    commits = tuple(heads.values())
    history, found = read_work(context, base, tuple(dict.fromkeys(commits)))
    of_commit = dict(zip(dict.fromkeys(commits), found, strict=True))
    entries = [of_commit[commit] for commit in commits]
    sides = [tuple(filter(is_file, each)) for each in entries]
    contents = _contents(context, base) if _are_contested(sides) else {}
    works = {
        name: _footprint(head, side, history, contents, entries=each)
        for (name, head), side, each in zip(heads.items(), sides, entries, strict=True)
    }
    return Survey(history=history, contents=contents, works=works)


def footprint(context: GitContext, *, base: str, head: str) -> Footprint:
    """Return what lies between ``base`` and ``head``; for many heads take `survey`."""
    changes = raw_changes(context, base, head)
    contents = _contents(context, base) if _paths(changes, "D") else {}
    return _footprint(head, changes, read_history(context, base, (head,)), contents)


def tree_footprint(context: GitContext, known: Survey, tree: str) -> Footprint:
    """Return how a tree differs from the base of a survey; it has no commits."""
    changes = raw_changes(context, known.history.base, tree)
    return _footprint(tree, changes, known.history, known.contents)


def may_clash(a: Footprint, b: Footprint) -> bool:
    """Whether merging the two could end in a conflict, or cannot be told without trying."""
    if a.commits is None or b.commits is None:
        return True
    if a.head in b.commits or b.head in a.commits:
        return False
    return not a.commits.isdisjoint(b.commits) or cross(a, b)


def cross(a: Touched, b: Touched) -> bool:
    """Whether the changes of two sides on one base could get into each other's way."""
    return (
        a.has_attributes
        or b.has_attributes
        or not a.folded.isdisjoint(b.folded)
        or not a.folded.isdisjoint(b.folders)
        or not a.folders.isdisjoint(b.folded)
        # Git moves what is added below a directory that the other side renamed away.
        or not a.emptied.isdisjoint(b.adds_to)
        or not a.adds_to.isdisjoint(b.emptied)
        or not is_spelled_alike(a, b)
    )


def is_spelled_alike(a: Touched, b: Touched) -> bool:
    """Whether two sides write each name that both add in the same way."""
    return all(b.spelled.get(folded, names) == names for folded, names in a.spelled.items())


def folders_above(path: str) -> Iterator[str]:
    """Yield every directory above a path, the root excluded, the innermost first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path


def _contents(context: GitContext, base: str) -> dict[str, int]:
    names = list_names(context, base)
    return Counter(folder for name in names for folder in folders_above(name))


def _are_contested(sides: Sequence[Sequence[RawChange]]) -> bool:
    """Whether any directory is one that somebody deletes from and somebody else adds to."""
    deleters = [_folders_of(_paths(each, "D")) for each in sides]
    times = Counter(folder for deletes in deleters for folder in deletes)
    return bool(times) and any(
        times[folder] > (folder in deletes)
        for each, deletes in zip(sides, deleters, strict=True)
        for folder in times.keys() & _folders_of(_paths(each, "A"))
    )


def _footprint(
    head: str,
    changes: tuple[RawChange, ...],
    history: History,
    contents: Mapping[str, int],
    *,
    entries: tuple[RawChange, ...] = (),
) -> Footprint:
    paths = [change.path for change in changes]
    added = _paths(changes, "A")
    adds_to = _folders_of(added)
    folded = frozenset(_folded(paths))
    return Footprint(
        head=head,
        changes=changes,
        entries=entries,
        paths=frozenset(paths),
        folded=folded,
        folders=_folders_of(folded),
        adds_to=adds_to,
        emptied=_emptied(_paths(changes, "D"), contents),
        spelled=_spelled((*added, *adds_to)),
        attributes=tuple(sorted(path for path in paths if posixpath.basename(path) == _ATTRIBUTES)),
        commits=history.since_base(head) if history.has_base(head) else None,
    )


def _paths(changes: Iterable[RawChange], status: str) -> list[str]:
    return [change.path for change in changes if change.status == status]


def _emptied(deleted: Iterable[str], contents: Mapping[str, int]) -> frozenset[str]:
    if not contents:
        return frozenset()
    gone = Counter(folder for path in deleted for folder in folders_above(path))
    return frozenset(folder for folder, count in gone.items() if count == contents.get(folder))


def _spelled(names: Sequence[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, folded in zip(names, _folded(names), strict=True):
        found[folded] = found.get(folded, frozenset()) | {name}
    return found


def _folded(names: Sequence[str]) -> list[str]:
    """Fold many names at once; nothing is folded over what stands between them."""
    return fold("\0".join(names)).split("\0") if names else []


def _folders_of(paths: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for folder in {path.rpartition("/")[0] for path in paths} - {""}:
        found.add(folder)
        for above in folders_above(folder):
            if above in found:
                break
            found.add(above)
    return frozenset(found)
