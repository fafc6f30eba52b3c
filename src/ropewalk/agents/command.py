"""Agents that are any program: the prompt on stdin and in a file, the end told by the exit code.

Such an agent has no final event. Exit code 0 means that it ended in order, nothing more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.agents.base import (
    MAX_TEXT,
    RETRYABLE,
    AgentEvent,
    AgentInfo,
    AgentTask,
    Finish,
    Launch,
    TextEvent,
    outcome_of,
    session_of,
    usage_of,
)
from ropewalk.agents.program import find_by_argv, place_in
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Home
from ropewalk.process import Ended, shell_argv


@dataclass(frozen=True, slots=True)
class CommandAdapter:
    """Kind ``command``: ``argv``, or ``shell``, with ``args`` behind it."""

    kind: AgentKind = AgentKind.COMMAND
    default_home: Home = Home.PRIVATE
    default_memory_mb: int = 250

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        path, problem = _find(config, env)
        return AgentInfo(
            name=self.kind.value,
            kind=self.kind,
            version=None,
            path=path,
            usable=not problem,
            problem=problem,
            memory_mb=config.memory_mb or self.default_memory_mb,
        )

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        return Launch(
            argv=_build_argv(config, repository=task.repository),
            stdin=task.prompt.encode("utf-8", errors="replace"),
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        text = line[: 4 * MAX_TEXT].decode("utf-8", errors="replace").strip()
        return (TextEvent(text=text[:MAX_TEXT]),) if text else ()

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        outcome = outcome_of(ended)
        session = session_of(events)
        texts = [event.text for event in events if isinstance(event, TextEvent)]
        return Finish(
            outcome=outcome,
            summary=texts[-1] if texts else "",
            usage=usage_of(events),
            session_id=session.session_id,
            version=session.version,
            model=session.model,
            retryable=outcome in RETRYABLE,
        )


def _build_argv(config: AgentConfig, *, repository: Path) -> tuple[str, ...]:
    if config.shell is not None:
        # Behind a shell command line come $0 and the positional parameters.
        extra = ("agent", *config.args) if config.args else ()
        return (*shell_argv(config.shell), *extra)
    if not config.argv:
        raise InvalidInput(
            "an agent of kind 'command' has neither argv nor shell",
            hint="write shell = '…' or argv = ['…'] into its table in ropewalk.toml",
        )
    return (place_in(repository, config.program or config.argv[0]), *config.argv[1:], *config.args)


def _find(config: AgentConfig, env: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the program's path where it is known, and what is wrong, empty when nothing is."""
    if config.shell is not None:
        return shell_argv(config.shell)[0], ""
    if not config.argv:
        return None, "neither argv nor shell is configured"
    return find_by_argv(config, env)
