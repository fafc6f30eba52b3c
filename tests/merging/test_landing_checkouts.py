"""What a checkout may look like when a train lands in it."""

from pathlib import Path

import pytest

from ropewalk.git.repository import find_place
from ropewalk.merging.landing import land
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import TARGET, Epic, numbered

NOTES = "docs/notes.txt"


@pytest.fixture
def ready(epic: Epic) -> Epic:
    """An epic that changes one file, adds one and deletes one."""
    epic.domain(
        "api",
        {NOTES: numbered(line_5="changed"), "new/file.txt": "new\n", "web/app.js": None},
    )
    return epic


def refused(epic: Epic) -> str:
    before, status = epic.tip(), epic.status()
    report = epic.merge()
    assert report.status == "land_refused", report
    assert (epic.tip(), epic.status()) == (before, status)
    return str(report.target.reason)


def landed(epic: Epic) -> MergeReport:
    report = epic.merge()
    assert report.status == "landed", report.target.reason
    return report


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_an_edit_that_git_does_not_look_at_refuses(ready: Epic, flag: str) -> None:
    run_git(ready.root, "update-index", flag, NOTES, "README.md")
    (ready.root / NOTES).write_text("mine\n", encoding="utf-8")

    reason = refused(ready)

    assert reason == f"'{NOTES}' in {ready.root} has changes that git was told not to look at"
    assert (ready.root / NOTES).read_text(encoding="utf-8") == "mine\n"


def test_an_unseen_edit_elsewhere_is_kept(ready: Epic) -> None:
    run_git(ready.root, "update-index", "--skip-worktree", "README.md")
    run_git(ready.root, "update-index", "--assume-unchanged", NOTES)
    (ready.root / "README.md").write_text("mine\n", encoding="utf-8")

    landed(ready)

    assert (ready.root / "README.md").read_text(encoding="utf-8") == "mine\n"
    assert (ready.root / NOTES).read_text(encoding="utf-8") == numbered(line_5="changed")


def test_an_unseen_link_that_points_elsewhere_refuses(epic: Epic) -> None:
    def link(tree: Path) -> None:
        (tree / "link").symlink_to("README.md")

    def link_again(tree: Path) -> None:
        (tree / "link").unlink()
        (tree / "link").symlink_to("docs")

    epic.base = epic.commit(link)
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    epic.domain("api", link_again)
    run_git(epic.root, "update-index", "--assume-unchanged", "link")
    (epic.root / "link").unlink()
    (epic.root / "link").symlink_to("mine")

    assert "git was told not to look at" in refused(epic)
    assert (epic.root / "link").readlink() == Path("mine")


def test_a_sparse_checkout_stays_sparse(ready: Epic) -> None:
    run_git(ready.root, "sparse-checkout", "set", "api", "docs")

    landed(ready)

    assert (ready.root / NOTES).read_text(encoding="utf-8") == numbered(line_5="changed")
    assert not (ready.root / "new").exists()
    assert ready.status() == ""


def test_a_file_that_is_meant_to_be_added_refuses_only_at_its_own_path(ready: Epic) -> None:
    for name in ("intended.txt", "new/file.txt"):
        (ready.root / name).parent.mkdir(exist_ok=True)
        (ready.root / name).write_text("mine\n", encoding="utf-8")
        run_git(ready.root, "add", "--intent-to-add", name)

    assert "'new/file.txt'" in refused(ready)
    run_git(ready.root, "rm", "--cached", "--quiet", "--", "new/file.txt")
    (ready.root / "new/file.txt").unlink()
    landed(ready)

    assert (ready.root / "intended.txt").read_text(encoding="utf-8") == "mine\n"
    assert " A intended.txt" in ready.status()


