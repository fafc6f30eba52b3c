"""What an adapter is, and the values that go between adapters and the runner.

Invariants: `command`, `parse` and `finish` neither read nor write anything; `parse` never raises,
whatever the line; texts in events are bounded by `MAX_TEXT` characters, an answer by `MAX_ANSWER`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeAlias, TypeVar

from ropewalk.git.command import Identity
from ropewalk.model.config import AgentConfig, AgentKind, Home
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import Ended, EndedBy

MAX_TEXT: Final = 2000
MAX_ANSWER: Final = 1024 * 1024
RETRYABLE: Final = frozenset(
    (
        Outcome.NONZERO_EXIT,
        Outcome.CRASHED,
        Outcome.ERROR,
        Outcome.TIMEOUT,
        Outcome.IDLE,
        Outcome.RATE_LIMITED,
    )
)
NO_USAGE: Final = TokenUsage()
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTask:
    """One attempt: who works where, on what, and where its traces go. All paths are absolute.

    Attributes:
        epic_id: the epic.
        domain: the domain.
        run_id: the run.
        number: the number of the attempt, from 1.
        worktree: where the agent works.
        repository: root of the user's repository.
        base: the commit that the domain starts from.
        prompt: what the agent is told.
        files: the domain's files, relative to the worktree.
        result_path: where the agent may leave its own account; inside the worktree.
        folder: private folder of this attempt: prompt, lists, home, temporary files, report.
        log: receives everything that the agent prints.
        briefing: text of the briefing.
        identity: who signs the agent's own commits.
        session_id: the session of an earlier attempt to go on with, None for a new one.
        env: further variables that the agent sees.
        state: folder of the attempt that began the session, whose private HOME is used again; None
            for the attempt's own.
        homes: folder of the private HOMEs, which hold what agents keep for themselves, secrets
            included; None: each lies in the folder of its attempt.
        schema: JSON Schema that the agent's last answer has to meet, as text; None for free text.
        used_before: what earlier attempts of the session used, which some agents tell once more.
    """

    epic_id: str
    domain: str
    run_id: str
    number: int
    worktree: Path
    repository: Path
    base: str
    prompt: str
    files: tuple[str, ...]
    result_path: Path
    folder: Path
    log: Path
    briefing: str
    identity: Identity
    session_id: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    state: Path | None = None
    homes: Path | None = None
    schema: str | None = None
    used_before: TokenUsage = NO_USAGE

    @property
    def home(self) -> Path:
        """The private HOME, which a session that goes on shares with the attempt that began it."""
        folder = self.state or self.folder
        return folder / "home" if self.homes is None else self.homes / folder.name


class Ability(StrEnum):
    """What an agent can do by itself; what it cannot, the runner does or does without."""

    RESUME = "resume"
    BUDGET = "budget"
    MAX_TURNS = "max_turns"
    SCHEMA = "schema"
    TOKENS = "tokens"
    COST = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInfo:
    """What is known about a configured agent before it runs; `problem` is empty when usable.

    `abilities` are what its program can do, `allowed` says in words what it may do here.
    """

    name: str
    kind: AgentKind
    version: str | None
    path: str | None
    usable: bool
    problem: str
    memory_mb: int
    abilities: frozenset[Ability] = frozenset()
    allowed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start an agent.

    `env` is added to the allow-listed environment, `files` are written into the attempt's folder
    before the start (relative names; those below ``home/`` into its private HOME). `passes` names
    the variables of its provider that it sees without being listed in ``env_pass``. `start_up_s`
    is how long it keeps a CPU busy before its first request. `session_id` is the session that it is
    told to use, where it tells of it too late or never. `interrupt_s` and `grace_s` say how long
    the agent gets to end after SIGINT and after SIGTERM.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    passes: tuple[str, ...] = ()
    start_up_s: float = 0.0
    session_id: str | None = None
    interrupt_s: float = 1.0
    grace_s: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """The agent tells who it is."""

    session_id: str | None = None
    version: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEvent:
    """The agent says something; a piece that `goes_on` belongs to the text before it."""

    text: str
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEvent:
    """The agent does something: `detail` is a path, a pattern or a command line."""

    kind: str
    detail: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """Tokens and dollars used since the last such event.

    One that is `of_session` tells what the whole session used, earlier attempts included.
    """

    usage: TokenUsage
    of_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleEvent:
    """Something went wrong on the way.

    `outcome` names it where it is known. A fatal one cannot get better: the runner ends the agent.
    `retry_after_s` are the seconds that a provider asked to be left alone for.
    """

    text: str
    outcome: Outcome | None = None
    fatal: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalEvent:
    """The agent says that it has ended, and how.

    `answer` is its whole last text, or the JSON that it was asked for.
    """

    outcome: Outcome
    summary: str = ""
    answer: str = ""


AgentEvent: TypeAlias = (
    SessionEvent | TextEvent | ToolEvent | UsageEvent | TroubleEvent | FinalEvent
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """How an attempt ended, in the agent's own account and by the end of its process."""

    outcome: Outcome
    summary: str = ""
    session_id: str | None = None
    usage: TokenUsage = NO_USAGE
    version: str | None = None
    model: str | None = None
    said_nothing_to_do: bool = False
    retryable: bool = False
    answer: str = ""


