"""One thing that the doctor looked at, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum

from ropewalk.model.values import Value


class Level(StrEnum):
    """How bad a finding is; only a problem stops work."""

    OK = "ok"
    NOTE = "note"
    ATTENTION = "attention"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Value):
    """One thing that was looked at; ``hint`` is what helps, empty when nothing is needed.

    ``details`` say more about it, a line each.
    """

    subject: str
    level: Level
    text: str
    hint: str = ""
    details: tuple[str, ...] = ()
