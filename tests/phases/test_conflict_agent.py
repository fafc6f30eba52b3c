"""An agent asked to resolve a conflict: what it leaves is put up for proof, and nothing is lost."""

import threading
import time
from pathlib import Path

import pytest

from ropewalk.errors import Interrupted, RopewalkError
from ropewalk.merging.resolve.values import Offered, Refused
from tests.conftest import RunGit
from tests.harness import Epic
from tests.phases.menders import NOTES, RESOLVE, clash, configure, lead


def believe(_offered: Offered) -> None:
    """Refuse nothing."""


def refuse(_offered: Offered) -> Refused:
    return Refused(reason="'pytest -q' fails", log=None)


def leftovers(epic: Epic) -> list[str]:
    folder = epic.worktree("_agent").parent
    return sorted(path.name for path in folder.iterdir() if "agent" in path.name)


def test_what_the_agent_leaves_is_offered_and_its_worktree_is_gone(epic: Epic, git: RunGit) -> None:
    clash(epic, f"{RESOLVE}; echo seen >> README.md; cat > {epic.repository}/../prompt")
    before = (
        git(epic.repository, "status", "--porcelain"),
        git(epic.repository, "rev-parse", "main"),
    )

    led = lead(epic, believe)

    (offered,) = led.offered
    assert offered.by == "agent"
    assert offered.words == (f"agent 'mender' resolved {NOTES}",)
    assert offered.edited_outside == ("README.md",)
    lines = led.read(NOTES).splitlines()
    assert lines[3:7] == ["note 4", "note api", "note 5", "note web"]
    assert led.types()[:2] == ["mend_starting", "mend_started"]
    assert led.types()[-1] == "mend_ended"
    assert leftovers(epic) == []
    after = git(epic.repository, "status", "--porcelain"), git(epic.repository, "rev-parse", "main")
    assert after == before


def test_the_agent_is_told_both_goals_both_patches_and_the_checks(epic: Epic) -> None:
    prompt = epic.repository.parent / "prompt.txt"
    clash(epic, f"cat > {prompt}; {RESOLVE}")

    lead(epic, believe)

    text = prompt.read_text()
    assert text.startswith("cd ")
    assert "does not merge with `api`" in text
    assert "Say web in the fifth note" in text
    assert "Say api in the fifth note" in text
    assert "+note web" in text
    assert "+note api" in text
    assert f"{NOTES}: content" in text
    assert "## Checks" in text


def test_the_agent_sees_git_s_attempt_with_names_for_both_sides(epic: Epic) -> None:
    seen = epic.repository.parent / "seen.txt"
    clash(
        epic, f"git show HEAD^1:{NOTES} HEAD^2:{NOTES} > {seen}; cat {NOTES} >> {seen}; {RESOLVE}"
    )

    lead(epic, believe)

    lines = seen.read_text().splitlines()
    assert lines[4] == "note api"
    assert lines[24] == "note web"
    assert "<<<<<<< train" in lines
    assert ">>>>>>> web" in lines


def test_a_refused_attempt_goes_on_from_its_own_work_and_hears_why(
    epic: Epic, tmp_path: Path
) -> None:
    prompt, log = tmp_path / "prompt.txt", tmp_path / "check.log"
    log.write_text("expected: both\n")
    clash(epic, f"cat > {prompt}; {RESOLVE}; echo again >> docs/count.txt")
    verdicts = iter((Refused(reason="'pytest -q' fails", log=str(log)), None))

    led = lead(epic, lambda _offered: next(verdicts))

    assert led.read("docs/count.txt") == "again\nagain"
    assert "Attempt 1 did not count" in prompt.read_text()
    assert "'pytest -q' fails" in prompt.read_text()
    assert "expected: both" in prompt.read_text()
    assert led.offered[1].edited_outside == ("docs/count.txt",)


def test_attempts_are_bounded_and_a_person_hears_the_last_refusal(epic: Epic) -> None:
    clash(epic, RESOLVE, merge="fix_attempts = 3")

    led = lead(epic, refuse)

    assert len(led.offered) == 1
    assert led.said == "3 attempts of agent 'mender' did not help: agent 'mender' changed nothing"


