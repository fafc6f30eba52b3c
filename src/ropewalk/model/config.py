"""``ropewalk.toml`` as values; every table may be left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ropewalk.model.merge import OnConflict, Resolve
from ropewalk.model.values import Value


class AgentKind(StrEnum):
    """Which adapter drives an agent."""

    COMMAND = "command"
    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"
    OPENCODE = "opencode"
    COPILOT = "copilot"
    QWEN = "qwen"
    ACP = "acp"
    ANTHROPIC = "anthropic"
    SCRIPT = "script"


class Home(StrEnum):
    """Which HOME an agent sees: the user's own, or an empty one for each attempt."""

    USER = "user"
    PRIVATE = "private"


class Permission(StrEnum):
    """What an agent is allowed to do."""

    READ = "read"
    EDIT = "edit"
    FULL = "full"


class Scope(StrEnum):
    """What a change outside a domain's declared files does to its status."""

    STRICT = "strict"
    WARN = "warn"


class Hooks(StrEnum):
    """Whether the user's commit hooks run on the commits of the train."""

    RUN = "run"
    SKIP = "skip"


class OnClash(StrEnum):
    """What is done when two agents at work change the same lines."""

    REPORT = "report"
    TELL = "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig(Value):
    """Table ``[run]``."""

    agent: str | None = None
    jobs: int | None = None
    worktree_root: str | None = None
    budget_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerConfig(Value):
    """Table ``[planner]``."""

    default: str = "static"
    agent: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeConfig(Value):
    """Table ``[merge]``."""

    on_conflict: OnConflict = OnConflict.REPORT
    resolve: Resolve = Resolve.VERIFY
    candidates_max: int = 16
    fix_attempts: int = 2
    hooks: Hooks = Hooks.RUN
    squash: bool = False
    scope: Scope = Scope.STRICT
    on_clash: OnClash = OnClash.REPORT
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksConfig(Value):
    """Table ``[checks]``; ``timeout_s`` bounds each command."""

    commands: tuple[str, ...] = ()
    timeout_s: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeConfig(Value):
    """Table ``[worktree]``: what a fresh worktree needs beyond the files that git knows.

    ``include`` are gitignore-style patterns of ignored files to copy, ``copy`` and ``symlink``
    paths relative to the repository, ``setup`` shell commands run in the worktree, ``ports`` the
    number of ports leased to each domain.
    """

    include: tuple[str, ...] = ()
    copy: tuple[str, ...] = ()
    symlink: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    ports: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorConfig(Value):
    """Table ``[author]``: who signs the commits that ropewalk makes; None: git's own identity."""

    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheConfig(Value):
    """Table ``[cache]``; ``max_size`` such as ``"500 MB"``."""

    max_size: str = "1 GB"
    ttl_hours: float = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceConfig(Value):
    """Table ``[prices.MODEL]``: USD per million tokens."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRule(Value):
    """One ``[[domain]]``: a rule of the static planner."""

    name: str
    files: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    briefing: str | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig(Value):
    """Table ``[agents.NAME]``."""

    kind: AgentKind
    argv: tuple[str, ...] = ()
    shell: str | None = None
    program: str | None = None
    args: tuple[str, ...] = ()
    model: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    env_pass: tuple[str, ...] = ()
    home: Home | None = None
    permission: Permission = Permission.EDIT
    timeout_s: float = 3600.0
    idle_timeout_s: float | None = 900.0
    max_turns: int | None = None
    budget_usd: float | None = None
    retries: int = 0
    memory_mb: int | None = None
    slots: int | None = None
    script: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Value):
    """The whole file."""

    run: RunConfig = RunConfig()
    planner: PlannerConfig = PlannerConfig()
    merge: MergeConfig = MergeConfig()
    checks: ChecksConfig = ChecksConfig()
    worktree: WorktreeConfig = WorktreeConfig()
    author: AuthorConfig = AuthorConfig()
    cache: CacheConfig = CacheConfig()
    resources: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, PriceConfig] = field(default_factory=dict)
    domain: tuple[DomainRule, ...] = ()
    agents: Mapping[str, AgentConfig] = field(default_factory=dict)
