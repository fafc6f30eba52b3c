"""A conflict is data: which paths, of which kind, between which domains."""

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
    FILE_DIRECTORY = "file_directory"
    BINARY = "binary"
    DISTINCT_TYPES = "distinct_types"
    SUBMODULE = "submodule"
    DIR_RENAME_SUGGESTED = "dir_rename_suggested"
    DIR_RENAME_SPLIT = "dir_rename_split"
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

    ``lines`` holds the first of them, without line ends, as text for people.
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

    ``preview_tree`` is the tree that git wrote, conflict markers included.
    """

    paths: tuple[ConflictPath, ...]
    with_domains: tuple[str, ...]
    preview_tree: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDomain(Value):
    """The state of one domain when the matrix was computed."""

    name: str
    snapshot: str | None
    dirty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePath(Value):
    """A path that two domains cannot both change, with the line ranges, such as ``40-52``."""

    path: str
    kind: ConflictKind
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePair(Value):
    """Two domains that clash."""

    a: str
    b: str
    paths: tuple[LivePath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsidePath(Value):
    """Work outside the declared files of a domain."""

    domain: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConflicts(Value):
    """The ``conflicts`` document: all domains against each other, uncommitted work included."""

    epic_id: str
    at: str
    domains: tuple[LiveDomain, ...]
    pairs: tuple[LivePair, ...]
    outside: tuple[OutsidePath, ...]
    target_moved: bool
    schema_version: int = 1
