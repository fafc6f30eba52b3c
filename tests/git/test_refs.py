import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError, InvalidInput, RefMoved
from ropewalk.git.command import GitContext, run
from ropewalk.git.refs import (
    RefUpdate,
    domain_branch,
    epic_ref,
    is_oid,
    list_refs,
    read_ref,
    resolve_commit,
    update_refs,
    zero_oid,
)
from ropewalk.git.repository import Place, find_place
from tests.conftest import RunGit


@pytest.fixture
def commits(signed: GitContext) -> tuple[str, str]:
    head = run(signed, "rev-parse", "HEAD").text
    return head, run(signed, "commit-tree", "-p", head, "-m", "second", f"{head}^{{tree}}").text


def test_a_branch_wins_over_a_tag_of_the_same_name(
    place: Place, commits: tuple[str, str], git: RunGit
) -> None:
    git(place.top, "branch", "both", commits[0])
    git(place.top, "tag", "both", commits[1])

    assert resolve_commit(place.context, "both") == commits[0]
    assert resolve_commit(place.context, "refs/tags/both") == commits[1]


@pytest.mark.parametrize("name", ["HEAD", "main", "refs/heads/main", "HEAD~0"])
def test_every_usual_name_of_a_commit_is_understood(
    place: Place, commits: tuple[str, str], name: str
) -> None:
    assert resolve_commit(place.context, name) == commits[0]
    assert resolve_commit(place.context, commits[0]) == commits[0]


def test_an_annotated_tag_means_its_commit(
    place: Place, commits: tuple[str, str], git: RunGit
) -> None:
    git(place.top, "tag", "-a", "v1", "-m", "first")

    assert resolve_commit(place.context, "v1") == commits[0]


