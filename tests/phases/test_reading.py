"""What a planner is given to read of a base."""

from pathlib import Path

from ropewalk.epic.reading import read_ahead
from ropewalk.git.objects import blob_sizes
from ropewalk.git.own import own_context
from ropewalk.git.repository import find_place
from ropewalk.git.trees import list_tree
from ropewalk.planner.scan import READ_BYTES_MAX
from tests.conftest import RunGit


def test_a_planner_reads_the_files_of_the_base_and_not_those_of_the_checkout(
    repository: Path, git: RunGit
) -> None:
    (repository / "new.py").write_text("committed = 1\n")
    (repository / "large.py").write_text("x" * (READ_BYTES_MAX + 1))
    (repository / "link.py").symlink_to("new.py")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "files")
    (repository / "new.py").write_text("edited = 2\n")
    context = own_context(find_place(repository))

    read = read_ahead(context, list_tree(context, git(repository, "rev-parse", "HEAD")))

    assert read("new.py") == b"committed = 1\n"
    assert (read("large.py"), read("link.py"), read("missing.py")) == (None, None, None)


def test_a_base_without_files_has_nothing_to_read(repository: Path) -> None:
    context = own_context(find_place(repository))

    assert read_ahead(context, ())("a.py") is None


def test_sizes_leave_out_what_is_missing_or_no_blob(repository: Path, git: RunGit) -> None:
    context = own_context(find_place(repository))
    (repository / "five").write_text("12345")
    blob = git(repository, "hash-object", "-w", "five")
    commit = git(repository, "rev-parse", "HEAD")

    assert blob_sizes(context, [blob, commit, "0" * 40, blob]) == {blob: 5}
