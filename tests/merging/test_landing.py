from pathlib import Path

import pytest

from ropewalk.git.repository import find_place
from ropewalk.merging.landing import land
from ropewalk.merging.report import exit_code
from ropewalk.model.config import Hooks
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import EPIC, TARGET, Epic, numbered

NOTES = "docs/notes.txt"


@pytest.fixture
def ready(epic: Epic) -> Epic:
    """An epic that changes one file, adds one and deletes one."""
    epic.domain(
        "api",
        {NOTES: numbered(line_5="changed"), "new/file.txt": "new\n", "web/app.js": None},
    )
    return epic


def refused(epic: Epic) -> MergeReport:
    """Merge, and require that landing is refused and nothing moved."""
    before = epic.tip()
    status = epic.status()
    report = epic.merge()
    assert report.status == "land_refused", report
    assert exit_code(report) == 5
    assert not report.target.landed
    assert epic.tip() == before
    assert epic.status() == status
    assert epic.refs()["result"] == report.target.result
    return report


def test_unrelated_changes_of_the_person_are_kept(ready: Epic) -> None:
    (ready.root / "README.md").write_text("dirty\n", encoding="utf-8")
    (ready.root / "db/schema.sql").write_text("staged\n", encoding="utf-8")
    run_git(ready.root, "add", "db/schema.sql")
    (ready.root / "untracked.txt").write_text("mine\n", encoding="utf-8")

    report = ready.merge()

    assert report.status == "landed"
    assert ready.status().splitlines() == [
        " M README.md",
        "M  db/schema.sql",
        "?? untracked.txt",
    ]
    assert (ready.root / "new/file.txt").read_text(encoding="utf-8") == "new\n"
    assert not (ready.root / "web/app.js").exists()


def test_landing_is_journalled_before_and_after(ready: Epic) -> None:
    report = ready.merge()

    kept = [
        (type_, dict(data), sync)
        for type_, data, sync in ready.journal.events
        if type_ in {"landing", "landed"}
    ]
    move = {"ref": TARGET, "old": ready.base, "new": report.target.result}
    assert kept == [("landing", move, True), ("landed", move, True)]


def test_landing_again_says_landed_and_moves_nothing(ready: Epic) -> None:
    given = ready.given()
    first = ready.merge(given=given)

    second = ready.merge(given=given)

    assert second.status == "landed"
    assert second.target == first.target


def test_a_dirty_file_in_the_way_refuses(ready: Epic) -> None:
    (ready.root / NOTES).write_text("mine\n", encoding="utf-8")

    report = refused(ready)

    assert report.target.reason == (f"'{NOTES}' in {ready.root} has changes that are not committed")
    assert (ready.root / NOTES).read_text(encoding="utf-8") == "mine\n"


def test_a_staged_file_in_the_way_refuses(ready: Epic) -> None:
    (ready.root / NOTES).write_text("mine\n", encoding="utf-8")
    run_git(ready.root, "add", NOTES)

    report = refused(ready)

    assert "has changes that are not committed" in str(report.target.reason)


def test_a_dirty_file_that_would_be_deleted_refuses(ready: Epic) -> None:
    (ready.root / "web/app.js").write_text("mine\n", encoding="utf-8")

    report = refused(ready)

    assert "'web/app.js'" in str(report.target.reason)


def test_an_untracked_file_in_the_way_refuses(ready: Epic) -> None:
    (ready.root / "new").mkdir()
    (ready.root / "new/file.txt").write_text("mine\n", encoding="utf-8")

    report = refused(ready)

    assert "'new/file.txt'" in str(report.target.reason)
    assert (ready.root / "new/file.txt").read_text(encoding="utf-8") == "mine\n"


