"""Every change outside of a worktree shows, and what is allowed does not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.git.fingerprint import Fingerprint, OutsideChange, compare, take
from ropewalk.git.repository import Place, find_place
from ropewalk.git.worktree import add_worktree, admin_dir
from ropewalk.store.schema.documents import read_document, write_document
from tests.conftest import RunGit


@pytest.fixture
def worktree(place: Place, repository: Path, git: RunGit) -> Path:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n/.worktrees/\n")
    path = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason="ropewalk shop/api")
    return path


def changes(place: Place, worktree: Path, do: Callable[[], object]) -> tuple[OutsideChange, ...]:
    before = take(place, [worktree])
    do()
    return compare(before, take(place, [worktree]))


def names(found: tuple[OutsideChange, ...]) -> set[tuple[str, str]]:
    return {(change.kind, change.name) for change in found}


def test_nothing_done_is_no_change(place: Place, worktree: Path) -> None:
    assert changes(place, worktree, lambda: None) == ()


def test_work_inside_the_worktree_is_no_change(place: Place, worktree: Path, git: RunGit) -> None:
    def work() -> None:
        (worktree / "new.txt").write_text("new")
        git(worktree, "add", "--all")
        git(worktree, "commit", "-qm", "work")
        git(worktree, "commit", "-q", "--amend", "-m", "again")

    assert changes(place, worktree, work) == ()


def test_what_ropewalk_writes_is_no_change(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    def own() -> None:
        git(repository, "update-ref", "refs/ropewalk/shop/base", "HEAD")
        git(repository, "update-ref", "refs/heads/ropewalk/shop/api", "HEAD")
        (repository / ".workflow" / "runs" / "1").mkdir(parents=True)
        (repository / ".workflow" / "runs" / "1" / "journal.jsonl").write_text("{}\n")
        (repository / ".worktrees" / ".metadata").mkdir()
        (repository / ".worktrees" / ".metadata" / "x.json").write_text("{}\n")
        other = repository / ".worktrees" / "shop" / "_check-1"
        add_worktree(place, other, git(repository, "rev-parse", "HEAD"), reason="check")

    assert changes(place, worktree, own) == ()


def test_packing_refs_and_reading_status_is_no_change(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    def harmless() -> None:
        git(repository, "pack-refs", "--all")
        os.utime(repository / "README.md", (1, 1))
        git(repository, "status")

    assert changes(place, worktree, harmless) == ()


def test_configuration_shows_the_lines_without_secrets(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    git(repository, "config", "remote.origin.url", "https://me:hunter2@host.invalid/x")

    found = changes(
        place,
        worktree,
        lambda: git(repository, "config", "remote.origin.url", "https://you:s3cret@h.invalid/x"),
    )

    assert names(found) == {("config", "config")}
    assert found[0].old == "url = https://***@host.invalid/x"
    assert found[0].new == "url = https://***@h.invalid/x"


def test_a_changed_secret_alone_is_seen_and_not_shown(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    git(repository, "config", "http.extraheader", "Authorization: one")

    found = changes(
        place, worktree, lambda: git(repository, "config", "http.extraheader", "Authorization: two")
    )

    assert names(found) == {("config", "config")}
    assert "two" not in f"{found[0].old}{found[0].new}"


def test_a_new_worktree_configuration_shows_its_text(
    place: Place, repository: Path, worktree: Path
) -> None:
    found = changes(
        place,
        worktree,
        lambda: (repository / ".git" / "config.worktree").write_text("[core]\n\tbare = true\n"),
    )

    assert names(found) == {("config", "config.worktree")}
    assert found[0].old is None
    assert found[0].new is not None
    assert "bare = true" in found[0].new


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hooks/pre-commit", "hook"),
        ("info/attributes", "info"),
        ("info/grafts", "info"),
        ("commondir", "info"),
        ("shallow", "info"),
        ("objects/info/alternates", "info"),
        ("refs/heads/new", "ref"),
    ],
)
def test_new_files_of_git_are_seen(
    place: Place, repository: Path, worktree: Path, name: str, kind: str
) -> None:
    def write() -> None:
        path = repository / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")

    found = changes(place, worktree, write)

    assert names(found) == {(kind, name)}
    assert found[0].old is None


def test_a_hook_that_becomes_executable_is_seen(
    place: Place, repository: Path, worktree: Path
) -> None:
    hook = repository / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")

    assert names(changes(place, worktree, lambda: hook.chmod(0o755))) == {
        ("hook", "hooks/pre-push")
    }


def test_moved_and_deleted_refs_show_their_old_values(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    git(repository, "branch", "topic")
    git(repository, "tag", "v1")
    git(repository, "pack-refs", "--all")
    head = git(repository, "rev-parse", "HEAD")

    def move() -> None:
        git(repository, "branch", "-D", "topic")
        commit = git(repository, "commit-tree", "-m", "x", "HEAD^{tree}")
        git(repository, "update-ref", "refs/tags/v1", commit)

    found = changes(place, worktree, move)

    assert names(found) == {("ref", "refs/heads/topic"), ("ref", "refs/tags/v1")}
    assert {change.old for change in found} == {head}
    assert found[0].new is None


def test_the_stash_is_seen(place: Place, repository: Path, worktree: Path, git: RunGit) -> None:
    (repository / "README.md").write_text("one\n")
    git(repository, "stash")
    (worktree / "README.md").write_text("two\n")
    git(repository, "stash", "apply", "-q")
    git(repository, "checkout", "-q", "README.md")

    found = changes(place, worktree, lambda: git(worktree, "stash"))

    assert ("stash", "refs/stash") in names(found)
    assert names(found) <= {("stash", "refs/stash"), ("stash", "logs/refs/stash")}


def test_head_of_the_checkout_and_of_other_worktrees_is_seen(
    place: Place, repository: Path, worktree: Path, git: RunGit, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", "-b", "mine", str(tmp_path / "mine"))

    def move() -> None:
        git(repository, "checkout", "-q", "--detach")
        git(tmp_path / "mine", "checkout", "-q", "--detach")

    assert names(changes(place, worktree, move)) == {
        ("head", "HEAD"),
        ("head", "worktrees/mine/HEAD"),
    }


def test_the_index_of_the_checkout_is_seen_by_content(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    (repository / "new.txt").write_text("new\n")

    found = changes(place, worktree, lambda: git(repository, "add", "new.txt"))

    assert ("index", "index") in names(found)


def test_flags_that_hide_changes_in_the_checkout_are_seen(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    found = changes(
        place,
        worktree,
        lambda: git(repository, "update-index", "--assume-unchanged", "README.md"),
    )

    assert names(found) == {("index", "index")}


def test_files_of_the_checkout_are_seen_by_content(
    place: Place, repository: Path, worktree: Path
) -> None:
    (repository / "docs" / "guide.md").write_text("dirty before\n")
    (repository / "draft.txt").write_text("untracked before\n")

    def leave_the_lane() -> None:
        (repository / "README.md").write_text("overwritten\n")
        (repository / "docs" / "guide.md").write_text("dirty beforf\n")
        (repository / "draft.txt").write_text("untracked changed\n")
        (repository / "web" / "app.js").unlink()
        (repository / "new").symlink_to("/etc")

    found = changes(place, worktree, leave_the_lane)

    assert names(found) == {
        ("checkout", "README.md"),
        ("checkout", "docs/guide.md"),
        ("checkout", "draft.txt"),
        ("checkout", "web/app.js"),
        ("checkout", "new"),
    }
    by_name = {change.name: change for change in found}
    assert by_name["README.md"].old is None
    assert by_name["web/app.js"].new == "deleted"
    assert by_name["new"].new == "link to /etc"


def test_large_files_of_the_checkout_are_seen(
    place: Place, repository: Path, worktree: Path
) -> None:
    big = repository / "big.bin"
    big.write_bytes(b"x" * 2_000_000)

    found = changes(place, worktree, lambda: big.write_bytes(b"y" * 2_000_001))

    assert names(found) == {("checkout", "big.bin")}


@pytest.mark.parametrize("how", ["replaced", "deleted", "folder"])
def test_a_changed_git_file_of_the_worktree_is_its_own_fault(
    place: Place, worktree: Path, how: str
) -> None:
    def swap() -> None:
        (worktree / ".git").unlink()
        if how == "replaced":
            (worktree / ".git").write_text("gitdir: /elsewhere\n")
        elif how == "folder":
            (worktree / ".git").mkdir()

    found = changes(place, worktree, swap)

    assert names(found) == {("worktree_git", ".git")}
    assert found[0].worktree == worktree
    assert found[0].old is not None
    assert found[0].old.startswith("gitdir: ")


@pytest.mark.parametrize("name", ["commondir", "locked", "config.worktree", "HEAD", "info/x"])
def test_changed_admin_files_of_the_worktree_are_its_own_fault(
    place: Place, worktree: Path, name: str
) -> None:
    admin = admin_dir(place, worktree)

    def change() -> None:
        (admin / "info").mkdir(exist_ok=True)
        (admin / name).unlink(missing_ok=True)
        if name == "HEAD":
            os.mkfifo(admin / name)
        elif name != "locked":
            (admin / name).write_text("other\n")

    found = changes(place, worktree, change)

    assert names(found) == {("admin", name)}
    assert found[0].worktree == worktree


def test_a_worktree_that_is_gone_is_seen(place: Place, worktree: Path, git: RunGit) -> None:
    found = changes(
        place, worktree, lambda: git(place.top, "worktree", "remove", "-f", "-f", str(worktree))
    )

    assert {change.kind for change in found} == {"worktree_git", "admin"}


def test_a_worktree_that_only_one_fingerprint_knows_is_no_change(
    place: Place, worktree: Path
) -> None:
    assert compare(take(place, []), take(place, [worktree])) == ()


@pytest.mark.parametrize("trap", ["config", "HEAD", "packed-refs", "index", "refs/heads/pipe"])
def test_pipes_in_the_place_of_gits_files_do_not_block(
    place: Place, repository: Path, worktree: Path, trap: str
) -> None:
    def set_trap() -> None:
        path = repository / ".git" / trap
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    if trap in {"HEAD", "config"}:
        before = take(place, [worktree])
        set_trap()
        found = compare(before, take(place, [worktree]))
    else:
        found = changes(place, worktree, set_trap)

    assert found or trap == "packed-refs"


def test_an_index_that_git_cannot_read_leaves_the_files_comparable(
    place: Place, repository: Path, worktree: Path
) -> None:
    (repository / ".git" / "index").write_bytes(b"garbage")

    found = changes(place, worktree, lambda: (repository / "README.md").write_text("changed\n"))

    assert names(found) == {("checkout", "README.md")}


def test_an_unreadable_configuration_does_not_stop_it(
    place: Place, repository: Path, worktree: Path
) -> None:
    found = changes(
        place, worktree, lambda: (repository / ".git" / "config").write_text("[broken\n")
    )

    assert names(found) == {("config", "config")}


def test_taking_runs_nothing_that_was_configured(
    place: Place, repository: Path, worktree: Path, git: RunGit, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge"):
        git(repository, "config", key, f"touch {mark}; cat")
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    (repository / "README.md").write_text("changed\n")

    take(place, [worktree])

    assert not mark.exists()


def test_a_bare_repository_has_no_checkout(repository: Path, git: RunGit, tmp_path: Path) -> None:
    git(repository, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare.git"))
    place = find_place(tmp_path / "bare.git")

    taken = take(place, [])

    assert not {one.kind for one in taken.observed} & {"index", "checkout"}


def test_a_fingerprint_survives_the_disk(
    place: Place, repository: Path, worktree: Path, tmp_path: Path
) -> None:
    Path(os.fsdecode(os.fsencode(repository) + b"/odd\xff")).write_text("x")
    taken = take(place, [worktree])

    write_document(tmp_path / "fingerprint.json", taken)

    assert read_document(Fingerprint, tmp_path / "fingerprint.json") == taken
