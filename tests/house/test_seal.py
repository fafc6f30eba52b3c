"""The seal around the tests holds."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import IDENTITY, RunGit, build_environment


def test_home_is_empty_of_the_users_files() -> None:
    home = Path(os.environ["HOME"])

    assert home.name.startswith("ropewalk-tests-")
    assert not (home / ".gitconfig").exists()
    assert Path.home() == home


def test_environment_keeps_nothing_that_was_not_asked_for(tmp_path: Path) -> None:
    outer = {
        "PATH": "/bin",
        "COVERAGE_PROCESS_CONFIG": "x",
        "GIT_DIR": "/elsewhere",
        "ROPEWALK_EPIC_ID": "outer",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "ANTHROPIC_API_KEY": "secret",
        "PIP_INDEX_URL": "x",
    }

    sealed = build_environment(outer, home=tmp_path)

    assert sealed["PATH"] == "/bin"
    assert sealed["COVERAGE_PROCESS_CONFIG"] == "x"
    assert sealed["HOME"] == str(tmp_path)
    assert not set(outer) - {"PATH", "COVERAGE_PROCESS_CONFIG"} & set(sealed)
    assert Path(sealed["XDG_CONFIG_HOME"]).is_dir()


def test_git_reads_no_configuration_of_the_machine(tmp_path: Path, git: RunGit) -> None:
    assert git(tmp_path, "config", "--list") == ""


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "8.8.8.8"])
def test_sockets_refuse_other_machines(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.socket(family) as refused,
        pytest.raises(PermissionError, match="tests stay on this machine"),
    ):
        refused.connect((host, 80))


def test_names_of_other_machines_are_not_looked_up() -> None:
    with pytest.raises(PermissionError, match=r"example\.invalid"):
        socket.create_connection(("example.invalid", 80))


def test_binding_to_all_interfaces_is_refused() -> None:
    with socket.socket() as refused, pytest.raises(PermissionError, match=r"socket\.bind"):
        refused.bind(("", 0))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1]), timeout=5) as client,
    ):
        client.sendall(b"hello")
        accepted, _ = server.accept()
        with accepted:
            received = accepted.recv(5)

    assert received == b"hello"


def test_unix_sockets_are_open(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as client,
    ):
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))

        assert client.getpeername() == str(tmp_path / "s")


def test_children_live_inside_the_seal() -> None:
    code = "import os; print(os.environ['HOME'], os.environ['TZ'], os.environ['HTTPS_PROXY'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert ended.stdout.split() == [os.environ["HOME"], "UTC", "http://127.0.0.1:9"]


def test_repository_is_the_same_every_time(repository: Path, git: RunGit) -> None:
    files = git(repository, "ls-files").splitlines()

    assert len(files) == 12
    assert {name.split("/")[0] for name in files if "/" in name} == {
        "api",
        "db",
        "docs",
        "tests",
        "web",
    }
    assert git(repository, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(repository, "rev-list", "--count", "--all") == "1"
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "log", "-1", "--format=%an %ae %cn %cI") == (
        f"{IDENTITY['GIT_AUTHOR_NAME']} {IDENTITY['GIT_AUTHOR_EMAIL']} "
        f"{IDENTITY['GIT_COMMITTER_NAME']} {IDENTITY['GIT_COMMITTER_DATE']}"
    )


def test_repositories_do_not_share_files(
    repository: Path, template_repository: Path, git: RunGit
) -> None:
    (repository / "README.md").write_text("changed\n")
    git(repository, "commit", "--quiet", "--all", "--message=Change")

    assert git(template_repository, "rev-list", "--count", "--all") == "1"
    assert git(template_repository, "status", "--porcelain") == ""


def test_a_failing_git_fails_the_test(repository: Path, git: RunGit) -> None:
    with pytest.raises(AssertionError, match="Needed a single revision"):
        git(repository, "rev-parse", "--verify", "not-a-ref")

    assert git(repository, "rev-parse", "--verify", "-q", "not-a-ref", exit_code=1) == ""
