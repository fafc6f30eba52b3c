"""How a person takes the work of a domain over from its agent. Reads only."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.agents.hand_over import keeps_sessions, resume_words
from ropewalk.agents.table import adapter_of
from ropewalk.epic.runs import Run, require_run
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.model.config import AgentConfig, Home
from ropewalk.model.values import Value
from ropewalk.report.domain_state import DomainState
from ropewalk.store.lock import is_epic_locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Value):
    """Where and how to go on by hand.

    Attributes:
        epic_id: the epic.
        run_id: the run.
        domain: the domain.
        worktree: where its work is, None when it has none now.
        at_work: whether its agent is at work there at this moment.
        agent: the agent of the session, None when none is known.
        session_id: its session, None when none is known.
        env: variables that the agent saw and a person would want to see too.
        commands: what to type, one after another.
        notes: what a person should know first.
        next_commands: what to do when the work is done.
    """

    epic_id: str
    run_id: str
    domain: str
    worktree: str | None
    at_work: bool
    agent: str | None
    session_id: str | None
    env: Mapping[str, str]
    commands: tuple[str, ...]
    notes: tuple[str, ...]
    next_commands: tuple[str, ...]
    schema_version: int = 1


def attach(workspace: Workspace, name: str, domain: str) -> Attachment:
    """Return how to go on with a domain by hand; nothing is changed and nothing is refused.

    Raises:
        NotPlanned: there is no such epic or run.
        WrongPhase: the epic was not run.
        InvalidInput: the run has no such domain.
    """
    run = require_run(workspace, name)
    state = run.state.domains.get(domain)
    epic = run.state.epic_id
    if state is None:
        raise InvalidInput(
            f"domain '{domain}' is not in the run of {epic}",
            hint=f"its domains are {', '.join(sorted(run.state.domains))}",
        )
    agent = state.session_agent
    config = workspace.config.agents.get(agent) if agent else None
    worktree = _worktree(state)
    at_work = state.at_work and is_epic_locked(workspace.layout.common_dir, epic)
    env = _environment(workspace, run, state, config, worktree)
    words: tuple[str, ...] = ()
    if config is not None and state.session_id is not None:
        words = resume_words(config, state.session_id, workspace.layout.top)
    collected = (f"ropewalk collect {epic} {domain}",)
    return Attachment(
        epic_id=epic,
        run_id=run.run_id,
        domain=domain,
        worktree=None if worktree is None else str(worktree),
        at_work=at_work,
        agent=agent,
        session_id=state.session_id,
        env=env,
        commands=tuple(_commands(worktree, env, words)),
        notes=(
            *_shared(run, state),
            *_place_notes(worktree, at_work=at_work),
            *(_notes(state, config, epic, can_go_on=bool(words)) if worktree else ()),
        ),
        next_commands=collected if worktree else (f"ropewalk restore {epic} {domain}",),
    )


def _worktree(state: DomainState) -> Path | None:
    is_there = state.path is not None and state.removed is None and Path(state.path).is_dir()
    return Path(state.path) if is_there and state.path else None


def _environment(
    workspace: Workspace,
    run: Run,
    state: DomainState,
    config: AgentConfig | None,
    worktree: Path | None,
) -> dict[str, str]:
    if worktree is None:
        return {}
    ports = workspace.config.worktree.ports
    env = worktree_environment(workspace.place, worktree, ports=ports)
    home = config and (config.home or adapter_of(config.kind).default_home)
    if home is Home.PRIVATE and state.session_id is not None:
        number = state.session_began or len(state.attempts) or 1
        folder = workspace.layout.attempt(run.run_id, f"work:{state.name}", number)
        env["HOME"] = str(workspace.layout.homes(run.run_id) / folder.name)
    return env


def _commands(worktree: Path | None, env: Mapping[str, str], words: Sequence[str]) -> Iterator[str]:
    if worktree is None:
        return
    yield f"cd {shlex.quote(str(worktree))}"
    if words:
        settings = [f"{name}={shlex.quote(value)}" for name, value in sorted(env.items())]
        yield " ".join((*settings, shlex.join(words)))


def _shared(run: Run, state: DomainState) -> Iterator[str]:
    """Say so where domains are worked on one after another and another one was last."""
    last = run.state.last_collected
    others = [one.name for one in run.state.domains.values() if one.path == state.path]
    if state.path is not None and last in others and last != state.name:
        yield f"its worktree is shared, and holds the work of '{last}' now"


def _place_notes(worktree: Path | None, *, at_work: bool) -> Iterator[str]:
    if at_work:
        yield "its agent is at work: wait for its end, or stop the run (Ctrl-C) and resume it later"
    if worktree is None:
        yield "it has no worktree now; bring it back first"


def _notes(
    state: DomainState, config: AgentConfig | None, epic: str, *, can_go_on: bool
) -> Iterator[str]:
    agent = state.session_agent
    retry = f"ropewalk retry {epic} {state.name} --message '…'"
    if state.session_id is None:
        yield "no session of an agent is known: change the files yourself, or start an agent there"
    elif config is None:
        yield f"the agent of its session, {agent}, is not in ropewalk.toml any more"
    elif not keeps_sessions(config):
        yield f"{agent} keeps no sessions; another attempt goes on with its work: {retry}"
    elif not can_go_on:
        yield (
            f"a session of {agent} cannot be gone on with in a terminal; another attempt goes on "
            f"with it: {retry}"
        )
    elif config.env or config.env_pass:
        names = ", ".join(sorted({*config.env, *config.env_pass}))
        yield f"its agent also saw {names}"
