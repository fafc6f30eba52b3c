"""Keeps what was brought into a worktree, such as ``.env``, out of the commits that are taken in.

An agent can commit an ignored file all the same, or a copy of it under another name. Its commits
hold that file for ever, so they are folded into one commit without it; they themselves are pinned
under a backup ref, where nothing merges them.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.epic.context import EpicContext
from ropewalk.git.command import GitContext, run
from ropewalk.git.object_id import object_id
from ropewalk.git.objects import commit_tree, is_ancestor, tree_of, write_tree_from
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import brought_into, is_below
from ropewalk.git.trees import TreeEntry, list_names, list_tree
from ropewalk.store.files import Refusal, read_untrusted

_MOST = 10
# A copy of a file that is shorter than this tells nobody anything, and may be any file.
_FILE_MIN = 16
_FILE_MAX = 64 * 1024
_FILES_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unwanted:
    """What is not taken in: paths that were brought in, and contents of files that were."""

    brought: frozenset[str]
    copies: frozenset[str]

    def has(self, entry: TreeEntry) -> bool:
        return entry.oid in self.copies or is_below(entry.path, self.brought)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A head without what was brought in; ``withheld`` are the first paths that were taken out."""

    head: str
    withheld: tuple[str, ...] = ()


def clear_head(context: EpicContext, domain: str, base: str, head: str, *, message: str) -> Cleared:
    """Return the head to take in: the agent's own, or one commit in its place.

    Args:
        context: the run.
        domain: whose head.
        base: where its work starts.
        head: what it committed.
        message: of the commit that takes the place of the agent's.

    Raises:
        GitError: git failed; no ref was changed but the backup.
    """
    brought = frozenset(context.domain_state(domain).brought)
    place = context.workspace.place
    own = own_context(place)
    if not brought or head == base or not is_ancestor(own, base, head):
        return Cleared(head=head)
    unwanted = _Unwanted(brought=brought, copies=_copies(place, own, base, brought))
    touched = sorted({entry.path for entry in _touched(own, base, head) if unwanted.has(entry)})
    if not touched:
        return Cleared(head=head)
    backup = epic_ref(context.epic_id, "backup", domain, head[:12])
    if read_ref(place.context, backup) is None:
        update_refs(place.context, [RefUpdate(ref=backup, new=head, old=None)])
    tree = _clear(own, head, base, unwanted)
    kept = tuple(touched[:_MOST])
    if tree == tree_of(own, base):
        return Cleared(head=base, withheld=kept)
    identity = context.identity()
    signed = replace(own, author=identity, committer=identity)
    folded = commit_tree(signed, tree, parents=(base,), message=message)
    return Cleared(head=folded, withheld=kept)


def without_brought(place: Place, worktree: Path, tree: str, *, start: str) -> str:
    """Return the tree of what an agent left, without what was brought into its worktree.

    Args:
        place: the repository.
        worktree: where the agent worked.
        tree: what it left.
        start: the tree that it began at; what is in it stays.
    """
    brought = frozenset(brought_into(place, worktree))
    own = own_context(place)
    left = [path for path in list_names(own, tree) if is_below(path, brought)] if brought else []
    unwanted = set(left) - set(list_names(own, start) if left else ())
    return write_tree_from(own, tree, remove=sorted(unwanted)) if unwanted else tree


def cleared_tree(place: Place, tree: str, *, base: str, brought: Iterable[str]) -> str:
    """Return the tree that is taken in of what lies in a worktree.

    Args:
        place: the repository.
        tree: what lies there.
        base: the commit where the work starts.
        brought: what was brought in.
    """
    own, names = own_context(place), frozenset(brought)
    unwanted = _Unwanted(brought=names, copies=_copies(place, own, base, names))
    return _clear(own, tree, base, unwanted)


def _clear(own: GitContext, tree: str, base: str, unwanted: _Unwanted) -> str:
    out = frozenset(entry.path for entry in list_tree(own, tree) if unwanted.has(entry))
    # Where a copy stands in the place of a file of the base, that file stays as it was.
    back = [entry for entry in list_tree(own, base) if entry.path in out]
    return write_tree_from(own, tree, remove=sorted(out), put=back)


def _touched(own: GitContext, base: str, head: str) -> Iterator[TreeEntry]:
    """Yield what the commits between the two made of files, compared with each of their parents."""
    options = ("-m", "-z", "--raw", "--no-abbrev", "--no-renames", "--format=")
    listing = run(own, "log", *options, f"{base}..{head}").stdout
    fields = iter(os.fsdecode(listing).split("\0"))
    for facts in fields:
        if facts.lstrip("\n").startswith(":"):
            _, mode, _, oid, _ = facts.split(" ")
            yield TreeEntry(mode=mode, oid=oid, path=next(fields))


def _copies(place: Place, own: GitContext, base: str, brought: Collection[str]) -> frozenset[str]:
    """Return the ids that files have which were brought in as such; not what the base holds too."""
    found: set[str] = set()
    for name in () if place.bare else sorted(brought)[:_FILES_MAX]:
        content = read_untrusted(place.top, name, _FILE_MAX)
        if not isinstance(content, Refusal) and len(content) >= _FILE_MIN:
            found.add(object_id("blob", content, like=base))
    return (
        frozenset(found - {entry.oid for entry in list_tree(own, base)}) if found else frozenset()
    )
