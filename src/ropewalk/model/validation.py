"""Documents of the last two phases: validation of the merged tree, and the look back."""

from dataclasses import dataclass
from enum import StrEnum

from ropewalk.model.result import CheckRun
from ropewalk.model.values import JsonObject, Value


class ValidationStatus(StrEnum):
    """How validation ended."""

    PASSED = "passed"
    FIXED = "fixed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationAttempt(Value):
    """One round of checks; ``fix_commit`` is what an agent changed before it, if any."""

    number: int
    commands: tuple[CheckRun, ...]
    fix_commit: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport(Value):
    """``phase2_validation_results.json``."""

    epic_id: str
    run_id: str
    status: ValidationStatus
    tree: str
    attempts: tuple[ValidationAttempt, ...]
    landed: bool
    schema_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem(Value):
    """``phase3_postmortem.json``: predicted against actual, what worked and what did not.

    ``by`` names the agent that looked back, or ropewalk where only facts are told; ``notes`` say
    why nobody was asked, or what of an answer does not count.
    """

    epic_id: str
    run_id: str
    worked: tuple[str, ...]
    failed: tuple[str, ...]
    predicted: JsonObject
    actual: JsonObject
    briefing_changes: str | None
    by: str
    notes: tuple[str, ...] = ()
    schema_version: int = 1
