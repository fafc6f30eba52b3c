"""What an agent knows and says aloud stays out of everything that is kept."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from ropewalk.model.result import DomainStatus
from tests.conftest import run_git
from tests.model_server import Say, Scene, Shell, Write
from tests.real.shop import Shop

AGENTS: Final = ("claude", "codex", "anthropic")
# The key of the model server is one of them.
KEY: Final = "canary-key-91aa7c"
GIVEN: Final = "canary-given-52e0b1"
PASSED: Final = "canary-passed-77d2f9"
IN_URL: Final = "canary-url-30c4d8"
IN_FILE: Final = "canary-file-6b81ee"
CANARIES: Final = (KEY, GIVEN, PASSED, IN_URL, IN_FILE)
SAYING: Final = (
    'echo "$SHOP_TOKEN $DEPLOY_KEY $DATABASE_URL"; printenv; cat .env; git remote --verbose; '
    'printf "%s" "$DEPLOY_KEY" | base64'
)


@pytest.mark.parametrize("home", ["user", "private"])
def test_no_secret_is_in_anything_that_is_kept(shop: Shop, tmp_path: Path, home: str) -> None:
    shop = replace(shop, env={"HOME": str(tmp_path / "home"), "DEPLOY_KEY": PASSED})
    (tmp_path / "home").mkdir()
    prepare(shop)
    shop.configure(
        '[worktree]\ninclude = [".env"]\n',
        *(table_of(shop, rig, home) for rig in AGENTS),
    )
    stages = [shop.play(rig, scene_of(rig)) for rig in AGENTS]
    shop.plan(
        "secrets", [{"name": rig, "new_files": [f"{rig}/**"], "agent": rig} for rig in AGENTS]
    )

    run = shop.ropewalk("--json", "-v", "run", "secrets", "--parallel")
    merged = shop.ropewalk("--json", "-v", "merge", "secrets", "--unchecked")
    shown = [shop.ropewalk("logs", "secrets", rig) for rig in AGENTS]

    assert {shop.result("secrets", rig).status for rig in AGENTS} == {DomainStatus.SUCCESS}
    for stage in stages:
        said = json.dumps(stage.requests[-1].body)
        assert all(canary in said for canary in CANARIES if canary is not KEY)
    assert list(leaks_in_files(shop.repository / ".workflow")) == []
    # Sessions that can be gone on with: they are the agents' own, and nobody else may read them.
    homes = list((shop.repository / ".git" / "ropewalk" / "homes").glob("*/*"))
    assert {one.stat().st_mode & 0o777 for one in homes} == {0o700}
    assert list(leaks_in_files(shop.repository / ".worktrees" / ".metadata")) == []
    assert leaks_in("".join(one.stdout + one.stderr for one in (run, merged, *shown))) == []
    assert leaks_in(run_git(shop.repository, "log", "--all", "--patch", "--format=fuller")) == []


def prepare(shop: Shop) -> None:
    """Put secrets where a project has them: an ignored file, the address of a remote."""
    (shop.repository / ".gitignore").write_text(".env\n")
    run_git(shop.repository, "add", ".gitignore")
    run_git(shop.repository, "commit", "--quiet", "--message=Ignore what is secret")
    (shop.repository / ".env").write_text(f"API_TOKEN={IN_FILE}\n")
    address = f"https://shop:{IN_URL}@example.invalid/shop.git"
    run_git(shop.repository, "remote", "add", "origin", address)


def table_of(shop: Shop, rig: str, home: str) -> str:
    table = shop.table(rig, KEY, home=home, env_pass=("DEPLOY_KEY",))
    given = f'SHOP_TOKEN = "{GIVEN}", DATABASE_URL = "db://shop:{IN_URL}@127.0.0.1/shop"'
    return table.replace("env = { ", f"env = {{ {given}, ")


def scene_of(rig: str) -> Scene:
    turns = (Shell(SAYING), Write(f"{rig}/a.txt", "a\n"), Say(f"{GIVEN} {PASSED} were used"))
    return Scene(key=KEY, turns=turns)


def leaks_in_files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield from (f"{path.relative_to(folder)}: {one}" for one in leaks_in(path.read_bytes()))


def leaks_in(content: str | bytes) -> list[str]:
    data = content.encode() if isinstance(content, str) else content
    return [canary for canary in CANARIES if canary.encode() in data]
