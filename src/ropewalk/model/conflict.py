"""A conflict is data: which paths, of which kind, between which domains."""

import base64
import os
from dataclasses import dataclass
from enum import StrEnum

from ropewalk.model.values import Value


class ConflictKind(StrEnum):
    """What two sides did to a path that git cannot put together."""

    CONTENT = "content"
    ADD_ADD = "add_add"
    ADD_ADD_MODE = "add_add_mode"
    SYMLINK = "symlink"
    MODIFY_DELETE = "modify_delete"
    RENAME_RENAME = "rename_rename"
    RENAME_DELETE = "rename_delete"
    RENAME_COLLISION = "rename_collision"
    FILE_DIRECTORY = "file_directory"
    BINARY = "binary"
    DISTINCT_TYPES = "distinct_types"
    SUBMODULE = "submodule"
    DIR_RENAME_SUGGESTED = "dir_rename_suggested"
    DIR_RENAME_SPLIT = "dir_rename_split"
    DIR_RENAME_IN_WAY = "dir_rename_in_way"
    DIR_RENAME_COLLISION = "dir_rename_collision"
    CASE_CLASH = "case_clash"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Value):
    """One side of a conflicted path: stage 1 is the base, 2 ours, 3 theirs."""

    stage: int
    mode: str
    oid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt(Value):
    """Lines of one side: ``start`` counts from 1, ``count`` is how many there are in all.

    ``lines`` holds the first of them, without line ends, as text for people. Where a side has no
    such file, ``start`` is 0; where it has nothing at this place, only ``count`` is.
    """

    start: int
    count: int
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRegion(Value):
    """A stretch of a file that both sides changed differently; ``base`` is what it was before."""

    base: Excerpt
    ours: Excerpt
    theirs: Excerpt


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictPath(Value):
    """A path in conflict; ``path_b64`` only when the name is not UTF-8.

    ``regions`` are the first of the stretches in conflict; ``detail`` is what git says about it.
    """

    path: str
    kind: ConflictKind
    stages: tuple[Stage, ...] = ()
    path_b64: str | None = None
    regions: tuple[ConflictRegion, ...] = ()
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict(Value):
    """Why a domain does not merge, with the earlier domains that caused it.

    ``preview_tree`` is the tree that git wrote, conflict markers included. ``detail`` says why it
    is a conflict where no path can be named.
    """

    paths: tuple[ConflictPath, ...]
    with_domains: tuple[str, ...]
    preview_tree: str | None
    detail: str | None = None


def path_as_base64(path: str) -> str | None:
    """Return the bytes of a path that is not UTF-8, None for all others."""
    raw = os.fsencode(path)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode("ascii")
    return None


def path_in_git(path: ConflictPath) -> str:
    """Return the path as git knows it; in a file, one that is not UTF-8 is only spelled out."""
    if path.path_b64 is None:
        return path.path
    return os.fsdecode(base64.b64decode(path.path_b64))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDomain(Value):
    """The state of one domain when the matrix was computed.

    Attributes:
        name: the domain.
        snapshot: a commit of all its work; None when there is none that could be looked at.
        dirty: whether uncommitted work is in it.
        gone: whether its worktree could not be read, so that its last known commit counts.
        partial: whether something in its worktree could not be read and is missing.
        has_markers: whether a changed file holds conflict markers.
        nested: repositories inside its worktree, whose content is not looked at.
    """

    name: str
    snapshot: str | None
    dirty: bool
    gone: bool = False
    partial: bool = False
    has_markers: bool = False
    nested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePath(Value):
    """A path that two domains cannot both change, with the line ranges, such as ``40-52``.

    Lines are those of the file as it was before both; where there was none, those of ``a``.
    ``path_b64`` is there when the name is not UTF-8.
    """

    path: str
    kind: ConflictKind
    lines: tuple[str, ...]
    path_b64: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePair(Value):
    """Two domains that clash; ``b`` is the full name of the target branch where that is the other.

    ``reason`` is there when git could not even try, and no path can be named.
    """

    a: str
    b: str
    paths: tuple[LivePath, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsidePath(Value):
    """Work outside the declared files of a domain."""

    domain: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConflicts(Value):
    """The ``conflicts`` document: all domains against each other, uncommitted work included.

    ``target_moved`` says that the target does not stand where the domains started, or where a
    landing of theirs left it; each domain is then compared with it, too.
    """

    epic_id: str
    at: str
    domains: tuple[LiveDomain, ...]
    pairs: tuple[LivePair, ...]
    outside: tuple[OutsidePath, ...]
    target_moved: bool
    target: str | None = None
    next_commands: tuple[str, ...] = ()
    schema_version: int = 1
