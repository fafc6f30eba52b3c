import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ropewalk.errors import GitTooOld, RepositoryError
from ropewalk.git.command import run
from ropewalk.git.repository import (
    Place,
    checked_out_at,
    find_place,
    head_branch,
    read_filters,
)
from tests.conftest import RunGit

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root gives files away")


@pytest.fixture
def linked(repository: Path, tmp_path: Path, git: RunGit) -> Path:
    path = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", "-b", "side", str(path))
    return path


def test_a_place_is_found_from_its_top_and_from_below(repository: Path) -> None:
    place = find_place(repository)

    assert place == find_place(repository / "api")
    assert place.top == repository
    assert place.git_dir == place.common_dir == repository / ".git"
    assert (place.bare, place.object_format) == (False, "sha1")


def test_from_a_linked_worktree_the_main_one_is_found(repository: Path, linked: Path) -> None:
    assert find_place(linked) == find_place(repository)


def test_from_inside_the_git_directory_the_worktree_is_found(repository: Path) -> None:
    assert find_place(repository / ".git").top == repository


@pytest.mark.parametrize("name", ["with space", "new\nline", 'quote"d', "ümlaut", "final\n"])
def test_any_name_of_a_directory_works(repository: Path, tmp_path: Path, name: str) -> None:
    odd = tmp_path / name
    repository.rename(odd)

    place = find_place(odd)

    assert place.top == odd
    assert head_branch(place) == "refs/heads/main"


def test_a_repository_reached_through_a_symlink_is_the_real_one(
    repository: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(repository)

    assert find_place(link / "api") == find_place(repository)


def test_a_git_directory_that_is_a_symlink_is_followed(repository: Path, tmp_path: Path) -> None:
    (repository / ".git").rename(tmp_path / "real.git")
    (repository / ".git").symlink_to(tmp_path / "real.git")

    place = find_place(repository)

    assert place.top == repository
    assert head_branch(place) == "refs/heads/main"


def test_a_repository_whose_configuration_does_not_say_whether_it_is_bare(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    git(repository, "config", "--unset", "core.bare")
    shutil.copytree(repository / ".git", tmp_path / "copy.git")

    assert not find_place(repository).bare
    assert find_place(tmp_path / "copy.git").bare


def test_a_bare_repository_is_its_own_top(repository: Path, tmp_path: Path, git: RunGit) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(bare))
    git(bare, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))

    place = find_place(bare)

    assert (place.top, place.bare) == (bare, True)
    assert find_place(tmp_path / "linked") == place
    assert head_branch(place) == "refs/heads/main"


def test_a_repository_with_a_separate_git_directory_is_found(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    elsewhere = tmp_path / "elsewhere"
    git(repository, "init", "-q", f"--separate-git-dir={elsewhere}")

    place = find_place(repository)

    assert (place.top, place.git_dir) == (repository, elsewhere)
    assert checked_out_at(place, "refs/heads/main") == (repository,)


def test_a_main_worktree_that_nothing_points_to_cannot_be_found_from_a_linked_one(
    repository: Path, linked: Path, tmp_path: Path, git: RunGit
) -> None:
    git(repository, "init", "-q", f"--separate-git-dir={tmp_path / 'elsewhere'}")

    with pytest.raises(RepositoryError) as caught:
        find_place(linked)

    assert caught.value.code == "no_main_worktree"


def test_a_submodule_is_a_place_of_its_own(repository: Path, tmp_path: Path, git: RunGit) -> None:
    inner = tmp_path / "inner"
    shutil.copytree(repository, inner)
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")

    place = find_place(repository / "sub")

    assert place.top == repository / "sub"
    assert place.git_dir == repository / ".git" / "modules" / "sub"
    assert find_place(place.git_dir).top == repository / "sub"


def test_the_context_of_a_place_survives_a_rewritten_configuration(
    repository: Path, place: Place, tmp_path: Path, git: RunGit
) -> None:
    git(repository, "config", "core.worktree", str(tmp_path))

    output = run(place.context, "rev-parse", "--show-toplevel")

    assert output.text == str(repository)


def test_a_directory_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError) as caught:
        find_place(tmp_path)

    assert caught.value.code == "not_a_repository"
    assert caught.value.hint


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is not a directory"):
        find_place(tmp_path / "gone")


