"""``ropewalk.toml``: every table may be left out, no key may be unknown, no value senseless."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, CacheConfig, Config, DomainRule
from ropewalk.store.files import read_limited
from ropewalk.store.schema.characters import refuse_characters
from ropewalk.store.schema.names import (
    check_agent_name,
    check_briefing_name,
    check_domain_name,
    check_pattern,
    show,
)
from ropewalk.store.schema.rules import (
    check_at,
    check_each,
    require_commands,
    require_order,
    require_unique,
)
from ropewalk.store.schema.source import Location, Source, build
from ropewalk.store.schema.toml_text import TOML_LIMIT, parse_toml

_PLANNERS = ("static", "model", "agent")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?(B|KB|MB|GB|TB)", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Characters that would end the name or the address in a commit.
_IDENTITY = re.compile(r"[^<>\n\r]*\S[^<>\n\r]*")

_Bound = tuple[Location, float | None]


def parse_config(data: bytes, *, name: str) -> Config:
    """Read the text of a configuration.

    Raises:
        InvalidInput: it cannot be used; the error names file, line and column.
    """
    source = parse_toml(data, name=name)
    refuse_characters(source)
    config = build(Config, source)
    _require_numbers(config, source)
    _require_tables(config, source)
    for agent_name, agent in config.agents.items():
        _require_agent(agent_name, agent, source)
    _require_known_agents(config, source)
    _require_rules(config.domain, source)
    return config


def load_config(path: Path) -> Config:
    """Read a configuration file; one that is missing means that nothing is configured.

    Raises:
        InvalidInput: it cannot be used; the error names file, line and column.
        StorageError: the disk refused.
    """
    try:
        data = read_limited(path, TOML_LIMIT)
    except InvalidInput as error:
        if error.code == "not_found":
            return Config()
        raise
    return parse_config(data, name=path.name)


def cache_bytes(config: CacheConfig) -> int:
    """Return the largest size of the cache in bytes; units are powers of 1,000.

    Raises:
        InvalidInput: ``max_size`` is not a size such as ``500 MB``.
    """
    found = _SIZE.fullmatch(config.max_size.strip())
    if found is None:
        raise InvalidInput(
            f"{show(config.max_size)} is not a size", hint="write it as '500 MB' or '2 GB'"
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _require_numbers(config: Config, source: Source) -> None:
    positive: list[_Bound] = [
        (("run", "jobs"), config.run.jobs),
        (("run", "budget_usd"), config.run.budget_usd),
        (("checks", "timeout_s"), config.checks.timeout_s),
        (("cache", "ttl_hours"), config.cache.ttl_hours),
        *((("resources", name), amount) for name, amount in config.resources.items()),
    ]
    not_negative: list[_Bound] = [
        (("merge", "candidates_max"), config.merge.candidates_max),
        (("merge", "fix_attempts"), config.merge.fix_attempts),
        (("worktree", "ports"), config.worktree.ports),
    ]
    for model, price in config.prices.items():
        at = ("prices", model)
        not_negative += [((*at, "input"), price.input), ((*at, "output"), price.output)]
        not_negative += [((*at, "cache_read"), price.cache_read)]
        not_negative += [((*at, "cache_write"), price.cache_write)]
    _require_bounds(source, positive, not_negative)


def _require_bounds(
    source: Source, positive: Iterable[_Bound], not_negative: Iterable[_Bound]
) -> None:
    for at, number in positive:
        if number is not None and number <= 0:
            raise source.error(f"'{at[-1]}' must be more than 0", at=at)
    for at, number in not_negative:
        if number is not None and number < 0:
            raise source.error(f"'{at[-1]}' must not be negative", at=at)


def _require_tables(config: Config, source: Source) -> None:
    if config.planner.default not in _PLANNERS:
        raise source.error(
            f"there is no planner {show(config.planner.default)}",
            at=("planner", "default"),
            hint=f"planners: {', '.join(_PLANNERS)}",
        )
    root = config.run.worktree_root
    if root is not None and root.strip() in {"", ".", "/"}:
        raise source.error(f"worktrees cannot be made in {show(root)}", at=("run", "worktree_root"))
    require_commands(source, ("checks", "commands"), config.checks.commands)
    require_commands(source, ("worktree", "setup"), config.worktree.setup)
    for field in ("include", "copy", "symlink"):
        patterns: Sequence[str] = getattr(config.worktree, field)
        check_each(source, ("worktree", field), check_pattern, patterns)
    for field, text in (("name", config.author.name), ("email", config.author.email)):
        if text is not None and not _IDENTITY.fullmatch(text):
            raise source.error(f"an author's {field} cannot be {show(text)}", at=("author", field))
    try:
        cache_bytes(config.cache)
    except InvalidInput as error:
        raise source.error(error.message, at=("cache", "max_size"), hint=error.hint) from error


def _require_agent(name: str, agent: AgentConfig, source: Source) -> None:
    at: Location = ("agents", name)
    check_at(source, at, check_agent_name, name)
    _require_program(name, agent, source)
    _require_bounds(
        source,
        [
            ((*at, field), getattr(agent, field))
            for field in (
                *("timeout_s", "idle_timeout_s", "max_turns", "budget_usd", "memory_mb", "slots"),
            )
        ],
        [((*at, "retries"), agent.retries)],
    )
    for field, variables in (("env", tuple(agent.env)), ("env_pass", agent.env_pass)):
        for variable in variables:
            if not _VARIABLE.fullmatch(variable):
                raise source.error(
                    f"{show(variable)} is not the name of a variable", at=(*at, field)
                )


def _require_program(name: str, agent: AgentConfig, source: Source) -> None:
    at: Location = ("agents", name)
    for field in ("shell", "program", "script", "model"):
        text: str | None = getattr(agent, field)
        if text is not None and not text.strip():
            raise source.error(f"'{field}' of agent '{name}' is empty", at=(*at, field))
    if agent.argv and not agent.argv[0].strip():
        raise source.error(f"'argv' of agent '{name}' names no program", at=(*at, "argv"))
    if agent.argv and agent.shell is not None:
        raise source.error(
            f"agent '{name}' has both 'argv' and 'shell'", at=at, hint="remove one of them"
        )
    if agent.kind is AgentKind.COMMAND and not agent.argv and agent.shell is None:
        raise source.error(
            f"agent '{name}' has no command",
            at=at,
            hint='add argv = ["program", "argument"] or shell = "command line"',
        )
    if agent.kind is AgentKind.SCRIPT and agent.script is None:
        raise source.error(f"agent '{name}' has no script", at=at, hint='add script = "file"')


def _require_known_agents(config: Config, source: Source) -> None:
    for table, agent in (
        ("run", config.run.agent),
        ("planner", config.planner.agent),
        ("merge", config.merge.agent),
    ):
        if agent is not None and agent not in config.agents:
            known = ", ".join(config.agents) or "none"
            raise source.error(
                f"there is no agent {show(agent)}",
                at=(table, "agent"),
                hint=f"add [agents.{agent}]; configured: {known}",
                code="unknown_agent",
            )


def _require_rules(rules: Sequence[DomainRule], source: Source) -> None:
    for index, rule in enumerate(rules):
        at: Location = ("domain", index)
        check_at(source, (*at, "name"), check_domain_name, rule.name)
        if not rule.files:
            raise source.error(f"domain '{rule.name}' names no files", at=at, hint="add files")
        check_each(source, (*at, "files"), check_pattern, rule.files)
        require_commands(source, (*at, "checks"), rule.checks)
        if rule.briefing is not None:
            check_at(source, (*at, "briefing"), check_briefing_name, rule.briefing)
    require_unique(source, ("domain",), tuple(rule.name for rule in rules))
    require_order(source, ("domain",), {rule.name: rule.depends_on for rule in rules})
