"""Merges two commits in memory and says, as data, what does not go together.

The verdict is git's exit code together with its output, never one alone. The answer depends on the
attributes in the context's work tree: give a scratch one that holds those of the target. Two names
that differ only in case merge cleanly for git; they are reported here as a conflict all the same.
"""

import base64
import os
import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, GitOutput, run
from ropewalk.git.refs import is_oid
from ropewalk.git.trees import TreeEntry, list_tree
from ropewalk.model.conflict import ConflictKind, ConflictPath, Stage

_ENTRY: Final = re.compile(r"([0-7]{6}) ([0-9a-f]+) ([123])\t(.*)", re.DOTALL)
# In order of what tells more: git adds the last ones to several of the others.
_KINDS: Final = (
    ("CONFLICT (rename/rename)", ConflictKind.RENAME_RENAME),
    ("CONFLICT (rename/delete)", ConflictKind.RENAME_DELETE),
    ("CONFLICT (modify/delete)", ConflictKind.MODIFY_DELETE),
    ("CONFLICT (file/directory)", ConflictKind.FILE_DIRECTORY),
    ("CONFLICT (binary)", ConflictKind.BINARY),
    ("CONFLICT (distinct modes)", ConflictKind.DISTINCT_TYPES),
    ("CONFLICT (distinct types)", ConflictKind.DISTINCT_TYPES),
    ("CONFLICT (submodule", ConflictKind.SUBMODULE),
    ("CONFLICT (directory rename suggested)", ConflictKind.DIR_RENAME_SUGGESTED),
    ("CONFLICT(directory rename unclear split)", ConflictKind.DIR_RENAME_SPLIT),
    ("CONFLICT (directory rename unclear split)", ConflictKind.DIR_RENAME_SPLIT),
    ("CONFLICT (contents)", ConflictKind.CONTENT),
)
_GITLINK: Final = "160000"
_SYMLINK: Final = "120000"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTree:
    """The result of one merge.

    Attributes:
        tree: the tree that git wrote, conflict markers included.
        is_clean: whether both sides went together; False also when no path can be named.
        paths: what is in conflict, sorted by path.
        messages: what git said about each path, conflicts and plain information.
        raw_tail: text of git behind its last record that follows no form.
    """

    tree: str | None
    is_clean: bool
    paths: tuple[ConflictPath, ...]
    messages: tuple[str, ...]
    raw_tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """One record of git's: the paths it is about, its type as written, its text."""

    paths: tuple[str, ...]
    type: str
    text: str


def merge_tree(context: GitContext, ours: str, theirs: str) -> MergedTree:
    """Merge two commits without a checkout.

    Args:
        context: its work tree is where git looks for attributes; new objects go to its objects.
        ours: full id of the commit that is merged into.
        theirs: full id of the commit that is merged.

    Raises:
        GitError: they cannot be merged at all, for instance because an id is none, an object is
            missing or the histories are unrelated.
    """
    output = run(
        context,
        *("merge-tree", "--write-tree", "-z", "--messages", ours, theirs),
        allowed=(0, 1),
    )
    fields = os.fsdecode(output.stdout).split("\0")
    if not is_oid(fields[0]):
        raise GitError(_why_refused(output, ours, theirs), code="merge_refused")
    stages, at = _read_stages(fields)
    messages, tail = _read_messages(fields, at)
    clashes = tuple(_find_case_clashes(context, fields[0], ours, theirs))
    paths = (*_classify(stages, messages), *clashes)
    return MergedTree(
        tree=fields[0],
        is_clean=output.code == 0 and not clashes,
        paths=tuple(sorted(paths, key=lambda conflict: conflict.path)),
        messages=tuple(message.text.strip() for message in messages),
        raw_tail=tail + output.stderr.strip(),
    )


def _why_refused(output: GitOutput, ours: str, theirs: str) -> str:
    words = output.stderr.strip().splitlines()
    return words[0] if words else f"git cannot merge {theirs} into {ours}"


def _read_stages(fields: Sequence[str]) -> tuple[dict[str, tuple[Stage, ...]], int]:
    """Read the stages of every conflicted path, and where the messages begin."""
    found: list[tuple[str, Stage]] = []
    at = 1
    while at < len(fields) and (entry := _ENTRY.fullmatch(fields[at])):
        mode, oid, stage, path = entry.groups()
        found.append((path, Stage(stage=int(stage), mode=mode, oid=oid)))
        at += 1
    ordered = sorted(found, key=lambda pair: (pair[0], pair[1].stage))
    grouped = groupby(ordered, key=lambda pair: pair[0])
    return {path: tuple(stage for _path, stage in pairs) for path, pairs in grouped}, at + 1


