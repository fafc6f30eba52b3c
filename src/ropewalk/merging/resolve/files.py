"""The files of a conflict with their three versions, and trees in which they are resolved.

Only text that both sides have counts: where anything else is in conflict besides, such as a file
that one side deleted, no tree can be made of resolved files, and there are none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ropewalk.git.objects import (
    blob_sizes,
    read_blob,
    read_blobs,
    write_blob,
    write_tree_from,
)
from ropewalk.git.trees import TreeEntry
from ropewalk.merging.resolve.values import FileConflict
from ropewalk.merging.values import Clash
from ropewalk.model.conflict import ConflictKind, ConflictPath, Stage

LIMIT = 1024 * 1024
# The score of what is tried before any candidate; theirs are logarithms of chances.
CERTAIN = 0.0
_TEXT_KINDS = (ConflictKind.CONTENT, ConflictKind.ADD_ADD)
_FILE_MODES = ("100644", "100755")
_LOOKED_AT = 8000
_MARKER = re.compile(rb"^<{7}", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictedFile:
    """A text file in conflict, its stages, and the mode that its resolution gets."""

    versions: FileConflict
    stages: tuple[Stage, ...]
    mode: str

    @property
    def path(self) -> str:
        """The path from the top of the repository."""
        return self.versions.path


def conflicted_files(clash: Clash) -> tuple[ConflictedFile, ...]:
    """Return the files in conflict; none when not everything in conflict is text on both sides.

    Raises:
        GitError: a version is missing.
    """
    paths = clash.merged.paths
    if not all(_is_text_on_both_sides(path) for path in paths):
        return ()
    oids = [stage.oid for path in paths for stage in path.stages]
    sizes = blob_sizes(clash.context, oids)
    if any(sizes.get(oid, LIMIT + 1) > LIMIT for oid in oids):
        return ()
    blobs = read_blobs(clash.context, oids)
    if any(b"\0" in blob[:_LOOKED_AT] for blob in blobs.values()):
        return ()
    return tuple(_file(path, blobs) for path in paths)


def with_files(clash: Clash, contents: Mapping[str, bytes]) -> str:
    """Return the tree of git's attempt in which ``contents`` stand in place of the conflicts."""
    assert clash.merged.tree is not None, "a conflict has a tree"  # noqa: S101
    modes = {path.path: _mode(path.stages) for path in clash.merged.paths}
    put = [
        TreeEntry(mode=modes[path], oid=write_blob(clash.context, content), path=path)
        for path, content in contents.items()
    ]
    return write_tree_from(clash.context, clash.merged.tree, put=put)


def left_marked(clash: Clash, tree: str, file: ConflictedFile) -> str:
    """Return ``tree`` in which one file stands as git left it, with its conflict markers.

    Raises:
        GitError: an object is missing.
    """
    assert clash.merged.tree is not None, "a conflict has a tree"  # noqa: S101
    content = read_blob(clash.context, clash.merged.tree, file.path, limit=4 * LIMIT)
    if content is None or _MARKER.search(content) is None:
        # Attributes may make them shorter, and where only modes differ there are none.
        versions = file.versions
        content = b"<<<<<<< train\n%b\n=======\n%b\n>>>>>>> domain\n" % (
            versions.ours,
            versions.theirs,
        )
    put = TreeEntry(mode=file.mode, oid=write_blob(clash.context, content), path=file.path)
    return write_tree_from(clash.context, tree, put=[put])


def _is_text_on_both_sides(path: ConflictPath) -> bool:
    numbers = {stage.stage for stage in path.stages}
    modes = {stage.mode for stage in path.stages}
    return path.kind in _TEXT_KINDS and {2, 3} <= numbers and modes <= set(_FILE_MODES)


def _file(path: ConflictPath, blobs: Mapping[str, bytes]) -> ConflictedFile:
    sides = {stage.stage: blobs[stage.oid] for stage in path.stages}
    versions = FileConflict(path=path.path, base=sides.get(1), ours=sides[2], theirs=sides[3])
    return ConflictedFile(versions=versions, stages=path.stages, mode=_mode(path.stages))


def _mode(stages: tuple[Stage, ...]) -> str:
    """Return the mode that a side changed, else that of our side."""
    modes = {stage.stage: stage.mode for stage in stages}
    return modes[3] if modes.get(1) == modes[2] else modes[2]
