"""A resolution is said to pass the checks only where the tree that passes them holds it."""

from ropewalk.model.merge import OnConflict
from ropewalk.report.conflict_words import proof_words
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry, numbered, statuses, write

NOTES = "docs/notes.txt"


def test_a_resolution_that_is_ejected_is_not_proved_by_what_passes_without_it(epic: Epic) -> None:
    epic.domain("a", {NOTES: numbered(line_5="one")})
    epic.domain("b", {NOTES: numbered(line_5="two"), "b.txt": "b\n"})
    epic.domain("c", {"c.txt": "c\n"})
    epic.merge(on_conflict=OnConflict.STOP)
    bench = epic.root / ".worktrees" / EPIC / "_resolve"
    write(bench, {NOTES: numbered(line_5="both")})
    run_git(bench, "add", NOTES)

    report = epic.merge(proceed=True, on_conflict=OnConflict.PARK, checks=("test ! -e b.txt",))

    ejected = entry(report, "b")
    assert statuses(report) == {"a": "merged", "b": "ejected", "c": "merged"}
    assert report.target.landed
    assert ejected.resolution is not None
    assert ejected.resolution.verified_by == ()
    assert proof_words(ejected, report.validation) == "not proved: the checks fail with it"