def _read_messages(fields: Sequence[str], at: int) -> tuple[tuple[_Message, ...], str]:
    """Read ``count, paths, type, text`` records; what follows no such form is the tail."""
    found = []
    while at < len(fields) and re.fullmatch(r"\d{1,6}", fields[at]):
        count = int(fields[at])
        end = at + count + 3
        if end > len(fields):
            break
        found.append(
            _Message(
                paths=tuple(fields[at + 1 : at + 1 + count]),
                type=fields[end - 2],
                text=fields[end - 1],
            )
        )
        at = end
    return tuple(found), "\0".join(fields[at:]).strip("\0\n")


def _classify(
    stages: dict[str, tuple[Stage, ...]], messages: Sequence[_Message]
) -> Iterator[ConflictPath]:
    """Name the kind of every conflicted path, and of conflicts that leave no stage behind."""
    about = [message for message in messages if message.type.startswith("CONFLICT")]
    for path, held in stages.items():
        yield _conflict(path, _kind_of(path, held, about), held)
    named = set(stages)
    for message in about:
        # A split directory rename leaves nothing in the index, only words.
        if message.paths and not named.intersection(message.paths):
            named.update(message.paths)
            yield _conflict(message.paths[0], _kind_of_type(message.type), ())


def _kind_of(path: str, stages: Sequence[Stage], about: Sequence[_Message]) -> ConflictKind:
    kinds = {_kind_of_type(message.type) for message in about if path in message.paths}
    if _GITLINK in {stage.mode for stage in stages}:
        return ConflictKind.SUBMODULE
    for _type, kind in _KINDS:
        if kind in kinds and kind is not ConflictKind.CONTENT:
            return kind
    return _kind_of_content(stages) if ConflictKind.CONTENT in kinds else ConflictKind.UNKNOWN


def _kind_of_content(stages: Sequence[Stage]) -> ConflictKind:
    sides = {stage.stage: stage for stage in stages}
    if 1 not in sides and {2, 3} <= set(sides):
        if sides[2].oid == sides[3].oid:
            return ConflictKind.ADD_ADD_MODE
        return ConflictKind.ADD_ADD
    if any(stage.mode == _SYMLINK for stage in stages):
        return ConflictKind.SYMLINK
    return ConflictKind.CONTENT


def _kind_of_type(written: str) -> ConflictKind:
    for prefix, kind in _KINDS:
        if written.startswith(prefix):
            return kind
    return ConflictKind.UNKNOWN


def _conflict(path: str, kind: ConflictKind, stages: tuple[Stage, ...]) -> ConflictPath:
    raw = os.fsencode(path)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        encoded = base64.b64encode(raw).decode("ascii")
        return ConflictPath(path=path, kind=kind, stages=stages, path_b64=encoded)
    return ConflictPath(path=path, kind=kind, stages=stages)


def _find_case_clashes(
    context: GitContext, tree: str, ours: str, theirs: str
) -> Iterator[ConflictPath]:
    """Find names that are one where case does not count, and that no side had together before."""
    if not _has_alike(context, tree):
        return
    added = run(
        context,
        *("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", ours, tree),
    ).stdout
    looked_at = {
        _fold(part) for path in os.fsdecode(added).split("\0")[:-1] for part in _parts_of(path)
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
                yield _conflict(path, ConflictKind.CASE_CLASH, (stage,))


def _has_alike(context: GitContext, tree: str) -> bool:
    """Say whether any two names of a tree are alike, at a tenth of the cost of finding them."""
    listing = run(context, "ls-tree", "-r", "-t", "-z", "--name-only", "--full-tree", tree).stdout
    names = _fold(os.fsdecode(listing)).split("\0")
    return len(set(names)) < len(names)


def _group_by_fold(
    entries: Sequence[TreeEntry], looked_at: Collection[str]
) -> dict[str, dict[str, TreeEntry]]:
    """Group the files and directories that differ in case or normal form only, by folded name."""
    groups: dict[str, dict[str, TreeEntry]] = {}
    for entry in entries:
        for part in _parts_of(entry.path):
            folded = _fold(part)
            if folded in looked_at:
                groups.setdefault(folded, {}).setdefault(part, entry)
    return {folded: names for folded, names in groups.items() if len(names) > 1}


def _parts_of(path: str) -> Iterator[str]:
    """Yield a path and every directory above it."""
    while path:
        yield path
        path = posixpath.dirname(path)


def _fold(path: str) -> str:
    return path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