def test_an_ignored_file_in_the_way_refuses(epic: Epic) -> None:
    epic.base = epic.commit({".gitignore": ".env\n"})
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    (epic.root / ".env").write_text("SECRET=1\n", encoding="utf-8")
    epic.domain("api", {".env": "SECRET=none\n"})

    report = refused(epic)

    assert "'.env'" in str(report.target.reason)
    assert (epic.root / ".env").read_text(encoding="utf-8") == "SECRET=1\n"


def test_an_untracked_file_where_a_folder_comes_refuses(ready: Epic) -> None:
    (ready.root / "new").write_text("mine\n", encoding="utf-8")

    report = refused(ready)

    assert "'new'" in str(report.target.reason)


def test_an_ignored_folder_where_a_file_comes_refuses(epic: Epic) -> None:
    epic.base = epic.commit({".gitignore": "build/\n"})
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    (epic.root / "build").mkdir()
    (epic.root / "build/out").write_text("mine\n", encoding="utf-8")
    epic.domain("api", {"build": "a file\n"})

    report = refused(epic)

    assert "'build/out'" in str(report.target.reason)
    assert (epic.root / "build/out").exists()


def test_a_folder_that_becomes_a_file_lands(epic: Epic) -> None:
    epic.domain("api", {"web/app.js": None, "web/index.html": None})
    epic.domain("web", {"web": "a file\n"}, on=epic.heads["api"], depends_on=("api",))

    report = epic.merge()

    assert report.status == "landed"
    assert (epic.root / "web").read_text(encoding="utf-8") == "a file\n"


def test_a_merge_in_progress_refuses(ready: Epic) -> None:
    other = ready.commit({"README.md": "other\n"})
    run_git(ready.root, "merge", "--no-commit", "--no-ff", "--quiet", other)

    report = refused(ready)

    assert report.target.reason == f"a merge is in progress in {ready.root}"
    assert (ready.root / ".git/MERGE_HEAD").exists()


def test_a_train_whose_target_moved_since_is_refused(ready: Epic) -> None:
    built = ready.merge(land=False)
    run_git(ready.root, "commit", "--quiet", "--allow-empty", "--message=meanwhile")
    moved = ready.tip()

    landing = land(
        ready.place, ref=TARGET, old=ready.base, new=built.target.result or "", note=ready.journal
    )

    assert landing.has_moved
    assert landing.reason == (
        f"{TARGET} moved: it is at {moved}, the train was built on {ready.base}"
    )
    assert ready.tip() == moved


def test_a_detached_checkout_is_left_alone_and_the_branch_moves(ready: Epic) -> None:
    run_git(ready.root, "checkout", "--quiet", "--detach")
    (ready.root / NOTES).write_text("mine\n", encoding="utf-8")

    report = ready.merge()

    assert report.status == "landed"
    assert ready.tip() == report.target.result
    assert run_git(ready.root, "rev-parse", "HEAD") == ready.base
    assert (ready.root / NOTES).read_text(encoding="utf-8") == "mine\n"


def test_a_target_checked_out_in_another_worktree_is_moved_there(
    ready: Epic, tmp_path: Path
) -> None:
    run_git(ready.root, "checkout", "--quiet", "-b", "elsewhere")
    other = tmp_path / "other"
    run_git(ready.root, "worktree", "add", "--quiet", str(other), "main")

    report = ready.merge()

    assert report.status == "landed"
    assert (other / "new/file.txt").exists()
    assert run_git(other, "status", "--porcelain") == ""
    assert not (ready.root / "new").exists()


def test_a_dirty_file_in_another_worktree_refuses(ready: Epic, tmp_path: Path) -> None:
    run_git(ready.root, "checkout", "--quiet", "-b", "elsewhere")
    other = tmp_path / "other"
    run_git(ready.root, "worktree", "add", "--quiet", str(other), "main")
    (other / NOTES).write_text("mine\n", encoding="utf-8")

    report = refused(ready)

    assert str(other) in str(report.target.reason)


