"""Taking operations back through the library: the last one first, and never newer work."""

import json
import threading

import pytest

from ropewalk import api
from ropewalk.errors import Interrupted, InvalidInput, LandingRefused, WrongPhase
from ropewalk.model.merge import MergeReport, MergeStatus, OnConflict
from ropewalk.model.plan import Mode
from tests.conftest import RunGit
from tests.harness import Epic

APPEND = 'echo line >> "$ROPEWALK_DOMAIN.txt"; echo kept > "$ROPEWALK_DOMAIN.log"'


@pytest.fixture
def ran(epic: Epic) -> Epic:
    """Two domains that do not touch each other, run and collected."""
    with (epic.repository / ".git" / "info" / "exclude").open("a") as excludes:
        excludes.write("*.log\n")
    domains = [
        {"name": name, "new_files": [f"{name}.txt"], "command": APPEND} for name in ("a", "b")
    ]
    epic.plan(json.dumps({"epic_id": "back", "domains": domains, "validation": ["test -s a.txt"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    return epic


def pins(epic: Epic, git: RunGit) -> str:
    listing = git(epic.repository, "for-each-ref", "refs/heads", "refs/ropewalk/back")
    kept = ("/trash/", "/backup/", "/seen/")
    return "\n".join(line for line in listing.split("\n") if not any(k in line for k in kept))


def undo(epic: Epic) -> api.Answer:
    return api.undo(epic.workspace, "back")


def verbs(epic: Epic) -> list[tuple[str, bool]]:
    log = api.operations(epic.workspace, "back")
    return [(one.verb, one.undone) for one in log.operations]


def test_a_landing_then_its_train_are_taken_back_and_the_refs_are_as_before(
    ran: Epic, git: RunGit
) -> None:
    at_first = pins(ran, git)
    ran.merge(api.MergeOptions(land=False))
    when_built = pins(ran, git)
    api.land(ran.workspace, "back")

    landing = undo(ran)
    after_one = pins(ran, git)
    train = undo(ran)

    assert (after_one, pins(ran, git)) == (when_built, at_first)
    assert isinstance(landing.document, MergeReport)
    assert isinstance(train.document, MergeReport)
    assert {landing.document.status, train.document.status} == {MergeStatus.UNDONE}
    assert "ropewalk land back" in landing.document.next_commands
    assert verbs(ran) == [("merge", True), ("land", True)]
    with pytest.raises(WrongPhase, match="nothing of 'back' is left to take back"):
        undo(ran)


def test_a_landing_that_was_taken_back_can_be_landed_again(ran: Epic, git: RunGit) -> None:
    ran.merge(api.MergeOptions(land=False))
    first = api.land(ran.workspace, "back")
    undo(ran)

    second = api.land(ran.workspace, "back")

    assert isinstance(first.document, MergeReport)
    assert isinstance(second.document, MergeReport)
    assert second.document.status is MergeStatus.LANDED
    assert git(ran.repository, "rev-parse", "main") == first.document.target.result


def test_a_train_gives_way_to_the_one_before_it(ran: Epic, git: RunGit) -> None:
    ran.merge(api.MergeOptions(land=False, skip=("b",)))
    first = pins(ran, git)
    ran.merge(api.MergeOptions(land=False))

    undo(ran)

    assert pins(ran, git) == first


def test_a_cleaning_is_taken_back_byte_for_byte(ran: Epic) -> None:
    (ran.worktree("a") / "mine.log").write_text("ignored and mine\n")
    api.clean(ran.workspace, "back", unmerged=True, yes=True)
    was_there = ran.worktree("a").exists()

    answer = undo(ran)

    assert not was_there
    assert (ran.worktree("a") / "mine.log").read_text() == "ignored and mine\n"
    assert (ran.worktree("b") / "b.log").read_text() == "kept\n"
    assert isinstance(answer.document, api.OperationLog)
    assert verbs(ran) == [("clean", True)]


def test_a_cleaning_is_not_taken_back_over_what_lies_there_now(ran: Epic) -> None:
    api.clean(ran.workspace, "back", unmerged=True, yes=True)
    ran.worktree("a").mkdir(parents=True)
    (ran.worktree("a") / "newer").write_text("keep me")

    with pytest.raises(InvalidInput, match="exists"):
        undo(ran)

    assert (ran.worktree("a") / "newer").read_text() == "keep me"
    assert verbs(ran) == [("clean", False)]


def test_a_refused_undo_leaves_nothing_open(ran: Epic, git: RunGit) -> None:
    ran.merge()
    git(ran.repository, "commit", "--quiet", "--allow-empty", "--message=newer")
    newer = git(ran.repository, "rev-parse", "main")

    with pytest.raises(LandingRefused, match="moved on since") as caught:
        undo(ran)

    assert "git revert" in caught.value.hint
    assert git(ran.repository, "rev-parse", "main") == newer
    assert ran.state.request == {}


def test_an_open_conflict_is_not_lost_by_an_undo(epic: Epic) -> None:
    clash = "echo $ROPEWALK_DOMAIN > api/service.py"
    domains = [{"name": n, "files": ["api/**"], "command": clash} for n in ("a", "b")]
    epic.plan(json.dumps({"epic_id": "back", "domains": domains, "validation": ["true"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    off = api.Resolve.OFF
    epic.merge(api.MergeOptions(on_conflict=OnConflict.STOP, resolve=off))
    bench = epic.workspace.layout.worktree("back", "_resolve")
    (bench / "api/service.py").write_text("half resolved\n")

    with pytest.raises(WrongPhase, match="the conflict of 'b' is open"):
        undo(epic)
    aborted = api.merge(epic.workspace, "back", api.MergeOptions(abort=True))
    restored = api.restore(epic.workspace, "back", ["_resolve"])

    assert isinstance(aborted.document, MergeReport)
    assert "ropewalk restore back _resolve" in aborted.document.next_commands
    assert restored == ("_resolve-saved",)
    saved = bench.with_name("_resolve-saved") / "api/service.py"
    assert saved.read_text() == "half resolved\n"


def test_leaving_a_domain_out_puts_its_open_conflict_away(epic: Epic) -> None:
    clash = "echo $ROPEWALK_DOMAIN > api/service.py"
    domains = [{"name": n, "files": ["api/**"], "command": clash} for n in ("a", "b")]
    epic.plan(json.dumps({"epic_id": "back", "domains": domains, "validation": ["true"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    off = api.Resolve.OFF
    epic.merge(api.MergeOptions(on_conflict=OnConflict.STOP, resolve=off))

    report = epic.merge(api.MergeOptions(skip=("b",), resolve=off))

    assert report.status is MergeStatus.LANDED
    assert not epic.workspace.layout.worktree("back", "_resolve").exists()
    assert undo(epic).exit_code == 0


def test_cleaning_beside_a_run_that_was_stopped_leaves_it_to_be_resumed(
    ran: Epic,
) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        api.collect(ran.workspace, "back", cancel=stop)
    waiting = ran.state.request

    api.clean(ran.workspace, "back", unmerged=True, yes=True)

    assert waiting["verb"] == "collect"
    assert ran.state.request == waiting