def test_a_link_in_the_way_is_neither_followed_nor_replaced(ready: Epic, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (ready.root / "new").symlink_to(elsewhere)

    assert "'new'" in refused(ready)
    assert (ready.root / "new").is_symlink()
    assert not list(elsewhere.iterdir())


def test_a_dangling_link_in_place_of_a_new_file_refuses(ready: Epic) -> None:
    (ready.root / "new").mkdir()
    (ready.root / "new/file.txt").symlink_to("nowhere")

    assert "'new/file.txt'" in refused(ready)


def test_a_name_that_differs_only_in_case_is_another_file(epic: Epic) -> None:
    (epic.root / "NEW.txt").write_text("mine\n", encoding="utf-8")
    is_one_file = (epic.root / "new.txt").exists()
    epic.domain("api", {"new.txt": "new\n"})

    report = epic.merge()

    assert (report.status == "land_refused") is is_one_file
    assert (epic.root / "NEW.txt").read_text(encoding="utf-8") == "mine\n"


def test_a_checkout_with_a_changed_submodule_takes_a_landing(epic: Epic, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    run_git(tmp_path, "init", "--quiet", str(inner))
    (inner / "inside.txt").write_text("inside\n", encoding="utf-8")
    run_git(inner, "add", "--all")
    run_git(inner, "commit", "--quiet", "--message=inner")
    allowed = ("-c", "protocol.file.allow=always")
    run_git(epic.root, *allowed, "submodule", "add", "--quiet", str(inner), "vendor")
    run_git(epic.root, "commit", "--quiet", "--message=submodule")
    epic.base = epic.tip()
    (epic.root / "vendor/inside.txt").write_text("mine\n", encoding="utf-8")
    epic.domain("api", {NOTES: numbered(line_5="changed")})

    landed(epic)

    assert (epic.root / "vendor/inside.txt").read_text(encoding="utf-8") == "mine\n"
    assert epic.status() == " M vendor"


def begin_cherry_pick(epic: Epic) -> None:
    other = epic.commit({"README.md": "other\n"})
    (epic.root / "README.md").write_text("this\n", encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=this")
    run_git(epic.root, "cherry-pick", other, exit_code=1)


def begin_revert(epic: Epic) -> None:
    run_git(epic.root, "commit", "--quiet", "--allow-empty", "--message=empty")
    (epic.root / "README.md").write_text("one\n", encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=one")
    (epic.root / "README.md").write_text("two\n", encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=two")
    run_git(epic.root, "revert", "--no-edit", "HEAD~1", exit_code=1)


def begin_bisect(epic: Epic) -> None:
    run_git(epic.root, "bisect", "start", "HEAD")


def begin_rebase(epic: Epic) -> None:
    other = epic.commit({"README.md": "other\n"})
    (epic.root / "README.md").write_text("this\n", encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=this")
    run_git(epic.root, "rebase", other, exit_code=1)


@pytest.mark.parametrize(
    ("begin", "operation"),
    [
        (begin_cherry_pick, "cherry-pick"),
        (begin_revert, "revert"),
        (begin_bisect, "bisect"),
        (begin_rebase, "rebase"),
    ],
)
def test_what_the_person_has_begun_refuses(epic: Epic, begin: object, operation: str) -> None:
    assert callable(begin)
    begin(epic)
    epic.base = epic.tip()
    epic.domain("api", {"new/file.txt": "new\n"})

    reason = refused(epic)

    assert f"a {operation} is in progress in {epic.root}" in reason


def test_a_branch_of_a_worktree_whose_folder_is_gone_refuses(ready: Epic, tmp_path: Path) -> None:
    run_git(ready.root, "checkout", "--quiet", "--detach")
    elsewhere = tmp_path / "elsewhere"
    run_git(ready.root, "worktree", "add", "--quiet", str(elsewhere), "main")
    elsewhere.rename(tmp_path / "moved")

    reason = refused(ready)
    run_git(ready.root, "worktree", "prune")

    assert f"is checked out in {elsewhere}, which is gone" in reason
    assert landed(ready).target.landed


def test_a_worktree_of_a_bare_repository_takes_a_landing(ready: Epic, tmp_path: Path) -> None:
    bare, worktree = tmp_path / "bare.git", tmp_path / "worktree"
    run_git(ready.root, "clone", "--quiet", "--bare", ".", str(bare))
    run_git(bare, "worktree", "add", "--quiet", str(worktree), "main")
    new = str(ready.merge(land=False).target.result)
    run_git(ready.root, "push", "--quiet", str(bare), f"{new}:refs/heads/work")
    (worktree / "README.md").write_text("dirty\n", encoding="utf-8")

    landing = land(find_place(worktree), ref=TARGET, old=ready.base, new=new, note=ready.journal)

    assert landing.reason is None
    assert run_git(worktree, "status", "--porcelain").strip() == "M README.md"
    assert run_git(worktree, "rev-parse", "HEAD") == new
