import os
import stat
import subprocess
from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput, StorageError
from ropewalk.store.files import append_line, ensure_excludes, read_limited, write_atomic
from tests.conftest import RunGit
from tests.store.conftest import StartPython

WRITE_FOR_EVER = """
import sys
from pathlib import Path
from ropewalk.store.files import write_atomic
path, number = Path(sys.argv[1]), 0
while True:
    number += 1
    write_atomic(path, (str(number % 10) * 300_000).encode())
    if number == 3:
        print("running", flush=True)
"""
WRITE_LIMITED = """
import resource, sys
from pathlib import Path
from ropewalk.errors import StorageError
from ropewalk.store.files import append_line, write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    {call}
except StorageError as error:
    print(error.hint)
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_its_folders_and_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "state.json"

    write_atomic(path, b"one", mode=0o600)

    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names_in(path.parent) == ["state.json"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"a long old text")

    write_atomic(path, b"new")

    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011, 0.02])
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(
    tmp_path: Path, start_python: StartPython, delay_s: float
) -> None:
    path = tmp_path / "state"
    child = start_python(WRITE_FOR_EVER, path)
    assert child.stdout is not None
    assert child.stdout.readline() == "running\n"
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=delay_s)

    child.kill()
    child.wait()

    data = path.read_bytes()
    assert len(data) == 300_000
    assert len(set(data)) == 1


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, start_python: StartPython
) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")

    child = start_python(
        WRITE_LIMITED.format(call="write_atomic(Path(sys.argv[1]), b'x' * 2000)"), path
    )
    output, _ = child.communicate()

    assert "nothing that was there is lost" in output
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["state"]


def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageError, match=r"cannot make folder .*file"):
        write_atomic(tmp_path / "file" / "inner" / "x", b"")


def test_a_file_cannot_take_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)

    with pytest.raises(StorageError, match="cannot write"):
        write_atomic(tmp_path / "folder", b"")

    assert names_in(tmp_path) == ["folder"]


def test_reading_takes_exactly_the_limit_and_not_one_byte_more(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert read_limited(path, 5) == b"12345"
    with pytest.raises(InvalidInput, match="larger than 4 bytes"):
        read_limited(path, 4)


def test_a_missing_file_has_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_limited(tmp_path / "none", 10)

    assert caught.value.code == "not_found"


def test_a_pipe_or_a_folder_is_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for name in ("pipe", "."):
        with pytest.raises(InvalidInput, match="not a regular file"):
            read_limited(tmp_path / name, 10)


def test_a_link_to_itself_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(StorageError, match="cannot read"):
        read_limited(tmp_path / "loop", 10)


def test_lines_are_appended_and_a_torn_line_is_closed_first(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "history.jsonl"
    append_line(path, b"one")
    with path.open("ab") as stream:
        stream.write(b"to")

    append_line(path, b"three")

    assert path.read_bytes() == b"one\nto\nthree\n"


def test_appending_to_a_full_disk_or_a_link_is_an_error(
    tmp_path: Path, start_python: StartPython
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    child = start_python(
        WRITE_LIMITED.format(call="append_line(Path(sys.argv[1]), b'x' * 2000)"),
        tmp_path / "lines",
    )

    output, _ = child.communicate()

    assert "nothing that was there is lost" in output
    with pytest.raises(StorageError):
        append_line(tmp_path / "link", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_excludes_are_added_once_and_other_lines_stay(repository: Path, git: RunGit) -> None:
    common_dir = repository / ".git"
    exclude = common_dir / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("# mine\n*.tmp")
    exclude.chmod(0o640)

    first = ensure_excludes(common_dir, ("/.worktrees/", "/.worktrees/", "*.tmp"))
    second = ensure_excludes(common_dir, ("/.worktrees/",))

    assert (first, second) == (("/.worktrees/",), ())
    assert exclude.read_text() == "# mine\n*.tmp\n/.worktrees/\n"
    assert stat.S_IMODE(exclude.stat().st_mode) == 0o640
    (repository / ".worktrees").mkdir()
    (repository / ".worktrees" / "x").write_text("")
    assert git(repository, "status", "--porcelain") == ""


def test_excludes_are_made_where_there_are_none(tmp_path: Path) -> None:
    ensure_excludes(tmp_path, ("/a/",))

    assert (tmp_path / "info" / "exclude").read_text() == "/a/\n"


def test_a_linked_exclude_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "info").mkdir()
    (tmp_path / "shared").write_text("*.o\n")
    (tmp_path / "info" / "exclude").symlink_to(tmp_path / "shared")

    ensure_excludes(tmp_path, ("/a/",))

    assert (tmp_path / "info" / "exclude").is_symlink()
    assert (tmp_path / "shared").read_text() == "*.o\n/a/\n"
