"""What the doctor says about coding agents: which are here, what they may do, how many fit."""

from collections.abc import Iterator, Mapping

from ropewalk.agents.other_programs import COMMAND_LINES, RETIRED, find_others, find_retired
from ropewalk.agents.survey import Surveyed, find_programs, survey
from ropewalk.epic.finding import Finding, Level
from ropewalk.model.config import AgentKind, Config, Home

_PATIENCE_S = 20.0


def find_agents(config: Config, env: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to be said of agents that are configured, and of others that are installed.

    Args:
        config: the configuration.
        env: the environment that agents would be started from.
    """
    kinds = {agent.kind for agent in config.agents.values()}
    extra = {
        name: agent
        for name, agent in find_programs(env).items()
        if agent.kind not in kinds and name not in config.agents
    }
    found = survey({**config.agents, **extra}, env, patience_s=_PATIENCE_S)
    yield from (_configured(one, config) for one in found if one.info.name in config.agents)
    if not config.agents:
        yield Finding(
            subject="agent",
            level=Level.ATTENTION,
            text="no agent is configured",
            hint="ropewalk init, or ropewalk run EPIC --agent-command 'SHELL'",
        )
    elif config.run.agent is None:
        yield Finding(
            subject="agent",
            level=Level.ATTENTION,
            text="no default agent is configured",
            hint="set [run] agent in ropewalk.toml, or ropewalk run EPIC --agent-command 'SHELL'",
        )
    yield from (_installed(one) for one in found if one.info.name in extra)
    yield from _others(config, env)


def _configured(one: Surveyed, config: Config) -> Finding:
    info = one.info
    version = f" {info.version}" if info.version else ""
    kind = "scripted: no model" if info.kind is AgentKind.SCRIPT else str(info.kind)
    is_default = info.name == config.run.agent
    text = f"{info.name} ({kind}){version}{', the default' if is_default else ''}"
    if info.usable:
        return Finding(subject="agent", level=Level.OK, text=text, details=tuple(_details(one)))
    return Finding(
        subject="agent",
        level=Level.PROBLEM if is_default else Level.ATTENTION,
        text=f"{text}: {info.problem}",
        hint=f"install it, or change [agents.{info.name}] in ropewalk.toml",
    )


def _details(one: Surveyed) -> Iterator[str]:
    info = one.info
    if info.allowed:
        yield f"may: {info.allowed}"
    home = "your HOME" if one.home is Home.USER else "a HOME of its own"
    yield f"sees: {', '.join((home, *one.sees))}"
    yield f"memory: {info.memory_mb} MB each, so {one.at_once} fit at once now"


def _installed(one: Surveyed) -> Finding:
    info = one.info
    version = f" {info.version}" if info.version else ""
    if not info.usable:
        text = f"{info.name} is installed and cannot be used: {info.problem}"
        return Finding(subject="agent", level=Level.NOTE, text=text)
    return Finding(
        subject="agent",
        level=Level.NOTE,
        text=f"{info.name}{version} is installed and not configured",
        hint=f'[agents.{info.name}] kind = "{info.kind}" in ropewalk.toml',
        details=tuple(_details(one)),
    )


def _others(config: Config, env: Mapping[str, str]) -> Iterator[Finding]:
    used = " ".join(
        text for agent in config.agents.values() for text in (agent.shell or "", *agent.argv)
    )
    for name in find_retired(env):
        yield Finding(subject="agent", level=Level.NOTE, text=RETIRED[name])
    for name in find_others(env):
        if name not in used.split():
            yield Finding(
                subject="agent",
                level=Level.NOTE,
                text=f"{name} is installed; its command line can be an agent",
                hint=f"[agents.{name}] kind = \"command\" shell = '{COMMAND_LINES[name]}'",
            )
