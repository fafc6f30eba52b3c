"""A train that fails its checks is mended: by whoever is asked for it, or by a person."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from ropewalk.errors import ConflictWaiting, WrongPhase
from ropewalk.merging.fixes import fix_message
from ropewalk.merging.report import exit_code
from ropewalk.merging.values import Broken, Fixer
from ropewalk.model.merge import OnConflict, ResolvedBy
from tests.conftest import run_git
from tests.merging import test_signed_trains
from tests.merging.epics import EPIC, Epic, statuses, write

NO_BAD = "test ! -e bad"
AGENT = OnConflict.AGENT
STOP = OnConflict.STOP
signing = test_signed_trains.signing


@pytest.fixture
def broken(epic: Epic) -> Epic:
    """An epic whose second domain of three breaks the check."""
    epic.domain("a", {"a.txt": "a\n"})
    epic.domain("b", {"bad": "bad\n"})
    epic.domain("c", {"c.txt": "c\n"})
    return epic


def fixer(epic: Epic, *changes: dict[str, str | None], seen: list[Broken]) -> Fixer:
    """Return somebody who puts one change after another on the broken train."""

    def fix(broken: Broken) -> Generator[str, Broken, str | None]:
        for change in changes:
            seen.append(broken)
            made = epic.commit(change, on=broken.commit)
            message = fix_message(
                epic_id=EPIC,
                run_id="run-1",
                domain=broken.blame.domain,
                command=broken.blame.command,
                by=ResolvedBy.AGENT,
                agent="mender",
            )
            tree = run_git(epic.root, "rev-parse", f"{made}^{{tree}}")
            commit = run_git(
                epic.root, *("commit-tree", "-p", broken.commit, "-m", message.strip(), tree)
            )
            broken = yield commit
        return "nothing more helped"

    return fix


def bench(epic: Epic) -> Path:
    return epic.root / ".worktrees" / EPIC / "_resolve"


def test_a_fix_joins_the_train_is_checked_as_a_whole_and_lands(broken: Epic) -> None:
    seen: list[Broken] = []

    report = broken.merge(
        configured=(NO_BAD,), on_conflict=AGENT, fixer=fixer(broken, {"bad": None}, seen=seen)
    )

    assert report.status == "landed"
    assert exit_code(report) == 0
    assert set(statuses(report).values()) == {"merged"}
    (fix,) = report.validation.fixes
    assert (fix.by, fix.domain, fix.agent, fix.command) == ("agent", "b", "mender", NO_BAD)
    assert fix.commit == report.target.result == broken.tip()
    assert seen[0].names == ("a", "b", "c")
    assert seen[0].blame.domain == "b"
    assert report.validation.culprit is None
    assert report.validation.method.endswith("; mended, and checked again as a whole")
    assert run_git(broken.root, "log", "-1", "--format=%s", "main").startswith("Fix after merging")
    assert not (broken.root / "bad").exists()


def test_a_fix_that_does_not_help_is_told_what_fails_then_and_the_rest_is_reported(
    broken: Epic,
) -> None:
    seen: list[Broken] = []
    worse: dict[str, str | None] = {"bad": None, "worse": "x\n"}

    report = broken.merge(
        configured=(NO_BAD, "test ! -e worse"),
        on_conflict=AGENT,
        fixer=fixer(broken, worse, {"more": "x\n"}, seen=seen),
    )

    assert report.status == "validation_failed"
    assert report.target.reason == f"'{NO_BAD}' fails from b on; nothing more helped"
    assert [one.blame.command for one in seen] == [NO_BAD, "test ! -e worse"]
    assert Path(seen[1].blame.log).is_file()
    assert statuses(report) == {"a": "merged", "b": "ejected", "c": "merged"}
    assert report.validation.fixes == ()
    assert broken.tip() == broken.base


def test_a_second_attempt_may_help_and_both_commits_are_reported(broken: Epic) -> None:
    seen: list[Broken] = []
    changes: tuple[dict[str, str | None], ...] = ({"worse": "x\n"}, {"bad": None, "worse": None})

    report = broken.merge(
        configured=(NO_BAD,), on_conflict=AGENT, fixer=fixer(broken, *changes, seen=seen)
    )

    assert report.status == "landed"
    assert len(report.validation.fixes) == 2
    assert not (broken.root / "worse").exists()


def test_a_fix_is_put_on_the_same_train_again_without_asking(broken: Epic) -> None:
    seen: list[Broken] = []
    mend = fixer(broken, {"bad": None}, seen=seen)
    first = broken.merge(configured=(NO_BAD,), on_conflict=AGENT, fixer=mend, land=False)

    second = broken.merge(configured=(NO_BAD,), land=False)

    assert len(seen) == 1
    assert second.status == first.status == "built"
    assert second.target.result == first.target.result
    assert second.validation.fixes == first.validation.fixes
    assert second.validation.method == "whole train"


def test_a_fix_stays_when_a_later_domain_joins_and_not_when_an_earlier_head_changed(
    broken: Epic,
) -> None:
    mend = fixer(broken, {"bad": None}, seen=[])
    broken.merge(configured=(NO_BAD,), on_conflict=AGENT, fixer=mend, land=False)
    broken.domain("d", {"d.txt": "d\n"})

    later = broken.merge(configured=(NO_BAD,), land=False)
    (broken.results[0], broken.domains[0]) = (broken.results[-1], broken.domains[-1])
    broken.results.pop()
    broken.domains.pop()
    other = broken.merge(configured=(NO_BAD,))

    assert later.status == "built"
    assert len(later.validation.fixes) == 1
    assert broken.read(str(later.target.result), "d.txt") == "d"
    assert other.validation.fixes == ()
    assert other.validation.culprit == "b"


def test_without_anybody_to_ask_it_is_said(broken: Epic) -> None:
    report = broken.merge(configured=(NO_BAD,), on_conflict=AGENT)

    assert exit_code(report) == 4
    reason = f"'{NO_BAD}' fails from b on; no agent for failed checks is configured"
    assert report.target.reason == reason


def test_stop_opens_the_first_prefix_that_fails_and_continue_takes_the_fix(broken: Epic) -> None:
    first = broken.merge(configured=(NO_BAD,), on_conflict=STOP)

    assert exit_code(first) == 4
    assert run_git(bench(broken), "rev-parse", "HEAD") == first.validation.blamed[0].bad
    assert run_git(bench(broken), "status", "--porcelain") == ""
    assert not (bench(broken) / "c.txt").exists()
    write(bench(broken), {"bad": None, "good": "good\n"})
    again = broken.merge(configured=(NO_BAD,), on_conflict=STOP)
    assert (bench(broken) / "good").exists()
    assert exit_code(again) == 4

    report = broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True)

    assert report.status == "landed"
    assert [(fix.by, fix.domain) for fix in report.validation.fixes] == [("person", "b")]
    assert not bench(broken).exists()
    assert broken.read("main", "good") == "good"
    assert broken.read("main", "c.txt") == "c"
    assert run_git(broken.root, "log", "-1", "--format=%P", "main").count(" ") == 0
    assert not [ref for ref in broken.refs() if ref.startswith("fixing/")]


def test_continue_refuses_a_worktree_in_which_nothing_was_mended(broken: Epic) -> None:
    broken.merge(configured=(NO_BAD,), on_conflict=STOP)

    with pytest.raises(ConflictWaiting, match="nothing was changed in"):
        broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True)
    write(bench(broken), {"x.txt": "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n"})
    with pytest.raises(ConflictWaiting, match=r"conflict markers are left in x\.txt"):
        broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True)

    assert bench(broken).exists()


def test_a_second_failure_is_opened_when_the_first_one_is_mended(broken: Epic) -> None:
    broken.domain("d", {"worse": "x\n"})
    checks = (NO_BAD, "test ! -e worse")
    broken.merge(configured=checks, on_conflict=STOP)
    write(bench(broken), {"bad": None})

    second = broken.merge(configured=checks, on_conflict=STOP, proceed=True)
    assert second.validation.culprit == "d"
    assert not (bench(broken) / "bad").exists()
    write(bench(broken), {"worse": None})
    report = broken.merge(configured=checks, on_conflict=STOP, proceed=True)

    assert report.status == "landed"
    assert [fix.domain for fix in report.validation.fixes] == ["b", "d"]


def test_abort_puts_an_open_failure_away_and_keeps_what_was_done(broken: Epic) -> None:
    broken.merge(configured=(NO_BAD,), on_conflict=STOP)
    write(bench(broken), {"half.txt": "half\n"})

    report = broken.merge(abort=True)

    assert report.status == "aborted"
    assert not bench(broken).exists()
    assert not [ref for ref in broken.refs() if ref.startswith("fixing/")]
    assert broken.read("refs/ropewalk/add-auth/trash/resolve/run-1", "half.txt") == "half"


def test_continue_goes_on_after_a_kill_behind_the_taking_of_a_fix(broken: Epic) -> None:
    broken.merge(configured=(NO_BAD,), on_conflict=STOP)
    pending = broken.refs()["fixing/b"]
    write(bench(broken), {"bad": None})
    first = broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True, land=False)

    run_git(broken.root, "update-ref", f"refs/ropewalk/{EPIC}/fixing/b", pending)
    second = broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True, land=False)
    third = broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True, land=False)

    assert first.target.result == second.target.result == third.target.result


def test_continue_refuses_a_failure_of_another_train(broken: Epic) -> None:
    broken.merge(configured=(NO_BAD,), on_conflict=STOP)
    write(bench(broken), {"bad": None})
    broken.results.pop(0)
    broken.domains.pop(0)

    with pytest.raises(WrongPhase, match="the train changed since the failure of 'b'"):
        broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True)

    assert bench(broken).exists()


def test_fixes_are_signed_where_the_person_signs_and_found_again(
    signing: Epic, tmp_path: Path
) -> None:
    test_signed_trains.use_ecdsa(signing, tmp_path)
    signing.domain("a", {"bad": "bad\n"})
    signing.domain("b", {"b.txt": "b\n"})
    signing.domain("c", {"worse": "x\n"})
    checks = (NO_BAD, "test ! -e worse")
    signing.merge(configured=checks, on_conflict=STOP)
    write(bench(signing), {"bad": None})
    signing.merge(configured=checks, on_conflict=STOP, proceed=True)
    write(bench(signing), {"worse": None})

    first = signing.merge(configured=checks, on_conflict=STOP, proceed=True, land=False)
    second = signing.merge(configured=checks, land=False)

    assert second.target.result == first.target.result
    assert [fix.domain for fix in second.validation.fixes] == ["a", "c"]
    ours = run_git(signing.root, "rev-list", "--first-parent", f"main..{first.target.result}")
    raw = [run_git(signing.root, "cat-file", "commit", oid) for oid in ours.split()]
    assert all("gpgsig" in text for text in raw)


def test_a_failure_whose_worktree_was_deleted_by_hand_is_opened_again(broken: Epic) -> None:
    broken.merge(configured=(NO_BAD,), on_conflict=STOP)
    shutil.rmtree(bench(broken))

    with pytest.raises(WrongPhase, match="was open, is gone"):
        broken.merge(configured=(NO_BAD,), on_conflict=STOP, proceed=True)
    report = broken.merge(configured=(NO_BAD,), on_conflict=STOP)

    assert report.status == "validation_failed"
    assert bench(broken).is_dir()
