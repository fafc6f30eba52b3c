"""Git's attempt at a merge, with names instead of object ids where a person reads it.

The train side is called by what is in it in the markers, and ``train`` in the names of files, which
must not hold a slash.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.git.admin import require_entry
from ropewalk.git.command import GitContext, run
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import read_blob, write_blob, write_tree_from
from ropewalk.git.refs import zero_oid
from ropewalk.git.repository import Place
from ropewalk.git.trees import TreeEntry, list_tree
from ropewalk.model.conflict import Stage

_LIMIT = 16 * 1024 * 1024
_TRAIN = "train"
_BASE_MARK = re.compile(rb"^(\|{7}) [0-9a-f]{7,64}$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The two sides of a merge and what they are called; ``train`` names what is in the train."""

    ours: str
    theirs: str
    domain: str
    train: str = _TRAIN

    @property
    def in_paths(self) -> Mapping[str, str]:
        """What stands behind ``~`` in the name of a file, by object id."""
        return {self.ours: _TRAIN, self.theirs: self.domain}

    @property
    def in_markers(self) -> Mapping[str, str]:
        """What stands behind the markers, by object id."""
        return {self.ours: self.train, self.theirs: self.domain}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Git's attempt at a merge, labelled: its tree, and the stages by the labelled path."""

    tree: str
    stages: Mapping[str, Sequence[Stage]]


def labelled_tree(context: GitContext, domain: str, *, ours: str, theirs: str) -> str:
    """Return the tree of git's attempt at a merge, labelled."""
    return read_attempt(context, Labels(ours=ours, theirs=theirs, domain=domain)).tree


def labelled_path(path: str, labels: Labels) -> str:
    """Return a path with the name of its side, where git made one that ends in an object id."""
    stem, _, side = path.rpartition("~")
    return f"{stem}~{labels.in_paths[side]}" if side in labels.in_paths else path


def read_attempt(context: GitContext, labels: Labels) -> Attempt:
    """Write git's attempt once more, with names instead of object ids in markers and file names."""
    merged = merge_tree(context, labels.ours, labels.theirs)
    assert merged.tree is not None, "a conflict has a tree"  # noqa: S101
    modes = {entry.path: entry.mode for entry in list_tree(context, merged.tree)}
    put: list[TreeEntry] = []
    remove: list[str] = []
    for path in dict.fromkeys(conflict.path for conflict in merged.paths):
        if path not in modes:
            continue
        entry = _relabel(context, merged, path, modes[path], labels)
        if entry is not None:
            put.append(entry)
            remove.extend(() if entry.path == path else (path,))
    tree = write_tree_from(context, merged.tree, put=put, remove=remove)
    return Attempt(
        tree=tree,
        stages={labelled_path(one.path, labels): one.stages for one in merged.paths if one.stages},
    )


def _relabel(
    context: GitContext, merged: MergedTree, path: str, mode: str, labels: Labels
) -> TreeEntry | None:
    blob = read_blob(context, merged.tree or "", path, limit=_LIMIT)
    if blob is None:
        return None
    for oid, name in labels.in_markers.items():
        for mark in (b"<<<<<<< ", b">>>>>>> "):
            blob = blob.replace(mark + oid.encode(), mark + name.encode())
    blob = _BASE_MARK.sub(rb"\1 before both", blob)
    return TreeEntry(mode=mode, oid=write_blob(context, blob), path=labelled_path(path, labels))


def lay_out(place: Place, path: Path, ours: str, attempt: Attempt) -> None:
    """Put the attempt into files and index, the sides of each conflict as stages."""
    admin = require_entry(place, path).admin
    context = replace(place.context, directory=path, git_dir=admin, work_tree=path)
    run(context, "read-tree", "-m", "-u", ours, attempt.tree)
    blank = zero_oid(place)
    lines = [
        line
        for name, stages in attempt.stages.items()
        for line in (
            f"0 {blank}\t{name}",
            *(f"{one.mode} {one.oid} {one.stage}\t{name}" for one in stages),
        )
    ]
    text = "".join(f"{line}\0" for line in lines)
    run(
        context, "update-index", "-z", "--index-info", stdin=text.encode("utf-8", "surrogateescape")
    )