def test_a_second_merge_of_the_same_round_runs_no_agent_again(epic: Epic, tmp_path: Path) -> None:
    count = tmp_path / "count"
    clash(epic, f"echo run >> {count}; {RESOLVE}; echo x >> docs/more.txt")

    first = lead(epic, refuse)
    second = lead(epic, refuse)

    assert len(first.offered) == len(second.offered) == 2
    assert second.offered == first.offered
    assert second.types() == []
    assert count.read_text() == "run\nrun\n"


def test_an_attempt_that_ended_unseen_is_taken_over(
    epic: Epic, git: RunGit, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    clash(epic, f"echo run >> {count}; {RESOLVE}")
    blocking = "refs/ropewalk/clash/attempt"
    git(epic.repository, "update-ref", blocking, "HEAD")
    with pytest.raises(RopewalkError):
        lead(epic, believe)
    git(epic.repository, "update-ref", "-d", blocking)

    led = lead(epic, believe)

    assert count.read_text() == "run\n"
    assert led.types() == ["mend_ended"]
    assert "note web" in led.read(NOTES)
    assert leftovers(epic) == []


def test_an_attempt_that_was_stopped_is_made_again_and_its_work_is_kept(
    epic: Epic, git: RunGit, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    clash(
        epic,
        f"echo half > docs/half.txt; if ! test -e {go}; then touch {go}; sleep 60; fi; {RESOLVE}",
    )
    cancel = threading.Event()

    stopper = threading.Thread(target=set_when, args=(cancel, go))
    stopper.start()
    with pytest.raises(Interrupted):
        lead(epic, believe, cancel=cancel)
    stopper.join()

    led = lead(epic, believe)

    assert led.read("docs/half.txt") == "half"
    kept = git(epic.repository, "for-each-ref", "--format=%(refname)", "refs/ropewalk/clash/trash")
    (ref,) = [line for line in kept.splitlines() if "/trash/agent/" in line]
    assert git(epic.repository, "log", "-1", "--format=%s", ref) == "saved worktree"
    assert leftovers(epic) == []


STRAYED = [
    ("echo x >> docs/api.md; sleep 60", "timeout_s = 0.5", "ended: timeout"),
    (
        f'{RESOLVE}; git -C "$ROPEWALK_REPOSITORY" commit -q --allow-empty -m x',
        "",
        "changed ref refs/heads/main: was ",
    ),
    (
        f'{RESOLVE}; echo x >> "$ROPEWALK_REPOSITORY/README.md"',
        "",
        "changed checkout README.md: was ",
    ),
    (f"{RESOLVE}; git init -q inside", "", "left files that git"),
    ("rm -rf .git", "", "changed worktree_git"),
]


def test_an_agent_that_strays_or_hangs_offers_nothing_and_is_not_asked_again(
    epic: Epic, git: RunGit
) -> None:
    clash(epic, "true")
    for number, (command, more, said) in enumerate(STRAYED, start=2):
        configure(epic, command, more=more)

        led = lead(epic, believe, number=number)

        assert led.offered == []
        assert said in str(led.said)
        assert [data["problem"] for data in led.data("mend_ended")] == [led.said]
        pinned = git(epic.repository, "for-each-ref", "refs/ropewalk/clash/attempt")
        assert len(pinned.splitlines()) == number - 1
        assert leftovers(epic) == []
    assert git(epic.repository, "log", "-1", "--format=%s", "main") == "x"


WORKED = [
    (f"{RESOLVE}; exit 3", "note web"),
    (f"{RESOLVE}; git commit -qam mine", "note web"),
    ('echo \'{"status": "nothing_to_do"}\' > "$ROPEWALK_RESULT"', "<<<<<<< train"),
]


def test_the_tree_decides_not_the_exit_code_nor_who_commits(epic: Epic) -> None:
    clash(epic, "true")
    for number, (command, line) in enumerate(WORKED, start=2):
        configure(epic, command)

        led = lead(epic, believe, number=number)

        assert line in led.read(NOTES).splitlines()


def test_without_an_agent_the_rung_says_so(epic: Epic) -> None:
    clash(epic, RESOLVE)
    toml = epic.repository / "ropewalk.toml"

    toml.write_text("")
    none = lead(epic, believe)
    toml.write_text("[merge]\nfix_attempts = 0\n")
    never = lead(epic, believe, number=3)

    assert none.offered == never.offered == []
    assert none.said == "no agent for conflicts and failed checks is configured ([merge] agent)"
    assert never.said == "no agent may be asked (fix_attempts of [merge] is 0)"


def set_when(event: threading.Event, path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    event.set()
