"""Recordings of resolutions: the person's are read, those made through us are kept and reused."""

from collections.abc import Mapping
from pathlib import Path

from ropewalk.git.objects import tree_of
from ropewalk.merging.resolve.rerere import own_recordings, record, replay
from ropewalk.merging.values import Clash
from tests.conftest import run_git
from tests.merging.epics import Epic, numbered, snapshot_folder
from tests.merging.resolve.clashes import NOTES, clashing, two_sides

OURS = {NOTES: numbered(line_5="one")}
THEIRS = {NOTES: numbered(line_5="two")}
BOTH = numbered(line_5="one\ntwo")


def replayed(epic: Epic, clash: Clash) -> list[Mapping[str, str]]:
    found = replay(epic.place, clash)
    return [
        {path: one.content.decode() for path, one in solved.items()} for solved in found if solved
    ]


def person_records(epic: Epic, ours: str, theirs: str, resolved: str) -> None:
    """Resolve a conflict in a checkout of the person's, with rerere switched on."""
    tree = epic.scratch / "mine"
    run_git(epic.root, "worktree", "add", "--quiet", "--detach", str(tree), ours)
    run_git(tree, "-c", "rerere.enabled=true", "merge", "--quiet", theirs, exit_code=1)
    (tree / NOTES).write_text(resolved, encoding="utf-8")
    run_git(tree, "-c", "rerere.enabled=true", "rerere")
    run_git(epic.root, "worktree", "remove", "--force", str(tree))


def test_what_the_person_recorded_is_used_and_their_recordings_stay_as_they_are(epic: Epic) -> None:
    ours, theirs = two_sides(epic, OURS, THEIRS)
    person_records(epic, ours, theirs, BOTH)
    before = snapshot_folder(epic.root / ".git" / "rr-cache")

    with clashing(epic, ours, theirs) as clash:
        assert replayed(epic, clash) == [{NOTES: BOTH}]

    assert before
    assert snapshot_folder(epic.root / ".git" / "rr-cache") == before
    assert not own_recordings(epic.place).exists()


def test_without_a_recording_nothing_is_offered(epic: Epic) -> None:
    ours, theirs = two_sides(epic, OURS, THEIRS)
    (epic.root / ".git" / "rr-cache").mkdir()

    with clashing(epic, ours, theirs) as clash:
        assert replayed(epic, clash) == []


def test_what_was_resolved_once_is_used_where_the_same_hunk_conflicts_in_another_file(
    epic: Epic,
) -> None:
    ours, theirs = two_sides(epic, OURS, THEIRS)
    with clashing(epic, ours, theirs) as clash:
        record(epic.place, clash, tree_of(clash.context, epic.commit({NOTES: BOTH})))
    later = {side: {NOTES: numbered(15, line_5=side)} for side in ("one", "two")}

    with clashing(epic, epic.commit(later["two"]), epic.commit(later["one"])) as clash:
        assert replayed(epic, clash) == [{NOTES: numbered(15, line_5="one\ntwo")}]


def test_what_was_decided_last_counts(epic: Epic) -> None:
    ours, theirs = two_sides(epic, OURS, THEIRS)
    with clashing(epic, ours, theirs) as clash:
        for text in ("first", "second"):
            resolved = epic.commit({NOTES: numbered(line_5=text)})
            record(epic.place, clash, tree_of(clash.context, resolved))

        assert replayed(epic, clash) == [{NOTES: numbered(line_5="second")}]


def test_of_two_files_only_the_one_with_a_recording_is_resolved(epic: Epic) -> None:
    other = "docs/guide.md"
    ours, theirs = two_sides(epic, OURS, THEIRS)
    with clashing(epic, ours, theirs) as clash:
        record(epic.place, clash, tree_of(clash.context, epic.commit({NOTES: BOTH})))
    both_ours = epic.commit({**OURS, other: "ours\n"})
    both_theirs = epic.commit({**THEIRS, other: "theirs\n"})

    with clashing(epic, both_ours, both_theirs) as clash:
        assert replayed(epic, clash) == [{NOTES: BOTH}]


def test_a_planted_recording_that_is_a_link_or_a_pipe_is_not_read(
    epic: Epic, tmp_path: Path
) -> None:
    ours, theirs = two_sides(epic, OURS, THEIRS)
    person_records(epic, ours, theirs, BOTH)
    (recording,) = (epic.root / ".git" / "rr-cache").iterdir()
    secret = tmp_path / "secret"
    (recording / "postimage").rename(secret)
    (recording / "postimage").symlink_to(secret)

    with clashing(epic, ours, theirs) as clash:
        assert replayed(epic, clash) == []


def test_a_conflict_that_is_not_of_text_alone_is_left_to_others(epic: Epic) -> None:
    ours, theirs = two_sides(epic, {**OURS, "docs/guide.md": None}, {**THEIRS, "docs/guide.md": ""})
    with clashing(epic, ours, theirs) as clash:
        record(epic.place, clash, tree_of(clash.context, epic.commit({NOTES: BOTH})))

        assert replayed(epic, clash) == []
    assert not own_recordings(epic.place).exists()