@pytest.mark.parametrize(
    "name", ["gone", "", "-evil", "--help", "a\0b", "a\nb", "README.md", "$(id)"]
)
def test_a_name_of_no_commit_is_refused_by_name(place: Place, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_commit(place.context, name)

    assert caught.value.code == "no_such_commit"
    assert f"'{name}'" in caught.value.message


def test_a_branch_that_looks_like_an_option_is_a_branch(
    place: Place, commits: tuple[str, str], git: RunGit
) -> None:
    git(place.top, "update-ref", "refs/heads/-evil", commits[1])

    assert resolve_commit(place.context, "-evil") == commits[1]


def test_refs_are_read_by_their_full_name_only(place: Place, commits: tuple[str, str]) -> None:
    head, second = commits
    run(place.context, "update-ref", "refs/a/b", head)
    run(place.context, "update-ref", "refs/a/bc", second)

    assert read_ref(place.context, "refs/a/b") == head
    assert read_ref(place.context, "refs/a") is None
    assert read_ref(place.context, "HEAD") == head
    assert list_refs(place.context, "refs/a/") == {"refs/a/b": head, "refs/a/bc": second}
    assert set(list_refs(place.context)) == {"refs/heads/main", "refs/a/b", "refs/a/bc"}


def test_a_transaction_creates_moves_deletes_and_verifies(
    place: Place, commits: tuple[str, str]
) -> None:
    head, second = commits
    run(place.context, "update-ref", "refs/a/move", head)
    run(place.context, "update-ref", "refs/a/delete", head)

    update_refs(
        place.context,
        [
            RefUpdate(ref="refs/a/new", new=head, old=None),
            RefUpdate(ref="refs/a/move", new=second, old=head),
            RefUpdate(ref="refs/a/delete", new=None, old=head),
            RefUpdate(ref="refs/a/none", new=None, old=None),
        ],
    )

    assert list_refs(place.context, "refs/a/") == {"refs/a/new": head, "refs/a/move": second}


def test_no_updates_are_no_call(tmp_path: Path) -> None:
    update_refs(GitContext(directory=tmp_path / "gone"), [])

    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize(("new_at", "old_at"), [(1, 1), (1, None), (None, 1)])
def test_one_moved_ref_stops_the_whole_transaction(
    place: Place, commits: tuple[str, str], new_at: int | None, old_at: int | None
) -> None:
    head = commits[0]
    new = None if new_at is None else commits[new_at]
    old = None if old_at is None else commits[old_at]
    run(place.context, "update-ref", "refs/a/moved", head)

    with pytest.raises(RefMoved) as caught:
        update_refs(
            place.context,
            [
                RefUpdate(ref="refs/a/other", new=head, old=None),
                RefUpdate(ref="refs/a/moved", new=new, old=old),
            ],
        )

    assert caught.value.message == f"refs/a/moved is at {head}, expected {old or 'nothing'}"
    assert list_refs(place.context, "refs/a/") == {"refs/a/moved": head}


def test_a_ref_that_is_gone_has_moved(place: Place, commits: tuple[str, str]) -> None:
    with pytest.raises(RefMoved, match="refs/a/gone is at nothing"):
        update_refs(place.context, [RefUpdate(ref="refs/a/gone", new=commits[1], old=commits[0])])


@pytest.mark.parametrize(
    ("present", "wanted"), [("refs/a/b", "refs/a/b/c"), ("refs/a/b/c", "refs/a/b")]
)
def test_a_name_that_would_be_a_directory_of_another_is_a_conflict(
    place: Place, commits: tuple[str, str], present: str, wanted: str
) -> None:
    run(place.context, "update-ref", present, commits[0])

    with pytest.raises(InvalidInput) as caught:
        update_refs(place.context, [RefUpdate(ref=wanted, new=commits[0], old=None)])

    assert caught.value.code == "ref_conflict"
    assert present in caught.value.message


def test_two_new_names_that_clash_with_each_other_are_a_conflict(
    place: Place, commits: tuple[str, str]
) -> None:
    updates = [RefUpdate(ref=ref, new=commits[0], old=None) for ref in ("refs/a/x", "refs/a/x/y")]

    with pytest.raises(InvalidInput) as caught:
        update_refs(place.context, updates)

    assert caught.value.code == "ref_conflict"
    assert list_refs(place.context, "refs/a/") == {}


@pytest.mark.parametrize("ref", ["main", "refs/a b", "refs/a\0b", "refs/a\nb", ""])
def test_a_name_that_is_no_full_ref_is_refused(
    place: Place, commits: tuple[str, str], ref: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        update_refs(place.context, [RefUpdate(ref=ref, new=commits[0], old=None)])

    assert caught.value.code == "ref_name"


def test_an_id_that_is_not_full_is_refused(place: Place) -> None:
    with pytest.raises(InvalidInput) as caught:
        update_refs(place.context, [RefUpdate(ref="refs/a/x", new="HEAD", old=None)])

    assert caught.value.code == "object_id"


def test_what_git_refuses_for_its_own_reasons_stays_an_error_of_git(
    place: Place, commits: tuple[str, str]
) -> None:
    with pytest.raises(GitError) as caught:
        update_refs(place.context, [RefUpdate(ref="refs/a/..", new=commits[0], old=None)])

    assert caught.value.code == "git"


def test_a_veto_of_the_persons_hook_is_an_error_and_moves_nothing(
    place: Place, commits: tuple[str, str]
) -> None:
    hook = place.git_dir / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    update = RefUpdate(ref="refs/a/x", new=commits[0], old=None)

    with pytest.raises(GitError, match="hook"):
        update_refs(replace(place.context, hooks=True), [update])

    assert read_ref(place.context, "refs/a/x") is None


def test_a_symbolic_ref_is_replaced_and_what_it_points_to_stays(
    place: Place, commits: tuple[str, str], git: RunGit
) -> None:
    head, second = commits
    git(place.top, "symbolic-ref", "refs/a/link", "refs/heads/main")

    update_refs(place.context, [RefUpdate(ref="refs/a/link", new=second, old=head)])

    assert read_ref(place.context, "refs/heads/main") == head
    assert read_ref(place.context, "refs/a/link") == second


def test_of_many_that_move_one_ref_exactly_one_succeeds(
    place: Place, commits: tuple[str, str], signed: GitContext
) -> None:
    tips = [
        run(signed, "commit-tree", "-p", commits[0], "-m", str(number), "HEAD^{tree}").text
        for number in range(6)
    ]

    def move(tip: str) -> bool:
        try:
            update_refs(place.context, [RefUpdate(ref="refs/a/x", new=tip, old=None)])
        except RefMoved:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        moved = list(pool.map(move, tips))

    assert moved.count(True) == 1
    assert read_ref(place.context, "refs/a/x") == tips[moved.index(True)]


def test_a_message_goes_to_the_reflog(place: Place, commits: tuple[str, str], git: RunGit) -> None:
    update = RefUpdate(ref="refs/heads/new", new=commits[0], old=None)

    update_refs(replace(place.context, committer=None), [update], message="ropewalk: made")

    assert "ropewalk: made" in git(place.top, "reflog", "show", "new")


def test_ids_have_the_length_of_the_repositorys_format(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "long")
    git(tmp_path / "long", "commit", "-q", "--allow-empty", "-m", "Begin")
    long = find_place(tmp_path / "long")
    head = resolve_commit(long.context, "HEAD")

    update_refs(long.context, [RefUpdate(ref="refs/a/x", new=head, old=None)])

    assert len(head) == len(zero_oid(long)) == 64
    assert zero_oid(place) == "0" * 40
    assert read_ref(long.context, "refs/a/x") == head
    assert is_oid(head)
    assert not is_oid(head[:41])


def test_refs_of_a_bare_repository_move(repository: Path, tmp_path: Path, git: RunGit) -> None:
    shutil.copytree(repository / ".git", tmp_path / "bare.git")
    git(tmp_path / "bare.git", "config", "core.bare", "true")
    bare = find_place(tmp_path / "bare.git")
    head = resolve_commit(bare.context, "main")

    update_refs(bare.context, [RefUpdate(ref="refs/a/x", new=head, old=None)])

    assert read_ref(bare.context, "refs/a/x") == head


def test_the_refs_of_an_epic_have_fixed_names() -> None:
    assert epic_ref("shop", "head", "api") == "refs/ropewalk/shop/head/api"
    assert domain_branch("shop", "api") == "refs/heads/ropewalk/shop/api"
