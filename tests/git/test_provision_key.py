"""What a set-up command made is used again only for what it was made of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.git.provision_key import setup_key
from ropewalk.git.repository import Place
from ropewalk.git.worktree import add_worktree
from ropewalk.process import base_environment
from tests.conftest import RunGit

KeyOf = Callable[[dict[str, str], str], str | None]


@pytest.fixture
def key_of(place: Place, repository: Path, git: RunGit) -> KeyOf:
    """Commit some files and return the key of a command in a worktree of that commit."""
    (repository / "package-lock.json").write_text("one\n")

    def key(files: dict[str, str], command: str) -> str | None:
        for name, text in files.items():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(text)
        git(repository, "add", "--all", "--", ":!.worktrees")
        git(repository, "commit", "-q", "--allow-empty", "-m", "files")
        head = git(repository, "rev-parse", "HEAD")
        worktree = repository / ".worktrees" / "shop" / head[:12]
        if not worktree.exists():
            add_worktree(place, worktree, head, reason="ropewalk shop")
        return setup_key(place, worktree, (command,), env=base_environment())

    return key


INSTALLS = ("npm ci", "cd web && npm ci --no-audit", "pip install -r requirements.txt", "yarn")
BUILDS = (
    *("npm run build", "npm ci && npm run build", "go build ./...", "cargo build", "make deps"),
    *("npm ci; npm test", "pip install .", "python tools/generate.py"),
)


@pytest.mark.parametrize(("commands", "is_same"), [(INSTALLS, True), (BUILDS, False)])
def test_what_was_built_from_other_sources_is_not_used_again(
    key_of: KeyOf, commands: tuple[str, ...], *, is_same: bool
) -> None:
    before = [key_of({"src/app.js": "one\n"}, command) for command in commands]
    again = [key_of({}, command) for command in commands]
    after = [key_of({"src/app.js": "two\n"}, command) for command in commands]

    assert None not in before
    assert again == before
    same = [one == other for one, other in zip(before, after, strict=True)]
    assert same == [is_same] * len(commands)


def test_an_installer_that_runs_steps_of_the_repository_goes_by_all_of_its_files(
    key_of: KeyOf,
) -> None:
    package = '{"scripts": {"postinstall": "node tools/patch.js"}}\n'

    before = key_of({"web/package.json": package, "tools/patch.js": "one\n"}, "npm ci")
    after = key_of({"tools/patch.js": "two\n"}, "npm ci")

    assert before is not None
    assert before != after
