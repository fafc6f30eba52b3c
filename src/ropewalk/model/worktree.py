"""The life of a worktree as its metadata file tells it."""

from dataclasses import dataclass
from enum import StrEnum

from ropewalk.model.values import Value


class WorktreeStatus(StrEnum):
    """Where a worktree is in its life; only forward steps are possible."""

    CREATED = "created"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    MERGED = "merged"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange(Value):
    """One step of the history; ``sequence`` counts the lines of the journal."""

    status: WorktreeStatus
    at: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeMetadata(Value):
    """``.worktrees/.metadata/<epic_id>/<domain>.json``; ``path`` is absolute."""

    epic_id: str
    domain: str
    path: str
    branch: str | None
    base: str
    status: WorktreeStatus
    history: tuple[StatusChange, ...]
    run_id: str
    schema_version: int = 1
