"""`tools.hygiene` finds what must not be in the repository."""

from pathlib import Path

import pytest

from tests.conftest import RunGit
from tools.hygiene import find_all, find_in_lock, find_in_text, main

DOTS = "."
REGISTRY = f"https://pypi{DOTS}org/simple"
MOCK = f"unittest{DOTS}mock"
RECORDED = "tests/agents/recorded/"


def find(name: str, text: str) -> list[str]:
    return list(find_in_text(name, text, checkout="/srv/checkout"))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("docs/a.md", f"see {REGISTRY}", ["docs/a.md:1: address of a package registry"]),
        ("src/a.py", "\nX = '/home/" + "ada/x'", ["src/a.py:2: path in somebody's home"]),
        ("Makefile", "cd /Users/" + "ada", ["Makefile:1: path in somebody's home"]),
        ("Makefile", "cd /srv/checkout", ["Makefile:1: path of this checkout"]),
        (
            f"{RECORDED}a.jsonl",
            '{"a": "/home/' + 'ada/x"}',
            [f"{RECORDED}a.jsonl:1: path in somebody's home"],
        ),
        (
            f"{RECORDED}a.jsonl",
            '{"a": "/tmp/' + 'x"}',
            [f"{RECORDED}a.jsonl:1: folder for temporary files of the machine that recorded this"],
        ),
        (
            "tests/a.py",
            f"import {MOCK}",
            ["tests/a.py:1: a mock: use real git, real processes and scripted agents"],
        ),
    ],
)
def test_what_must_not_be_there_is_named_with_its_place(
    name: str, text: str, expected: list[str]
) -> None:
    assert find(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/a.py", "path = home / 'x'"),
        ("src/a.py", "${HOME}/home/x"),
        ("tests/a.py", "DATA = '/home/" + "ada/x'"),
        ("tests/a.py", "DATA = '/tmp/" + "x'"),
        (f"{RECORDED}a.jsonl", '{"a": "/attempt/tmp/x"}'),
        ("pyproject.toml", f'"{MOCK}".msg = "no"'),
        ("tests/a.py", "monkeypatch.setenv('A', 'b')"),
    ],
)
def test_what_may_be_there_passes(name: str, text: str) -> None:
    assert find(name, text) == []


def test_lock_needs_a_version_and_a_hash_everywhere() -> None:
    lock = "a==1 \\\n    --hash=sha256:00\nb==2\nc>=3 \\\n    --hash=sha256:00\n"

    assert list(find_in_lock(lock)) == [
        "requirements.lock: no hash: b==2",
        "requirements.lock: not pinned: c>=3",
    ]


@pytest.mark.parametrize("line", ["--index-url x", "--find-links x", "a @ file://x"])
def test_lock_holds_no_address(line: str) -> None:
    found = list(find_in_lock(f"a==1 \\\n    --hash=sha256:00\n{line}\n"))

    assert f"requirements.lock: an address: {line}" in found


def test_this_lock_is_pinned_hashed_and_free_of_addresses(checkout: Path) -> None:
    lock = (checkout / "requirements.lock").read_text()

    assert lock.count("--hash=sha256:") > lock.count("==") > 40
    assert list(find_in_lock(lock)) == []


def test_a_tracked_loose_lock_and_a_missing_lock_are_found(repository: Path, git: RunGit) -> None:
    (repository / "uv.lock").write_text("version = 1\n")
    git(repository, "add", "uv.lock")

    assert list(find_all(repository)) == [
        "uv.lock: holds addresses; the lock is requirements.lock",
        "requirements.lock: missing",
    ]


def test_ignored_binary_and_linked_files_are_not_read(repository: Path) -> None:
    (repository / ".gitignore").write_text("secret\n")
    (repository / "secret").write_text(REGISTRY)
    (repository / "image").write_bytes(b"\0" + REGISTRY.encode())
    (repository / "link").symlink_to("secret")
    (repository / "requirements.lock").write_text("a==1 --hash=sha256:00\n")

    assert list(find_all(repository)) == []


def test_this_repository_ignores_the_locks_that_hold_addresses(checkout: Path) -> None:
    ignored = (checkout / ".gitignore").read_text().splitlines()

    assert {"uv.lock", "pylock.toml"} <= set(ignored)


def test_exit_code_says_whether_something_was_found(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)

    assert main() == 1
    (repository / "requirements.lock").write_text("a==1 --hash=sha256:00\n")
    assert main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "requirements.lock: missing",
        "hygiene: 1 findings",
        "hygiene: nothing found",
    ]