def test_a_target_checked_out_twice_refuses(ready: Epic, tmp_path: Path) -> None:
    other = tmp_path / "other"
    run_git(ready.root, "worktree", "add", "--quiet", "--detach", str(other))
    run_git(other, "checkout", "--quiet", "--ignore-other-worktrees", "main")

    report = refused(ready)

    assert "checked out more than once" in str(report.target.reason)


def test_the_hooks_of_the_person_run_only_when_asked(ready: Epic, tmp_path: Path) -> None:
    marker = tmp_path / "hook"
    hook = ready.root / ".git/hooks/post-merge"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho ran >> {marker}\n", encoding="utf-8")
    hook.chmod(0o755)
    ready.domain("web", {"web/x.js": "1\n"})

    ready.merge(skip=("web",), hooks=Hooks.SKIP)
    quiet = marker.exists()
    ready.merge(hooks=Hooks.RUN)

    assert not quiet
    assert marker.read_text(encoding="utf-8") == "ran\n"


def test_a_failing_post_merge_hook_does_not_hide_that_it_landed(ready: Epic) -> None:
    hook = ready.root / ".git/hooks/post-merge"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)

    report = ready.merge(hooks=Hooks.RUN)

    assert report.status == "landed"
    assert ready.tip() == report.target.result


def test_a_veto_of_the_reference_transaction_hook_refuses(ready: Epic) -> None:
    run_git(ready.root, "checkout", "--quiet", "--detach")
    hook = ready.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != prepared ]\n', encoding="utf-8")
    hook.chmod(0o755)

    report = ready.merge(hooks=Hooks.RUN)

    assert report.status == "land_refused"
    assert ready.tip() == ready.base


def test_a_veto_while_the_target_is_checked_out_leaves_the_checkout_as_it_was(ready: Epic) -> None:
    hook = ready.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    veto = '#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/main\n'
    hook.write_text(veto, encoding="utf-8")
    hook.chmod(0o755)

    report = ready.merge(hooks=Hooks.RUN)

    assert report.status == "land_refused"
    assert ready.tip() == ready.base
    assert run_git(ready.root, "status", "--porcelain", "--untracked-files=no") == ""


def test_without_any_check_landing_needs_unchecked(ready: Epic) -> None:
    report = ready.merge(unchecked=False)

    assert report.status == "land_refused"
    assert exit_code(report) == 5
    assert report.target.reason == "no check is configured, and --unchecked was not given"
    assert ready.tip() == ready.base


def test_unchecked_is_said_in_the_report(ready: Epic) -> None:
    report = ready.merge(unchecked=True)

    assert report.target.unchecked
    assert report.validation.method == "no check is configured"


def test_not_landing_builds_and_pins_only(ready: Epic) -> None:
    report = ready.merge(land=False)

    assert report.status == "built"
    assert exit_code(report) == 0
    assert ready.tip() == ready.base
    assert ready.refs()["result"] == report.target.result
    assert report.next_commands == (f"ropewalk land {EPIC}", f"ropewalk undo {EPIC}")


def test_a_bare_repository_is_built_in_and_not_landed_in(epic: Epic, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    run_git(epic.root, "clone", "--quiet", "--bare", ".", str(bare))
    new = epic.commit({"x.txt": "x\n"})
    run_git(epic.root, "push", "--quiet", str(bare), f"{new}:refs/heads/work")

    landing = land(find_place(bare), ref=TARGET, old=epic.base, new=new, note=epic.journal)

    assert landing.reason == (
        "the repository is bare: there is no checkout to land in (git worktree add makes one)"
    )
    assert run_git(bare, "rev-parse", TARGET) == epic.base


def test_a_commit_that_does_not_contain_the_target_is_refused(epic: Epic) -> None:
    other = epic.commit({"x.txt": "x\n"})
    run_git(epic.root, "commit", "--quiet", "--allow-empty", "--message=meanwhile")

    landing = land(epic.place, ref=TARGET, old=epic.tip(), new=other, note=epic.journal)

    assert "it would not be a fast-forward" in str(landing.reason)
