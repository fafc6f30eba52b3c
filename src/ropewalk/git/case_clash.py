"""Names that git keeps apart and some file systems do not: equal but for case or normal form."""

import os
import posixpath
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ropewalk.git.command import GitContext, run
from ropewalk.git.trees import TreeEntry, list_tree
from ropewalk.model.conflict import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClash:
    """One of several alike names: a file, or a directory with ``stage`` of a file below it."""

    path: str
    stage: Stage
    detail: str


def find_case_clashes(
    context: GitContext, tree: str, *, ours: str, theirs: str
) -> Iterator[CaseClash]:
    """Find the names in a merged tree that are alike, and that no side had together before.

    Args:
        context: where the objects are.
        tree: what git made of the two.
        ours: the commit or tree that was merged into.
        theirs: the commit or tree that was merged.
    """
    if not _has_alike(context, tree):
        return
    added = run(
        context,
        *("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", ours, tree),
    ).stdout
    looked_at = {
        fold(part) for path in os.fsdecode(added).split("\0")[:-1] for part in _parts_of(path)
    }
    merged = _group_by_fold(list_tree(context, tree), looked_at) if looked_at else {}
    if not merged:
        return
    sides = [_group_by_fold(list_tree(context, side), looked_at) for side in (ours, theirs)]
    first = {entry.path for entry in list_tree(context, ours)}
    for folded, names in sorted(merged.items()):
        if not any(set(names) <= set(side.get(folded, ())) for side in sides):
            for path, entry in sorted(names.items()):
                number = 2 if entry.path in first else 3
                stage = Stage(stage=number, mode=entry.mode, oid=entry.oid)
                yield CaseClash(path=path, stage=stage, detail=_detail(path, names))


def fold(path: str) -> str:
    """Return a name as it is the same for file systems that fold case or normal form."""
    return path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def _detail(path: str, names: Collection[str]) -> str:
    others = sorted(name for name in names if name != path)
    reason = "case" if len({name.casefold() for name in names}) == 1 else "the form of its letters"
    return f"differs only in {reason} from {', '.join(others)}: one name on some file systems"


def _has_alike(context: GitContext, tree: str) -> bool:
    """Say whether any two names of a tree are alike, at a tenth of the cost of finding them."""
    listing = run(context, "ls-tree", "-r", "-t", "-z", "--name-only", "--full-tree", tree).stdout
    names = fold(os.fsdecode(listing)).split("\0")
    return len(set(names)) < len(names)


def _group_by_fold(
    entries: Sequence[TreeEntry], looked_at: Collection[str]
) -> dict[str, dict[str, TreeEntry]]:
    """Group the files and directories that differ in case or normal form only, by folded name."""
    groups: dict[str, dict[str, TreeEntry]] = {}
    for entry in entries:
        for part in _parts_of(entry.path):
            folded = fold(part)
            if folded in looked_at:
                groups.setdefault(folded, {}).setdefault(part, entry)
    return {folded: names for folded, names in groups.items() if len(names) > 1}


def _parts_of(path: str) -> Iterator[str]:
    """Yield a path and every directory above it."""
    while path:
        yield path
        path = posixpath.dirname(path)
