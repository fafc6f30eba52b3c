"""The account that a saved worktree carries in the message of its commit.

The commit's tree holds the files; its first parent is the HEAD of the worktree, the others keep
alive what was staged and what only the worktree knew. The message says which is which.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import InvalidInput, WorktreeError
from ropewalk.git.command import GitContext
from ropewalk.git.everything import Everything
from ropewalk.git.objects import commit_message, commit_tree, tree_of
from ropewalk.model.values import Value
from ropewalk.store.schema.documents import dump, load

_TITLE = "saved worktree"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWork(Value):
    """What a saved worktree was.

    Attributes:
        path: where it lay, absolute.
        head: its HEAD.
        reason: why it was locked; empty when it was not.
        limit: how many bytes of ignored files could be taken.
        tree: all its files.
        staged: the tree of its index when that differed from HEAD.
        is_unmerged: whether that index held a conflict; it cannot be put back then.
        nested: repositories inside; their ``.git`` stands in the tree as ``dot-git``.
        brought: what was brought into it when it was made, and is nobody's work.
        tips: commits that only its git files named; they are parents.
        omitted: how many files are not in the tree.
        note: which of its git files are not kept; empty when all are.
        copies: files that the main checkout held byte for byte, and that are not in the tree.
    """

    path: str
    head: str
    reason: str
    limit: int
    tree: str
    staged: str | None
    is_unmerged: bool
    nested: tuple[str, ...]
    brought: tuple[str, ...]
    tips: tuple[str, ...]
    omitted: int
    note: str
    copies: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything that lay there can be restored from the commit alone."""
        return not self.omitted and not self.note

    def holds(self, everything: Everything, head: str) -> bool:
        """Return whether this is exactly what lies there now."""
        return (
            self.head == head
            and (self.tree, self.staged, self.tips)
            == (everything.tree, everything.staged, everything.tips)
            and (self.omitted, self.note) == (everything.omitted, everything.note)
            and self.copies == tuple(map(as_text, everything.copies))
        )


def commit_saved(context: GitContext, work: SavedWork, *, previous: str | None = None) -> str:
    """Make the commit of a saved worktree; ``previous`` is kept alive as a further parent."""
    parents = [work.head]
    if work.staged:
        parents.append(commit_tree(context, work.staged, parents=(work.head,), message="staged"))
    parents.extend(work.tips)
    if previous:
        parents.append(previous)
    message = f"{_TITLE}\n\n{dump(work).decode()}"
    return commit_tree(context, work.tree, parents=tuple(dict.fromkeys(parents)), message=message)


def read_saved(context: GitContext, commit: str) -> SavedWork:
    """Read a saved worktree back.

    Raises:
        WorktreeError: the commit is not one, or does not hold what it says.
        GitError: there is no such commit.
    """
    title, _blank, account = commit_message(context, commit).partition("\n\n")
    try:
        work = load(SavedWork, account.encode(errors="replace"), name=commit)
    except InvalidInput as error:
        raise WorktreeError(f"{commit} is not a saved worktree") from error
    if title != _TITLE:
        raise WorktreeError(f"{commit} is not a saved worktree")
    if tree_of(context, commit) != work.tree:
        raise WorktreeError(f"{commit} does not hold the files that it names")
    return work


def as_text(path: str | Path) -> str:
    """Return a path as a document can hold it: bytes that are no UTF-8 are written out."""
    return os.fsencode(path).decode(errors="backslashreplace")
