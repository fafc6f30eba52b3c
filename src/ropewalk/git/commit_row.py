"""Makes a row of commits without git, where each is known to need no merge.

The changes of a branch are put on the commit before, as git's own merge would do it where the other
side touched none of them. Nothing is written: the commits and their trees come as a pack, which
counts when git has taken it in.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.objects import commit_bytes
from ropewalk.git.packs import Kind, Pack
from ropewalk.git.tree_edit import TreeEdit
from ropewalk.git.trees import RawChange, is_file

_FOUND: Final = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) (\w+) (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommit:
    """A commit to make on top of the one before; ``merged`` is its second parent, if any.

    ``entries`` are its changes as `git.trees.raw_entries_of` returns them.
    """

    entries: tuple[RawChange, ...]
    merged: str | None
    message: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Full ids of a commit that was made and of its tree."""

    commit: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The commits that were made, in order, and the pack that holds them and their trees."""

    made: tuple[Made, ...]
    pack: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A tree as it was read."""

    oid: str
    content: bytes


def make_row(
    context: GitContext,
    onto: str,
    commits: Sequence[NewCommit],
    *,
    touched: Collection[str] = (),
    known: Mapping[str, Tree] = MappingProxyType({}),
) -> Row:
    """Make commits, the first on top of ``onto``.

    Args:
        context: where trees are read.
        onto: full id of a commit.
        commits: what to make; their identities are as `clean_identity` returns them and have dates.
        touched: directories in which ``onto`` may differ from what the changes begin with. One that
            is not named costs a process.
        known: what `read_trees` returned before, perhaps for `top_of` of ``onto``.

    Raises:
        GitError: a tree is missing, or a change is none that can be put on what is there.
    """
    names = [top_of(onto), *_met(onto, commits, touched)]
    found = {**known, **read_trees(context, [name for name in names if name not in known])}
    if names[0] not in found:
        raise GitError(f"git cat-file: the tree of {onto} is not here")
    contents = {tree.oid: tree.content for tree in found.values()}
    pack = Pack(like=onto)
    edit = TreeEdit(
        found[names[0]].oid, pack, lambda oid: contents.get(oid) or _read_one(context, oid)
    )
    made: list[Made] = []
    before = onto
    for commit in commits:
        tree = edit.apply(commit.entries)
        parents = (before,) if commit.merged is None else (before, commit.merged)
        who = commit.identity
        content = commit_bytes(
            tree, parents=parents, author=who, committer=who, message=commit.message
        )
        before = pack.add(Kind.COMMIT, content).oid
        made.append(Made(commit=before, tree=tree))
    return Row(made=tuple(made), pack=pack.content())


def top_of(commit: str) -> str:
    """Return a name for the tree of a commit, for `read_trees`."""
    return f"{commit}^{{tree}}"


def read_trees(context: GitContext, names: Sequence[str]) -> dict[str, Tree]:
    """Return the tree that each name means, with one process; what means none is left out.

    Args:
        context: where they are.
        names: full ids, or what `git rev-parse` takes; none has a line break in it.
    """
    if not names:
        return {}
    asked = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    stream = run(context, "cat-file", "--batch", "--buffer", stdin=asked).stdout
    trees: dict[str, Tree] = {}
    at = 0
    for name in names:
        end = stream.index(b"\n", at)
        found = _FOUND.fullmatch(stream, at, end)
        at = end + 1
        if found is not None:
            size = int(found[3])
            if found[2] == b"tree":
                trees[name] = Tree(oid=found[1].decode(), content=stream[at : at + size])
            at += size + 1
    return trees


def _read_one(context: GitContext, oid: str) -> bytes:
    found = read_trees(context, (oid,)).get(oid)
    if found is None:
        raise GitError(f"git cat-file: tree {oid} is not here")
    return found.content


def _met(onto: str, commits: Sequence[NewCommit], touched: Collection[str]) -> Iterator[str]:
    """Yield names of the trees that will have to be opened: several change something in them."""
    folders = [
        change
        for commit in commits
        for change in commit.entries
        if not is_file(change) and "\n" not in change.path
    ]
    times = Counter(change.path for change in folders)
    seen: set[str] = set()
    for change in folders:
        if change.path not in seen and (times[change.path] > 1 or change.path in touched):
            seen.add(change.path)
            # As the first one leaves it, where it is as that one found it.
            yield f"{onto}:{change.path}" if change.path in touched else change.new_oid
