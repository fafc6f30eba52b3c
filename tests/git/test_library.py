import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import git as gitpython
import pytest
from git.exc import GitCommandError

from ropewalk.errors import GitError, RepositoryError
from ropewalk.git.command import GitContext
from ropewalk.git.library import Git, open_repository
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place
from tests.conftest import RunGit


@pytest.fixture
def own(place: Place) -> GitContext:
    return own_context(place)


@pytest.fixture
def head(place: Place, git: RunGit) -> str:
    (place.top / "api" / "routes.py").write_text("ROUTES = {}\n", encoding="utf-8")
    git(place.top, "commit", "-q", "-a", "-m", "Empty the routes\n\nEpic: shop")
    return git(place.top, "rev-parse", "HEAD")


def children() -> set[str]:
    text = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text(encoding="utf-8")
    return set(text.split())


def test_commits_trees_diffs_and_blame_are_read(own: GitContext, head: str) -> None:
    with open_repository(own) as repository:
        commit = repository.commit(head)
        blamed = list(repository.blame(head, "api/routes.py") or ())
        diffs = commit.parents[0].diff(commit)
        blob = commit.tree / "api" / "routes.py"

        assert commit.summary == "Empty the routes"
        assert commit.trailers_dict == {"Epic": ["shop"]}
        assert [str(diff.b_path) for diff in diffs] == ["api/routes.py"]
        assert blob.data_stream.read() == b"ROUTES = {}\n"
        assert [entry[0].hexsha for entry in blamed if isinstance(entry, list)] == [head]
        assert next(iter(repository.iter_commits(head))).hexsha == head
        assert commit.stats.total["files"] == 1


def test_nothing_it_started_is_left_after_the_block(own: GitContext, head: str) -> None:
    before = children()

    with open_repository(own) as repository:
        assert repository.commit(head).tree
        during = children()

    for _attempt in range(50):
        if children() <= before:
            break
        time.sleep(0.02)
    assert during > before
    assert children() <= before


def test_leaked_variables_do_not_redirect_it(
    own: GitContext, head: str, tmp_path: Path, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "other"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "other" / ".git" / "objects"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(tmp_path / "other" / ".git"))

    with open_repository(own) as repository:
        assert repository.commit(head).summary == "Empty the routes"


def test_a_persons_repository_is_never_opened(place: Place) -> None:
    with (
        pytest.raises(RepositoryError, match="own git directory"),
        open_repository(place.context),
    ):
        pass


def test_a_directory_that_is_no_repository_is_an_error(own: GitContext, tmp_path: Path) -> None:
    with (
        pytest.raises(GitError, match="cannot be opened"),
        open_repository(replace(own, git_dir=tmp_path)),
    ):
        pass


def test_a_failing_command_raises_what_callers_of_gitpython_expect(own: GitContext) -> None:
    with open_repository(own) as repository, pytest.raises(GitCommandError) as caught:
        repository.git.rev_parse("--verify", "nothing")

    assert caught.value.status == 128


def test_output_is_given_as_it_was_asked_for(own: GitContext, head: str) -> None:
    command = Git(context=own)
    argv = ["git", "cat-file", "blob", f"{head}:api/routes.py"]

    assert command.execute(argv) == "ROUTES = {}"
    assert command.execute(argv, stdout_as_string=False) == b"ROUTES = {}"
    assert command.execute(argv, strip_newline_in_stdout=False) == "ROUTES = {}\n"
    assert command.execute(
        ["git", "rev-parse", "--verify", "--quiet", "nothing"],
        with_extended_output=True,
        with_exceptions=False,
    ) == (1, "", "")


def test_the_directory_of_this_process_does_not_matter(
    own: GitContext, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert (
        Git(os.fspath(tmp_path), context=own).execute(["git", "cat-file", "-t", head]) == "commit"
    )


def test_streams_that_would_be_ignored_are_refused(own: GitContext, tmp_path: Path) -> None:
    command = Git(context=own)

    with (tmp_path / "stream").open("w+b") as stream:
        with pytest.raises(GitError, match="streams"):
            command.execute(["git", "version"], istream=stream)
        with pytest.raises(GitError, match="streams"):
            command.execute(["git", "version"], output_stream=stream)


def test_it_is_a_repository_of_gitpython(own: GitContext) -> None:
    with open_repository(own) as repository:
        assert isinstance(repository, gitpython.Repo)
        assert isinstance(repository.git, Git)
        assert repository.bare
