import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.base import AgentTask, Launch
from ropewalk.agents.environment import build_environment, secrets_of
from ropewalk.agents.folder import prepare_folder
from ropewalk.agents.runner import AttemptReport, run_attempt
from ropewalk.errors import InvalidInput, WorktreeError
from ropewalk.model.config import AgentConfig, AgentKind, Home
from tests.agents.conftest import Journal
from tests.conftest import RunGit

ALLOWED = {"PATH", "LANG", "LC_ALL", "TERM", "TZ", "USER", "LOGNAME", "SHELL"}
# What a shell sets by itself.
SHELL_OWN = {"PWD", "OLDPWD", "SHLVL", "_"}


def seen(path: Path) -> dict[str, str]:
    """Return the environment that an agent has written down with `env -0`."""
    pairs = (pair.partition("=") for pair in path.read_text().split("\0") if pair)
    return {name: value for name, _, value in pairs}


@pytest.fixture
def environment(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> Callable[..., dict[str, str]]:
    """Runs an agent that tells its environment, and returns that."""

    def look(**settings: object) -> dict[str, str]:
        report = attempt("env -0 > seen", **settings)
        assert report.exit_code == 0
        return seen(task.worktree / "seen")

    return look


def test_an_agent_sees_its_task_and_nothing_else(
    environment: Callable[..., dict[str, str]],
    task: AgentTask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANARY_API_KEY", "canary-0123456789")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("ROPEWALK_SECRET", "canary-0123456789")

    found = environment()

    own = {name: value for name, value in found.items() if name not in ALLOWED | SHELL_OWN}
    assert own == {
        "ROPEWALK_EPIC_ID": "search",
        "ROPEWALK_DOMAIN": "backend",
        "ROPEWALK_WORKTREE": str(task.worktree),
        "ROPEWALK_REPOSITORY": str(task.repository),
        "ROPEWALK_BASE": "a" * 40,
        "ROPEWALK_FILES": str(task.folder / "files.txt"),
        "ROPEWALK_BRIEFING": str(task.folder / "briefing.md"),
        "ROPEWALK_PROMPT": str(task.folder / "prompt.md"),
        "ROPEWALK_NOTICES": str(task.folder / "notices.md"),
        "ROPEWALK_RESULT": str(task.result_path),
        "ROPEWALK_MARK": "run1/backend/1",
        "HOME": str(task.folder / "home"),
        "TMPDIR": str(task.folder / "tmp"),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.invalid",
        "GIT_COMMITTER_NAME": "Ada (ropewalk search/backend)",
        "GIT_COMMITTER_EMAIL": "ada@example.invalid",
        "GIT_CEILING_DIRECTORIES": str(task.worktree.parent),
        "NO_COLOR": "1",
        "CI": "1",
        "DO_NOT_TRACK": "1",
    }
    assert found["TERM"] == "dumb"


def test_named_variables_pass_and_given_ones_are_set(
    environment: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANTED", "yes")

    found = environment(env_pass=("WANTED", "NOT_SET_ANYWHERE"), env={"MODE": "quick"})

    assert found["WANTED"] == "yes"
    assert found["MODE"] == "quick"
    assert "NOT_SET_ANYWHERE" not in found


def test_the_task_outranks_the_configuration_and_ours_outranks_both(
    task: AgentTask, journal: Journal
) -> None:
    config = AgentConfig(
        kind=AgentKind.COMMAND,
        shell="env -0 > seen",
        env={"PORT": "1", "ROPEWALK_DOMAIN": "x", "GIT_AUTHOR_NAME": "y", "HOME": "/given"},
    )
    leased = replace(task, env={"PORT": "4711"})

    run_attempt(leased, config, emit=journal, cancel=threading.Event())

    found = seen(task.worktree / "seen")
    assert found["PORT"] == "4711"
    assert found["ROPEWALK_DOMAIN"] == "backend"
    assert found["GIT_AUTHOR_NAME"] == "Ada"
    assert found["HOME"] == "/given"


def test_the_users_home_is_seen_when_the_configuration_says_so(
    environment: Callable[..., dict[str, str]], task: AgentTask
) -> None:
    found = environment(home=Home.USER)

    assert found["HOME"] == os.environ["HOME"]
    assert found["TMPDIR"] == str(task.folder / "tmp")


def test_private_folders_are_there_empty_and_closed_to_others(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> None:
    report = attempt('ls -A "$HOME" "$TMPDIR" && touch "$HOME/a" "$TMPDIR/b"')

    assert report.exit_code == 0
    for name in ("home", "tmp"):
        assert (task.folder / name).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_variables_that_lead_git_astray_are_refused(
    attempt: Callable[..., AttemptReport], name: str
) -> None:
    with pytest.raises(InvalidInput, match=name):
        attempt("true", env={name: "/elsewhere"})
    with pytest.raises(InvalidInput, match=name):
        attempt("true", env_pass=(name,))


def test_a_worktree_without_its_git_file_is_not_taken_for_the_repository(
    attempt: Callable[..., AttemptReport], task: AgentTask, git: RunGit
) -> None:
    git(task.repository, "init", "--quiet")

    report = attempt("git rev-parse --show-toplevel")

    assert report.exit_code != 0
    assert "not a git repository" in " ".join(report.tail)


def test_commits_of_an_agent_name_the_author_and_the_domain(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> None:
    subprocess.run(["git", "init", "--quiet", task.worktree], check=True)

    report = attempt(
        "git commit -q --allow-empty -m x && git log -1 --format='%an <%ae>|%cn <%ce>'"
    )

    assert report.tail == (
        "Ada <ada@example.invalid>|Ada (ropewalk search/backend) <ada@example.invalid>",
    )


def test_the_variables_of_its_provider_pass_by_themselves_and_its_keys_are_secret(
    task: AgentTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_API_KEY", "canary-0123456789")
    monkeypatch.setenv("HOUSE_BASE_URL", "http://me:canary-9876@127.0.0.1:9")
    launch = Launch(argv=("true",), passes=("HOUSE_API_KEY", "HOUSE_BASE_URL", "HOUSE_UNSET"))
    config = AgentConfig(kind=AgentKind.COMMAND, shell="true")

    found = build_environment(task, config, launch, home=Home.USER)

    assert found["HOUSE_API_KEY"] == "canary-0123456789"
    assert "HOUSE_UNSET" not in found
    assert set(secrets_of(task, config, launch)) == {"canary-0123456789", "canary-9876"}


def test_what_the_user_names_or_sets_outranks_that_nobody_is_at_a_terminal(
    task: AgentTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    config = AgentConfig(kind=AgentKind.COMMAND, shell="true", env_pass=("TERM",), env={"CI": "0"})

    found = build_environment(task, config, Launch(argv=("true",)), home=Home.USER)

    assert (found["TERM"], found["CI"], found["NO_COLOR"]) == ("xterm", "0", "1")


def test_a_session_that_goes_on_finds_its_home_and_gets_its_files_there(task: AgentTask) -> None:
    first = task.folder.with_name("agent-backend.0")
    (first / "home").mkdir(parents=True)
    (first / "home" / "mine").write_text("remembered")
    later = replace(task, state=first)

    prepare_folder(later, {"home/.house/settings.json": b"{}", "schema.json": b"{}"})

    assert (first / "home" / ".house" / "settings.json").read_bytes() == b"{}"
    assert (first / "home" / "mine").read_text() == "remembered"
    assert (task.folder / "schema.json").is_file()


def test_nothing_is_written_through_a_link_that_an_agent_left_in_its_home(
    task: AgentTask, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    first = task.folder.with_name("agent-backend.0")
    (first / "home").mkdir(parents=True)
    (first / "home" / ".house").symlink_to(outside)

    with pytest.raises(WorktreeError, match="is a link to elsewhere"):
        prepare_folder(replace(task, state=first), {"home/.house/settings.json": b"{}"})

    assert list(outside.iterdir()) == []
