"""Merges two commits in memory and says, as data, what does not go together.

The verdict is git's exit code together with its output, never one alone. The answer depends on the
attributes in the context's work tree: give a scratch one that holds those of the target. Two names
that differ only in case merge cleanly for git; they are reported here as a conflict all the same.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ropewalk.errors import GitError
from ropewalk.git.case_clash import find_case_clashes
from ropewalk.git.command import GitContext, GitOutput, run
from ropewalk.git.refs import is_oid
from ropewalk.model.conflict import ConflictKind, ConflictPath, Stage, path_as_base64

_ENTRY: Final = re.compile(r"([0-7]{6}) ([0-9a-f]+) ([123])\t(.*)", re.DOTALL)
# In order of what tells more: git adds the last ones to several of the others.
_KINDS: Final = (
    ("CONFLICT (rename/rename)", ConflictKind.RENAME_RENAME),
    ("CONFLICT (rename/delete)", ConflictKind.RENAME_DELETE),
    ("CONFLICT (rename involved in collision)", ConflictKind.RENAME_COLLISION),
    ("CONFLICT (file/directory)", ConflictKind.FILE_DIRECTORY),
    ("CONFLICT (distinct modes)", ConflictKind.DISTINCT_TYPES),
    ("CONFLICT (distinct types)", ConflictKind.DISTINCT_TYPES),
    ("CONFLICT (modify/delete)", ConflictKind.MODIFY_DELETE),
    ("CONFLICT (binary)", ConflictKind.BINARY),
    ("CONFLICT (submodule", ConflictKind.SUBMODULE),
    ("CONFLICT (directory rename suggested)", ConflictKind.DIR_RENAME_SUGGESTED),
    ("CONFLICT (file in way of directory rename)", ConflictKind.DIR_RENAME_IN_WAY),
    ("CONFLICT (directory rename collision)", ConflictKind.DIR_RENAME_COLLISION),
    ("CONFLICT (directory rename unclear split)", ConflictKind.DIR_RENAME_SPLIT),
    ("CONFLICT (contents)", ConflictKind.CONTENT),
)
# What a submodule can be one side of; everything else about one is a conflict of its commits.
_OF_TYPES: Final = frozenset({ConflictKind.DISTINCT_TYPES, ConflictKind.FILE_DIRECTORY})
_SPACELESS: Final = re.compile(r"^CONFLICT\(")
_PREFIX: Final = re.compile(r"^(?:CONFLICT ?\([^)]*\)|warning|error): ")
_NO_NEWS: Final = re.compile(r"^Merge conflict in ")
_GITLINK: Final = "160000"
_SYMLINK: Final = "120000"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTree:
    """The result of one merge.

    Attributes:
        tree: the tree that git wrote, conflict markers included.
        is_clean: whether both sides went together; False also when no path can be named.
        paths: what is in conflict, sorted by path; names and details hold the ids of the operands.
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


def merge_tree(
    context: GitContext, ours: str, theirs: str, *, are_names_apart: bool = False
) -> MergedTree:
    """Merge two commits without a checkout.

    Args:
        context: its work tree is where git looks for attributes; new objects go to its objects.
        ours: full id of the commit that is merged into.
        theirs: full id of the commit that is merged.
        are_names_apart: whether it is known that no name which one side adds is written in another
            way by the other, so that this need not be looked for.

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
    sides = {"ours": ours, "theirs": theirs}
    found = () if are_names_apart else find_case_clashes(context, fields[0], **sides)
    clashes = tuple(
        _conflict(clash.path, ConflictKind.CASE_CLASH, (clash.stage,), clash.detail)
        for clash in found
    )
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
    stages: Mapping[str, tuple[Stage, ...]], messages: Sequence[_Message]
) -> Iterator[ConflictPath]:
    """Name the kind of every conflicted path, and of conflicts that leave no stage behind."""
    about = [message for message in messages if message.type.startswith("CONFLICT")]
    for path, held in stages.items():
        said = [message for message in about if path in message.paths]
        yield _conflict(path, _kind_of(held, said), held, _detail(said))
    named = set(stages)
    for message in about:
        # Directory renames that do not work out leave nothing in the index, only words.
        if message.paths and not named.intersection(message.paths):
            named.update(message.paths)
            kind = _kind_of_type(message.type)
            yield _conflict(message.paths[0], kind, (), _detail([message]))


def _kind_of(stages: Sequence[Stage], said: Sequence[_Message]) -> ConflictKind:
    kinds = {_kind_of_type(message.type) for message in said}
    modes = {stage.mode for stage in stages}
    if _GITLINK in modes and not kinds & _OF_TYPES:
        return ConflictKind.SUBMODULE
    for _type, kind in _KINDS:
        if kind in kinds and kind is not ConflictKind.CONTENT:
            return kind
    return _kind_of_content(stages) if ConflictKind.CONTENT in kinds else ConflictKind.UNKNOWN


def _kind_of_content(stages: Sequence[Stage]) -> ConflictKind:
    sides = {stage.stage: stage for stage in stages}
    if any(stage.mode == _SYMLINK for stage in stages):
        return ConflictKind.SYMLINK
    if 1 not in sides and {2, 3} <= set(sides):
        if sides[2].oid == sides[3].oid:
            return ConflictKind.ADD_ADD_MODE
        return ConflictKind.ADD_ADD
    return ConflictKind.CONTENT


def _kind_of_type(written: str) -> ConflictKind:
    spaced = _SPACELESS.sub("CONFLICT (", written)
    for prefix, kind in _KINDS:
        if spaced.startswith(prefix):
            return kind
    return ConflictKind.UNKNOWN


def _detail(said: Sequence[_Message]) -> str | None:
    """Return what git says beyond the kind and the path, None where that is all it says."""
    sentences = (_PREFIX.sub("", message.text.strip()) for message in said)
    return " ".join(text for text in sentences if not _NO_NEWS.match(text)) or None


def _conflict(
    path: str, kind: ConflictKind, stages: tuple[Stage, ...], detail: str | None
) -> ConflictPath:
    return ConflictPath(
        path=path, kind=kind, stages=stages, path_b64=path_as_base64(path), detail=detail
    )