def test_a_repository_without_a_commit_is_refused(tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "init", "-q", "new")

    with pytest.raises(RepositoryError) as caught:
        find_place(tmp_path / "new")

    assert caught.value.code == "empty_repo"


def test_a_broken_configuration_is_reported_in_the_words_of_git(repository: Path) -> None:
    (repository / ".git" / "config").write_text("[core\n", encoding="utf-8")

    with pytest.raises(RepositoryError, match="bad config line 1"):
        find_place(repository)


def test_a_git_that_is_too_old_is_refused_before_anything_else(
    tmp_path: Path, fake_git: Path
) -> None:
    fake_git.write_text("#!/bin/sh\necho git version 2.37.9\n", encoding="utf-8")
    fake_git.chmod(0o755)

    with pytest.raises(GitTooOld):
        find_place(tmp_path)


@needs_root
def test_a_repository_of_somebody_else_is_refused_and_never_declared_safe(
    repository: Path, git: RunGit
) -> None:
    for path in (repository, repository / ".git"):
        os.chown(path, NOBODY, NOBODY)

    with pytest.raises(RepositoryError) as caught:
        find_place(repository)

    assert caught.value.code == "dubious_ownership"
    assert "safe.directory" in caught.value.hint


def test_an_owner_that_git_does_not_trust_is_recognised(repository: Path, fake_git: Path) -> None:
    real = shutil.which("git", path=os.environ["PATH"].split(os.pathsep, 1)[1])
    fake_git.write_text(
        f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n', encoding="utf-8"
    )
    fake_git.chmod(0o755)

    with pytest.raises(RepositoryError) as caught:
        find_place(repository)

    assert caught.value.code == "dubious_ownership"


def test_a_git_directory_that_cannot_be_written_to_is_refused(repository: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from ropewalk.errors import RepositoryError\n"
        "from ropewalk.git.repository import find_place\n"
        f"if {IS_ROOT}:\n    os.setuid({NOBODY})\n"
        "try:\n    find_place(Path(sys.argv[1]))\n"
        "except RepositoryError as error:\n    print(error.code)\n"
    )

    with tempfile.TemporaryDirectory() as folder:
        # Everybody may look here, which is not so above the folder of a test.
        Path(folder).chmod(0o755)
        top = shutil.copytree(repository, Path(folder, "repository"))
        (top / ".git" / "objects").chmod(0o555)
        if IS_ROOT:
            for path in (top, *top.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        ended = subprocess.run(
            [sys.executable, "-c", code, str(top)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
        )

    assert ended.stdout.decode().strip() == "read_only", ended.stderr.decode()


def test_a_sha256_repository_is_recognised(tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    git(tmp_path / "new", "commit", "-q", "--allow-empty", "-m", "Begin")

    assert find_place(tmp_path / "new").object_format == "sha256"


def test_settings_that_turn_files_into_blobs_are_kept_and_others_are_not(
    repository: Path, git: RunGit
) -> None:
    git(repository, "config", "core.autocrlf", "input")
    git(repository, "config", "core.eol", "lf\nfilter.x.clean=touch /tmp/x")
    git(repository, "config", "filter.x.clean", "touch marker")

    place = find_place(repository)

    assert "core.autocrlf=input" in place.conversions
    assert not any("filter" in pair or "eol" in pair for pair in place.conversions)
    assert place.filters == ()


def test_filters_are_read_only_when_asked_for(place: Place, git: RunGit) -> None:
    git(place.top, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    git(place.top, "config", "--bool", "filter.lfs.required", "true")

    filters = read_filters(place)

    assert filters == ("filter.lfs.clean=git-lfs clean -- %f", "filter.lfs.required=true")
