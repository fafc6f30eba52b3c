"""Nothing that lies in a worktree is lost when it is saved, and it comes back byte for byte."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput, WorktreeError
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import brought_into, remember_brought
from ropewalk.git.trash import restore_worktree, save_worktree
from ropewalk.git.worktree import (
    add_worktree,
    admin_dir,
    remove_worktree,
)
from tests.conftest import RunGit

REF = "refs/ropewalk/shop/trash/api"
Content = dict[str, tuple[str, bytes]]


@pytest.fixture
def worktree(place: Place, repository: Path, git: RunGit) -> Path:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n.env\nbuild/\n")
    path = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason="ropewalk shop/api")
    return path


def content(root: Path) -> Content:
    """Every file and link below a folder, but the file that makes it a worktree."""
    found: Content = {}
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for path in (Path(folder, name) for name in (*files, *links)):
            name = str(path.relative_to(root))
            if path.is_symlink():
                found[name] = ("link", os.fsencode(path.readlink()))
            elif name != ".git":
                kind = "program" if os.access(path, os.X_OK) else "file"
                found[name] = (kind, path.read_bytes())
    return found


def dirty(root: Path, git: RunGit) -> None:
    (root / "README.md").write_bytes(b"changed\r\nby hand\n")


def untracked(root: Path, git: RunGit) -> None:
    (root / "new").mkdir()
    (root / "new" / "file.txt").write_bytes(b"new\0binary\xff")
    (root / "new" / "run.sh").write_text("#!/bin/sh\n")
    (root / "new" / "run.sh").chmod(0o755)
    (root / "link").symlink_to("/nowhere/at all")


def ignored(root: Path, git: RunGit) -> None:
    (root / ".env").write_text("SECRET=1\n")
    (root / "build").mkdir()
    (root / "build" / "out.bin").write_bytes(bytes(range(256)))


def staged(root: Path, git: RunGit) -> None:
    (root / "README.md").write_text("staged\n")
    git(root, "add", "README.md")
    (root / "README.md").write_text("then changed\n")
    (root / "only-staged.txt").write_text("only in the index\n")
    git(root, "add", "only-staged.txt")
    (root / "only-staged.txt").unlink()


def deleted(root: Path, git: RunGit) -> None:
    (root / "web" / "app.js").unlink()
    (root / "web" / "index.html").unlink()


def kinds_swapped(root: Path, git: RunGit) -> None:
    (root / "README.md").unlink()
    (root / "README.md").mkdir()
    (root / "README.md" / "inner").write_text("x")
    (root / "db" / "schema.sql").unlink()
    (root / "db" / "schema.sql").symlink_to("models.py")


def odd_names(root: Path, git: RunGit) -> None:
    for name in (b"new\nline", b"\xff", b":(exclude)x", b'"quoted"', b" lead", b"dot-git"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)


def nested(root: Path, git: RunGit) -> None:
    inner = root / "vendor" / "inner"
    git(root, "init", "-q", "-b", "main", str(inner))
    (inner / "code.py").write_text("x = 1\n")
    git(inner, "add", "--all")
    git(inner, "commit", "-qm", "inside")
    git(inner, "pack-refs", "--all")
    (inner / "code.py").write_text("x = 2\n")
    (inner / "loose.txt").write_text("loose\n")


def attributes(root: Path, git: RunGit) -> None:
    (root / ".gitattributes").write_text("* text=auto eol=lf\n*.id ident\n")
    (root / "a.txt").write_bytes(b"crlf\r\nline\r\n")
    (root / "b.id").write_bytes(b"$Id: mine $\n")


CASES = [dirty, untracked, ignored, staged, deleted, kinds_swapped, odd_names, nested, attributes]


@pytest.mark.parametrize("make", CASES)
def test_what_is_saved_and_removed_comes_back_byte_for_byte(
    place: Place, worktree: Path, git: RunGit, make: Callable[[Path, RunGit], None]
) -> None:
    make(worktree, git)
    before = content(worktree)
    status = git(worktree, "status", "--porcelain", "--ignored")
    index = git(worktree, "ls-files", "--stage")

    saved = save_worktree(place, worktree, REF)
    assert content(worktree) == before
    removal = remove_worktree(place, worktree, saved=saved)
    assert removal.kept is None
    assert list(worktree.parent.iterdir()) == []
    restore_worktree(place, REF, worktree)

    assert content(worktree) == before
    assert git(worktree, "status", "--porcelain", "--ignored") == status
    assert git(worktree, "ls-files", "--stage") == index


def test_a_restored_repository_inside_works(place: Place, worktree: Path, git: RunGit) -> None:
    nested(worktree, git)
    inner = worktree / "vendor" / "inner"
    commit = git(inner, "rev-parse", "HEAD")

    remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))
    restore_worktree(place, REF, worktree)

    assert git(inner, "rev-parse", "main") == commit
    assert git(inner, "status", "--porcelain") == " M code.py\n?? loose.txt"


def test_commits_of_the_worktree_come_back_with_it(
    place: Place, worktree: Path, git: RunGit
) -> None:
    git(worktree, "commit", "-q", "--allow-empty", "-m", "work")
    head = git(worktree, "rev-parse", "HEAD")

    remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))
    git(place.top, "reflog", "expire", "--expire=now", "--all")
    git(place.top, "gc", "-q", "--prune=now")
    entry = restore_worktree(place, REF, worktree)

    assert entry.head == head
    assert entry.locked == "ropewalk shop/api"


def test_commits_that_only_the_reflog_knows_are_kept(
    place: Place, worktree: Path, git: RunGit
) -> None:
    git(worktree, "commit", "-q", "--allow-empty", "-m", "reset away")
    lost = git(worktree, "rev-parse", "HEAD")
    git(worktree, "reset", "-q", "--hard", "HEAD^")

    remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))
    git(place.top, "reflog", "expire", "--expire=now", "--all")
    git(place.top, "gc", "-q", "--prune=now")

    assert git(place.top, "log", "-1", "--format=%s", lost) == "reset away"


def test_a_merge_under_way_is_saved_with_all_its_sides(
    place: Place, worktree: Path, git: RunGit
) -> None:
    base = git(worktree, "rev-parse", "HEAD")
    (worktree / "README.md").write_text("ours\n")
    git(worktree, "commit", "-qam", "ours")
    ours = git(worktree, "rev-parse", "HEAD")
    git(worktree, "checkout", "-q", "--detach", base)
    (worktree / "README.md").write_text("theirs\n")
    git(worktree, "commit", "-qam", "theirs")
    git(worktree, "merge", "-q", ours, exit_code=1)
    before = content(worktree)

    saved = save_worktree(place, worktree, REF)
    remove_worktree(place, worktree, saved=saved)
    restore_worktree(place, REF, worktree)

    assert content(worktree) == before
    assert git(place.top, "show", f"{saved}^2:README.md.stage3") == "ours"


def test_what_was_brought_in_stays_nobodys_work(place: Place, worktree: Path, git: RunGit) -> None:
    (worktree / "modules").symlink_to("/usr")
    remember_brought(place, worktree, ["modules"])

    remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))
    restore_worktree(place, REF, worktree)

    assert brought_into(place, worktree) == ("modules",)
    assert (worktree / "modules").is_symlink()


def test_saving_twice_without_a_change_gives_the_same_commit(
    place: Place, worktree: Path, git: RunGit
) -> None:
    untracked(worktree, git)

    first = save_worktree(place, worktree, REF)

    assert save_worktree(place, worktree, REF) == first


def test_saving_again_keeps_what_was_saved_before(
    place: Place, worktree: Path, git: RunGit
) -> None:
    (worktree / "new.txt").write_text("first")
    first = save_worktree(place, worktree, REF)
    (worktree / "new.txt").write_text("second")

    second = save_worktree(place, worktree, REF)

    assert second != first
    git(place.top, "merge-base", "--is-ancestor", first, second)


def test_a_worktree_with_an_unreadable_head_is_not_saved(place: Place, worktree: Path) -> None:
    (admin_dir(place, worktree) / "HEAD").write_text("garbage\n")

    with pytest.raises(WorktreeError, match="HEAD"):
        save_worktree(place, worktree, REF)


def test_restoring_over_something_is_refused(place: Place, worktree: Path) -> None:
    save_worktree(place, worktree, REF)

    with pytest.raises(InvalidInput):
        restore_worktree(place, REF, worktree)


def test_restoring_what_was_never_saved_is_an_error(place: Place, worktree: Path) -> None:
    with pytest.raises(InvalidInput, match="no saved work"):
        restore_worktree(place, REF, worktree.with_name("other"))


def test_a_worktree_can_come_back_somewhere_else(place: Place, worktree: Path, git: RunGit) -> None:
    untracked(worktree, git)
    before = content(worktree)
    save_worktree(place, worktree, REF)

    entry = restore_worktree(place, REF, worktree.with_name("copy"))

    assert content(entry.path) == before
