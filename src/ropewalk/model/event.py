"""One line of the journal."""

from dataclasses import dataclass
from typing import Protocol

from ropewalk.model.values import JsonObject, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Value):
    """Something that happened in a run.

    ``seq`` counts from 1 without gaps; ``prev_hash`` is the checksum of the line before (64 zeros
    for the first); ``at`` is UTC wall time for people, ``mono_ns`` monotonic time for durations.
    """

    seq: int
    prev_hash: str
    at: str
    mono_ns: int
    run_id: str
    step: str | None
    attempt: str | None
    type: str
    data: JsonObject


class Emit(Protocol):
    """Appends an event to the journal of a run and returns it.

    ``sync`` waits until the line is on the disk: before an effect, and on each change of state.
    """

    def __call__(
        self,
        type_: str,
        data: JsonObject,
        *,
        step: str | None = None,
        attempt: str | None = None,
        sync: bool = False,
    ) -> Event:
        """Append one event."""
        ...