class Adapter(Protocol):
    """Drives one kind of agent."""

    @property
    def kind(self) -> AgentKind:
        """The kind in the configuration."""
        ...

    @property
    def default_home(self) -> Home:
        """Which HOME the agent sees unless the configuration says otherwise."""
        ...

    @property
    def default_memory_mb(self) -> int:
        """How much memory one instance is taken to need unless the configuration says otherwise."""
        ...

    def probe(self, config: AgentConfig, env: Mapping[str, str], /) -> AgentInfo:
        """Say whether the agent could run with this environment; changes nothing."""
        ...

    def command(self, task: AgentTask, config: AgentConfig, /) -> Launch:
        """Return how to start the agent for a task.

        Raises:
            InvalidInput: the configuration lacks something.
        """
        ...

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        """Return what one line of the agent's stdout says; nothing for lines that say nothing."""
        ...

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        """Return how the attempt ended."""
        ...


def outcome_of(ended: Ended) -> Outcome:
    """Return how an attempt ended, judged by the end of its process alone."""
    match ended.ended_by:
        case EndedBy.TIMEOUT:
            return Outcome.TIMEOUT
        case EndedBy.IDLE:
            return Outcome.IDLE
        case EndedBy.CANCELLED:
            return Outcome.CANCELLED
        case EndedBy.LOST:
            return Outcome.CRASHED
        case EndedBy.EXIT if ended.exit_code is None:
            return Outcome.CRASHED
        case EndedBy.EXIT:
            return Outcome.OK if ended.exit_code == 0 else Outcome.NONZERO_EXIT


def session_of(events: Iterable[AgentEvent]) -> SessionEvent:
    """Return what the agent told about itself; a later word replaces an earlier one."""
    known = SessionEvent()
    for event in events:
        if isinstance(event, SessionEvent):
            known = SessionEvent(
                session_id=event.session_id or known.session_id,
                version=event.version or known.version,
                model=event.model or known.model,
            )
    return known


def usage_of(events: Iterable[AgentEvent]) -> TokenUsage:
    """Return the sum of what was used; None where no event told of it."""
    total = NO_USAGE
    for event in events:
        if isinstance(event, UsageEvent):
            total = add_usage(total, event.usage)
    return total


def add_usage(one: TokenUsage, other: TokenUsage) -> TokenUsage:
    """Return the sum of two; unknown plus something is something."""
    return one.plus(other)


def usage_since(total: TokenUsage, before: TokenUsage) -> TokenUsage:
    """Return what was used beyond what was known before; what is unknown now stays unknown."""
    return TokenUsage(
        input_tokens=_beyond(total.input_tokens, before.input_tokens),
        output_tokens=_beyond(total.output_tokens, before.output_tokens),
        cache_read_tokens=_beyond(total.cache_read_tokens, before.cache_read_tokens),
        cache_write_tokens=_beyond(total.cache_write_tokens, before.cache_write_tokens),
        cost_usd=_beyond(total.cost_usd, before.cost_usd),
    )


def _beyond(total: _Number | None, before: _Number | None) -> _Number | None:
    return total if total is None or before is None else max(total - before, type(total)(0))
