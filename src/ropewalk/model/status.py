"""What is true now, for people and programs that look."""

from dataclasses import dataclass

from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainView(Value):
    """One domain at a glance; ``since_s`` is how long it has been in this state."""

    name: str
    state: str
    since_s: float | None
    attempt: int
    files_changed: int | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicView(Value):
    """One epic at a glance."""

    epic_id: str
    run_id: str | None
    phase: str
    state: str
    domains: tuple[DomainView, ...]
    next_commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDocument(Value):
    """The ``status`` document."""

    epics: tuple[EpicView, ...]
    schema_version: int = 1
