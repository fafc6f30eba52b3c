"""The values that go into and come out of a run of a program."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ropewalk.process.identity import ProcessIdentity

MARK_VARIABLE: Final = "ROPEWALK_MARK"


class EndedBy(StrEnum):
    """Who ended the program; LOST means that its supervisor vanished without a report."""

    EXIT = "exit"
    TIMEOUT = "timeout"
    IDLE = "idle"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use, and how patiently it is ended.

    `wall_s` and `idle_s` (no output at all) end the program; `interrupt_s` is the time between
    SIGINT and SIGTERM, `grace_s` the time between SIGTERM and SIGKILL. `log_bytes` bounds the log
    file, `tail_lines` the lines kept in memory, `capture_bytes` the kept beginning of stdout.
    """

    wall_s: float | None = None
    idle_s: float | None = None
    interrupt_s: float = 1.0
    grace_s: float = 3.0
    log_bytes: int = 16 * 1024 * 1024
    tail_lines: int = 40
    capture_bytes: int = 0


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the whole tree of processes used; `max_rss_kb` is that of its largest process."""

    cpu_s: float
    max_rss_kb: int
    block_reads: int
    block_writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Who runs: the supervisor, and the child, which leads its own session and process group."""

    supervisor: ProcessIdentity
    child: ProcessIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended.

    Exactly one of `exit_code` and `signal` is set, neither when `ended_by` is LOST. `output` is the
    beginning of stdout, `output_bytes` counts stdout and stderr. `truncated` says that the log or
    the captured output does not hold everything. `swept` counts the processes that were left behind
    and ended, `survivors` those that could not be ended.
    """

    exit_code: int | None
    signal: int | None
    ended_by: EndedBy
    duration_s: float
    usage: Usage | None
    tail: tuple[str, ...]
    output: bytes
    output_bytes: int
    truncated: bool
    swept: int
    survivors: tuple[int, ...] = ()
