"""Watches one agent that works in a worktree of its own: what it changes outside of it is known.

The watch goes on after a kill: what was seen before the start is on the disk, and what the agent is
certain to have changed is there before that is replaced by what was seen later.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ropewalk.agents.base import AgentTask
from ropewalk.epic.guard import Guard
from ropewalk.errors import InvalidInput, StorageError
from ropewalk.git.repository import Place
from ropewalk.model.values import Value
from ropewalk.store.schema.documents import read_document, write_document


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside(Value):
    """The file: what was changed, for people."""

    changes: tuple[str, ...] = ()
    schema_version: int = 1


def nobody_else() -> Mapping[str, Path]:
    """Return the worktrees of others where there are none."""
    return {}


class Lookout:
    """The watch over one attempt.

    Args:
        place: the repository.
        task: the attempt; its subject is the ``domain``.
        others: the worktrees that are there besides its own, by domain.
    """

    def __init__(
        self,
        place: Place,
        task: AgentTask,
        *,
        others: Callable[[], Mapping[str, Path]] = nobody_else,
    ) -> None:
        self._subject = task.domain
        self._file = task.folder.with_name(f"{task.folder.name}.outside.json")
        self._guard = Guard(
            place,
            task.folder.with_name(f"{task.folder.name}.fingerprint.json"),
            worktrees=lambda: {**others(), task.domain: task.worktree},
            claims=lambda _subject, _path: False,
            mark=lambda subject: f"(ropewalk {task.epic_id}/{subject})",
            report=self._note,
        )

    @property
    def outside(self) -> tuple[str, ...]:
        """What the agent is certain to have changed outside its worktree, for people."""
        with suppress(InvalidInput, StorageError):
            return read_document(_Outside, self._file).changes
        return ()

    def started(self) -> None:
        """Look before the agent starts; what an earlier start changed was not this one's doing."""
        self._guard.started(self._subject)
        self._file.unlink(missing_ok=True)

    def ended(self) -> None:
        """Look after the agent ended."""
        self._guard.ended(self._subject)

    def _note(self, _subject: str, changes: Sequence[str], /, *, certain: bool) -> None:
        if certain:
            write_document(self._file, _Outside(changes=(*self.outside, *changes)))
