"""Keeps what was brought into a worktree, such as ``.env``, out of the commits that are taken in.

An agent can commit an ignored file all the same. Its commits hold that file for ever, so they are
folded into one commit without it; they themselves are pinned under a backup ref, where nothing
merges them.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.epic.context import EpicContext
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import commit_tree, is_ancestor, tree_of, write_tree_from
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import brought_into, is_below
from ropewalk.git.trees import list_names

_MOST = 10


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
    touched = sorted(path for path in _touched(own, base, head) if is_below(path, brought))
    if not touched:
        return Cleared(head=head)
    backup = epic_ref(context.epic_id, "backup", domain, head[:12])
    if read_ref(place.context, backup) is None:
        update_refs(place.context, [RefUpdate(ref=backup, new=head, old=None)])
    unwanted = [path for path in list_names(own, head) if is_below(path, brought)]
    tree = write_tree_from(own, head, remove=unwanted)
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


def _touched(own: GitContext, base: str, head: str) -> frozenset[str]:
    """Return every path that a commit between the two changed against one of its parents."""
    listing = run(own, "log", "-m", "-z", "--name-only", "--format=", f"{base}..{head}").stdout
    return frozenset(filter(None, os.fsdecode(listing).split("\0")))
