"""What an agent is sent for that puts a merge right, and what it left. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ropewalk.model.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What an agent is sent for.

    Attributes:
        step: names logs, folders and refs of the attempts; another question has another one.
        subject: who the agent is in its environment and in commits; no name of a domain.
        about: what it is to put right, for people, such as ``the conflict of 'api'``.
        number: of the attempt, from 1.
        start: the commit that its worktree begins at.
        message: of the commit that keeps what it left.
        prompt: what it is told, given its worktree.
        files: the paths concerned.
        may_keep: whether leaving everything as it is can be an answer.
    """

    step: str
    subject: str
    about: str
    number: int
    start: str
    message: str
    prompt: Callable[[Path], str]
    files: tuple[str, ...] = ()
    may_keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What an attempt left: a commit on top of its start.

    ``problem`` says why it does not count, None when it may; ``is_over`` that no further attempt
    is to be made.
    """

    commit: str
    problem: str | None = None
    is_over: bool = False


def mender(config: Config) -> str | None:
    """Return the name of the agent that puts merges right, None where none is configured."""
    return config.merge.agent or config.run.agent


def why_no_mender(config: Config) -> str | None:
    """Say why no agent can be asked to put a merge right; None: one can."""
    if config.merge.fix_attempts < 1:
        return "no agent may be asked (fix_attempts of [merge] is 0)"
    if mender(config) is None:
        return "no agent for conflicts and failed checks is configured ([merge] agent)"
    return None
