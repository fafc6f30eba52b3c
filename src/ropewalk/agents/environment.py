"""What an agent sees: an environment that is built from a list, never inherited.

Besides the allow-listed base, the variables of its provider, the names in ``env_pass`` and the
pairs in ``env``, an agent sees the ``ROPEWALK_*`` variables of its task, a HOME and a TMPDIR, that
nobody is at a terminal, and the identity for its own commits. The committer's name says which
domain committed, so that a ref which an agent moves can be told from its reflog.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ropewalk.agents.base import AgentTask, Launch
from ropewalk.agents.notices import NOTICES
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, Home
from ropewalk.process import MARK_VARIABLE, base_environment
from ropewalk.store.redact import find_secrets
from ropewalk.store.secret_files import find_file_secrets

# With one of these an agent's git would work on another repository than the one of its worktree.
_REDIRECTING: Final = frozenset(
    (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
    )
)
# Nobody reads along, nobody answers, and nothing is told to those who made the program.
_HEADLESS: Final[Mapping[str, str]] = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "CI": "1",
    "DO_NOT_TRACK": "1",
}
_LANGUAGE: Final[Mapping[str, str]] = {"LANG": "C.UTF-8"}
_PASSWORD: Final = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")


def build_environment(
    task: AgentTask, config: AgentConfig, launch: Launch, *, home: Home
) -> dict[str, str]:
    """Return the whole environment of an attempt.

    Later parts win: the base, what a program without a terminal is told, the names in ``env_pass``,
    HOME and TMPDIR, what the adapter adds, ``env`` of the configuration, ``env`` of the task, what
    git sees, the ``ROPEWALK_*`` variables.

    Raises:
        InvalidInput: the configuration names a variable that would lead git astray.
    """
    for name in (*config.env_pass, *config.env):
        if name in _REDIRECTING:
            raise InvalidInput(
                f"an agent cannot be given {name}: its git would leave the worktree",
                hint=f"remove {name} from env and env_pass in ropewalk.toml",
            )
    return {
        **_LANGUAGE,
        **base_environment(launch.passes),
        **_HEADLESS,
        **_passed(config.env_pass),
        **_places(task, home),
        **launch.env,
        **config.env,
        **task.env,
        **_git(task),
        **_variables(task),
    }


def secrets_of(task: AgentTask, config: AgentConfig, launch: Launch) -> tuple[str, ...]:
    """Return the values that must not appear in anything the agent leaves behind.

    A password within an address is one of them, whatever the name of its variable, and so are
    those in the project's environment files.
    """
    passed = _passed(config.env_pass)
    given = {**_passed(launch.passes), **launch.env, **config.env, **task.env}
    passwords = (found for value in given.values() for found in _PASSWORD.findall(value))
    in_files = find_file_secrets(task.repository)
    return (*find_secrets(passed, given), *dict.fromkeys(passwords), *in_files)


def _passed(names: Iterable[str]) -> dict[str, str]:
    """Return the named variables that are set."""
    wanted = tuple(names)
    everything = base_environment(wanted)
    return {name: everything[name] for name in wanted if name in everything}


def attempt_mark(task: AgentTask) -> str:
    """Return the mark that all processes of an attempt carry in their environment."""
    return mark_of(task.run_id, task.domain, task.number)


def mark_of(run_id: str, domain: str, number: int) -> str:
    """Return the mark of an attempt of which only this is known."""
    return f"{run_id}/{domain}/{number}"


def _places(task: AgentTask, home: Home) -> Mapping[str, str]:
    places = {"TMPDIR": str(task.folder / "tmp")}
    match home:
        case Home.PRIVATE:
            return {**places, "HOME": str(task.home)}
        case Home.USER:
            return places


def _git(task: AgentTask) -> Mapping[str, str]:
    name, email = task.identity.name, task.identity.email
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": f"{name} (ropewalk {task.epic_id}/{task.domain})",
        "GIT_COMMITTER_EMAIL": email,
        # Without its .git file a worktree inside the repository would be taken for a folder of it.
        "GIT_CEILING_DIRECTORIES": str(task.worktree.parent),
    }


def _variables(task: AgentTask) -> Mapping[str, str]:
    return {
        "ROPEWALK_EPIC_ID": task.epic_id,
        "ROPEWALK_DOMAIN": task.domain,
        "ROPEWALK_WORKTREE": str(task.worktree),
        "ROPEWALK_REPOSITORY": str(task.repository),
        "ROPEWALK_BASE": task.base,
        "ROPEWALK_FILES": str(task.folder / "files.txt"),
        "ROPEWALK_BRIEFING": str(task.folder / "briefing.md"),
        "ROPEWALK_PROMPT": str(task.folder / "prompt.md"),
        "ROPEWALK_NOTICES": str(task.folder / NOTICES),
        "ROPEWALK_RESULT": str(task.result_path),
        MARK_VARIABLE: attempt_mark(task),
    }
