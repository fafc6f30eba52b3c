"""What the documents show is what happens."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import console, reference

CHECKOUT = Path(__file__).resolve().parents[2]
TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
START = "## Plan"
PAGES = sorted((CHECKOUT / "docs" / "how-to").glob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)")

# Each page starts a good dozen real runs of ropewalk.
slow = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the tutorial as it is where the how-to pages start."""
    folder = tmp_path_factory.mktemp("tutorial")
    shell = console.open_shell(folder, os.environ)
    list(console.play(TUTORIAL.read_text(encoding="utf-8"), shell, until=START))
    return folder


@slow
def test_tutorial_shows_what_comes_out(tmp_path: Path) -> None:
    shell = console.open_shell(tmp_path, os.environ)

    found = list(console.differences(TUTORIAL.read_text(encoding="utf-8"), shell))

    assert not found, "\n\n".join(map(str, found))


@slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_how_to_page_shows_what_comes_out(page: Path, started: Path, tmp_path: Path) -> None:
    shutil.copytree(started, tmp_path / "copy", symlinks=True)
    shell = console.open_shell(tmp_path / "copy", os.environ)
    shell.cwd = shell.root / "notes"

    found = list(console.differences(page.read_text(encoding="utf-8"), shell))

    assert not found, "\n\n".join(map(str, found))


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_reference_is_what_the_code_says(name: str) -> None:
    committed = (CHECKOUT / "docs" / "reference" / name).read_text(encoding="utf-8")

    assert committed == reference.pages()[name], "make reference"


def test_no_page_of_the_reference_is_left_over() -> None:
    committed = {path.name for path in (CHECKOUT / "docs" / "reference").iterdir()}

    assert committed == set(reference.pages())


def test_links_between_documents_lead_somewhere() -> None:
    missing = [
        f"{page.relative_to(CHECKOUT)}: {target}"
        for page in _documents()
        for target, heading in _links(page)
        if not _leads_somewhere(page, target, heading)
    ]

    assert missing == []


def test_every_page_is_in_the_index() -> None:
    docs = CHECKOUT / "docs"
    named = {(docs / target).resolve() for target, _ in _links(docs / "README.md")}
    pages = {path for path in docs.rglob("*.md") if path.parent.name != "decisions"}

    assert pages - named == {docs / "README.md"}


def test_a_shown_answer_that_is_wrong_is_found(tmp_path: Path) -> None:
    text = "```console\n$ echo one\ntwo\n```\n"

    (found,) = console.differences(text, console.open_shell(tmp_path, os.environ))

    assert found.real == ("one",)


def test_times_and_object_ids_may_differ() -> None:
    shown = ("00:01 landed on main 4557457 after 2.5 s",)

    assert console.is_same(shown, ("00:13 landed on main f93ff46 after 12 s",))
    assert console.is_same(shown, ("00:13 landed on main bacbbfe after 12 s",))
    assert not console.is_same(shown, ("00:13 landed on next f93ff46 after 12 s",))


def test_lines_left_out_are_not_compared() -> None:
    real = ("first", "second", "third")

    assert console.is_same(("first", "…"), real)
    assert not console.is_same(("first",), real)
    assert not console.is_same(("first", "…", "fourth"), real)


def test_recording_writes_the_real_answers(tmp_path: Path) -> None:
    text = "```text file=a.txt\nhello\n```\n\n```console\n$ mkdir b && cd b\n$ cat ../a.txt\n```\n"

    new = console.recorded(text, console.open_shell(tmp_path, os.environ))

    assert new == text.replace("$ cat ../a.txt\n", "$ cat ../a.txt\nhello\n")


def test_checking_the_reference_says_which_page_is_stale(tmp_path: Path) -> None:
    (tmp_path / "src").symlink_to(CHECKOUT / "src")
    shutil.copytree(CHECKOUT / "docs" / "reference", tmp_path / "docs" / "reference")
    (tmp_path / "docs" / "reference" / "errors.md").write_text("old\n")
    argv = [sys.executable, "-m", "tools.reference", "--check"]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}

    ended = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stdout == "docs/reference/errors.md: not up to date: make reference\n"


def _documents() -> Iterator[Path]:
    yield from sorted(CHECKOUT.glob("*.md"))
    yield from sorted((CHECKOUT / "docs").rglob("*.md"))


def _links(page: Path) -> list[tuple[str, str]]:
    found = LINK.findall(page.read_text(encoding="utf-8"))
    return [(target, heading) for target, heading in found if "://" not in target]


def _leads_somewhere(page: Path, target: str, heading: str) -> bool:
    path = page.parent / target
    if not path.exists():
        return False
    headings = {
        line.lstrip("# ").lower().replace(" ", "-")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    }
    return not heading or heading in headings
