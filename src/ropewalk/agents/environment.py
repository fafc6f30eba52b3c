"""What an agent sees: an environment that is built from a list, never inherited.

Besides the allow-listed base, the names in ``env_pass`` and the pairs in ``env``, an agent sees the
``ROPEWALK_*`` variables of its task, a HOME and a TMPDIR, and the identity for its own commits. The
committer's name says which domain committed, so that a ref which an agent moves can be told from
its reflog.
"""

from collections.abc import Mapping
from typing import Final

from ropewalk.agents.base import AgentTask, Launch
from ropewalk.agents.notices import NOTICES
from ropewalk.agents.redact import find_secrets
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, Home
from ropewalk.process import MARK_VARIABLE, base_environment

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


def build_environment(
    task: AgentTask, config: AgentConfig, launch: Launch, *, home: Home
) -> dict[str, str]:
    """Return the whole environment of an attempt.

    Later parts win: the base, HOME and TMPDIR, what the adapter adds, ``env`` of the configuration,
    ``env`` of the task, what git sees, the ``ROPEWALK_*`` variables.

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
        **base_environment(config.env_pass),
        **_places(task, home),
        **launch.env,
        **config.env,
        **task.env,
        **_git(task),
        **_variables(task),
    }


def secrets_of(task: AgentTask, config: AgentConfig, launch: Launch) -> tuple[str, ...]:
    """Return the values that must not appear in anything the agent leaves behind."""
    everything = base_environment(config.env_pass)
    passed = {name: everything[name] for name in config.env_pass if name in everything}
    return find_secrets(passed, {**launch.env, **config.env, **task.env})


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
