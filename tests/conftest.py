"""The seal around every test, and a repository to work on.

From the moment pytest is configured, this process and all its children see an environment of their
own: an empty home, no configuration of git but the tests', fixed identities and dates, no
credentials, no editor. Python code in this process can reach loopback and unix sockets only;
children find proxies that refuse. Workers of pytest-xdist are sealed one by one.
"""

import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

import pytest

KEPT = (
    *("PATH", "TMPDIR", "TEMP", "TMP", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
)
KEPT_PREFIXES = ("COVERAGE_", "PYTEST_", "PYTHON", "HYPOTHESIS_")
NOWHERE = "http://127.0.0.1:9"
IDENTITY = {
    "GIT_AUTHOR_NAME": "Author",
    "GIT_AUTHOR_EMAIL": "author@example.invalid",
    "GIT_AUTHOR_DATE": "2025-01-02T03:04:05+00:00",
    "GIT_COMMITTER_NAME": "Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.invalid",
    "GIT_COMMITTER_DATE": "2025-01-02T03:04:05+00:00",
}
TEMPLATE = {
    "README.md": "# Shop\n\nA small shop to work on.\n",
    "api/__init__.py": "",
    "api/routes.py": "ROUTES = {\n    '/': 'home',\n    '/items': 'items',\n}\n",
    "api/service.py": "from db.models import ITEMS\n\n\ndef items():\n    return list(ITEMS)\n",
    "db/__init__.py": "",
    "db/models.py": "ITEMS = ['apple', 'pear']\nPRICES = {'apple': 1, 'pear': 2}\n",
    "db/schema.sql": "CREATE TABLE items (name TEXT PRIMARY KEY, price INTEGER);\n",
    "docs/guide.md": "# Guide\n\nStart the shop, open the page.\n",
    "docs/notes.txt": "".join(f"note {number}\n" for number in range(1, 21)),
    "tests/test_api.py": "from api.service import items\n\n\ndef test_it():\n    assert items()\n",
    "web/app.js": "export function start() {\n  return 'started';\n}\n",
    "web/index.html": "<!doctype html>\n<title>Shop</title>\n<script src='app.js'></script>\n",
}


class RunGit(Protocol):
    """Runs git in `cwd`; asserts its exit code; returns stdout without the last newline."""

    def __call__(self, cwd: Path, *arguments: str, stdin: str = "", exit_code: int = 0) -> str: ...


def pytest_configure(config: pytest.Config) -> None:
    """Close the seal before any test module is imported."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what runs in its background so, and every program would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    home = Path(tempfile.mkdtemp(prefix="ropewalk-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    sealed = build_environment(os.environ, home=home)
    os.environ.clear()
    os.environ.update(sealed)
    sys.addaudithook(refuse_outside)


def build_environment(outer: os._Environ[str] | dict[str, str], *, home: Path) -> dict[str, str]:
    """Make the environment of all tests from the one that pytest was started in."""
    kept = {
        name: value
        for name, value in outer.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    folders = {
        "HOME": home,
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_RUNTIME_DIR": home / ".run",
    }
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return (
        kept
        | {name: str(folder) for name, folder in folders.items()}
        | IDENTITY
        | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "false",
            "GIT_TERMINAL_PROMPT": "0",
            "EDITOR": "false",
            "VISUAL": "false",
            "LC_ALL": "C",
            "TZ": "UTC",
            "TERM": "dumb",
            "COLUMNS": "80",
        }
        | dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
        | dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1,::1")
    )


def refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: let sockets and look-ups reach this machine only.

    Raises:
        PermissionError: the address is elsewhere.
    """
    match event, arguments:
        case (
            ("socket.connect" | "socket.bind" | "socket.sendto" | "socket.sendmsg"),
            (
                socket.SocketType() as used,
                (str(host), *_),
            ),
        ) if used.family in {socket.AF_INET, socket.AF_INET6}:
            _require_loopback(event, host)
        case (
            ("socket.getaddrinfo" | "socket.gethostbyname" | "socket.gethostbyaddr"),
            (str(host), *_),
        ):
            _require_loopback(event, host)
        case _:
            return


def _require_loopback(event: str, host: str) -> None:
    if host == "localhost":
        return
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise PermissionError(f"tests stay on this machine: {event} to {host!r}")


def run_git(cwd: Path, *arguments: str, stdin: str = "", exit_code: int = 0) -> str:
    """Run real git, see `RunGit`; for fixtures that live longer than one test."""
    ended = subprocess.run(
        ["git", *arguments], cwd=cwd, input=stdin.encode(), capture_output=True, check=False
    )
    assert ended.returncode == exit_code, ended.stderr.decode(errors="replace")
    return ended.stdout.decode(errors="surrogateescape").removesuffix("\n")


@pytest.fixture
def git() -> RunGit:
    """Runs real git in a directory: `git(repository, "status", "--short")`."""
    return run_git


@pytest.fixture(scope="session")
def template_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that `repository` copies; made once per run and worker, never written to."""
    root = tmp_path_factory.mktemp("template") / "shop"
    for name, text in TEMPLATE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run_git(root, "init", "--quiet", "--initial-branch=main", "--template=")
    exclude = root / ".git" / "info" / "exclude"
    exclude.parent.mkdir()
    exclude.write_text("# kept out of git status here\n", encoding="utf-8")
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "--message=Open the shop")
    return root


@pytest.fixture
def repository(template_repository: Path, tmp_path: Path) -> Path:
    """A repository of twelve files in api, db, docs, tests and web: branch main, one commit."""
    root = tmp_path / "repository"
    shutil.copytree(template_repository, root, symlinks=True)
    # The copies are new inodes: without this the index looks stale to every reader.
    run_git(root, "update-index", "-q", "--refresh")
    return root
