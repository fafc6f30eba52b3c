from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.errors import RopewalkError
from ropewalk.merging.report import exit_code
from ropewalk.merging.values import Clash, Proposal
from ropewalk.model.merge import MergeStatus, OnConflict, Resolution, ResolvedBy
from tests.conftest import run_git
from tests.merging.epics import EPIC, Change, Epic, entry, numbered, statuses

NOTES = "docs/notes.txt"


def edit(line: str) -> dict[str, str | None]:
    return {NOTES: numbered(line_5=line)}


def move(old: str, new: str) -> Change:
    def change(tree: Path) -> None:
        (tree / new).parent.mkdir(parents=True, exist_ok=True)
        run_git(tree, "mv", old, new)

    return change


def link(path: str, target: str) -> Change:
    def change(tree: Path) -> None:
        (tree / path).unlink(missing_ok=True)
        (tree / path).symlink_to(target)

    return change


def binary(path: str, content: bytes) -> Change:
    def change(tree: Path) -> None:
        (tree / path).write_bytes(content)

    return change


def executable(path: str, text: str) -> Change:
    def change(tree: Path) -> None:
        (tree / path).write_text(text, encoding="utf-8")
        (tree / path).chmod(0o755)

    return change


def into_folder(path: str) -> Change:
    def change(tree: Path) -> None:
        (tree / path).mkdir()
        (tree / path / "inner").write_text("inner\n", encoding="utf-8")

    return change


KINDS: dict[str, tuple[Change | dict[str, str | None], Change | dict[str, str | None], str]] = {
    "content": (edit("one"), edit("two"), NOTES),
    "add_add": ({"new.txt": "one\n"}, {"new.txt": "two\n"}, "new.txt"),
    "add_add_mode": ({"new.sh": "one\n"}, executable("new.sh", "one\n"), "new.sh"),
    "modify_delete": (edit("one"), {NOTES: None}, NOTES),
    "rename_rename": (move(NOTES, "docs/a.txt"), move(NOTES, "docs/b.txt"), "docs/a.txt"),
    "rename_delete": ({NOTES: None}, move(NOTES, "docs/b.txt"), "docs/b.txt"),
    "file_directory": (into_folder("thing"), {"thing": "file\n"}, "thing~b-side"),
    "binary": (binary("x.bin", b"\0one"), binary("x.bin", b"\0two"), "x.bin"),
    "distinct_types": ({"kind": "file\n"}, link("kind", "README.md"), "kind"),
    "case_clash": ({"Notice.txt": "one\n"}, {"notice.TXT": "two\n"}, "Notice.txt"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_conflict_is_reported_and_nothing_lands(epic: Epic, kind: str) -> None:
    first, second, path = KINDS[kind]
    if kind == "binary":
        epic.base = epic.commit(binary("x.bin", b"\0base"))
        run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    epic.domain("a-side", first)
    epic.domain("b-side", second)
    before = epic.tip()

    report = epic.merge()

    assert report.status == "conflict"
    assert exit_code(report) == 3
    assert statuses(report) == {"a-side": "merged", "b-side": "conflict"}
    conflict = entry(report, "b-side").conflict
    assert conflict is not None
    assert (path, kind) in [(one.path, str(one.kind)) for one in conflict.paths]
    assert conflict.with_domains == ("a-side",)
    assert entry(report, "b-side").reason == "conflicts with a-side"
    assert epic.tip() == before


def test_the_preview_tree_holds_markers_and_is_kept_in_the_repository(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))

    report = epic.merge()

    conflict = entry(report, "b-side").conflict
    assert conflict is not None
    assert "<<<<<<<" in epic.read(str(conflict.preview_tree), NOTES)
    assert [stage.stage for stage in conflict.paths[0].stages] == [1, 2, 3]


def test_what_is_independent_of_a_conflict_is_built_and_dependants_are_blocked(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))
    epic.domain("c-needs-b", {"c.txt": "c\n"}, depends_on=("b-side",))
    epic.domain("d-alone", {"d.txt": "d\n"})

    report = epic.merge()

    assert statuses(report) == {
        "a-side": "merged",
        "b-side": "conflict",
        "c-needs-b": "blocked",
        "d-alone": "merged",
    }
    assert entry(report, "c-needs-b").blocked_by == "b-side"
    assert epic.read(str(report.target.result), "d.txt") == "d"
    assert epic.tip() == epic.base


def test_what_is_built_beside_a_conflict_is_checked_and_does_not_land(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))

    report = epic.merge(configured=("true",))

    assert report.status is MergeStatus.CONFLICT
    assert [run.exit_code for run in report.validation.runs] == [0]
    assert epic.tip() == epic.base


def test_only_the_domains_that_really_conflict_are_named(epic: Epic) -> None:
    epic.domain("a-far", {NOTES: numbered(line_18="far away")})
    epic.domain("b-near", edit("one"))
    epic.domain("c-late", edit("two"))

    report = epic.merge()

    conflict = entry(report, "c-late").conflict
    assert conflict is not None
    assert conflict.with_domains == ("b-near",)
    assert report.matrix.pairs == 3
    assert [(one.a, one.b, one.paths) for one in report.matrix.conflicts] == [
        ("b-near", "c-late", (NOTES,))
    ]


def test_a_conflict_with_the_moved_target_names_no_domain(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    (epic.root / NOTES).write_text(numbered(line_5="moved"), encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=meanwhile")

    report = epic.merge()

    assert entry(report, "a-side").reason == "conflicts with the target"
    assert report.matrix.conflicts == ()


def test_pairs_that_cannot_clash_are_not_tried(epic: Epic) -> None:
    epic.domain("a", {"api/a.py": "A = 1\n"})
    epic.domain("b", {"db/b.py": "B = 1\n"})
    epic.domain("c", {"web/c.js": "1\n"})

    report = epic.merge(land=False)

    assert (report.matrix.pairs, report.matrix.candidates) == (3, 0)


def test_park_lands_the_rest_and_keeps_the_conflict_in_the_report(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))
    epic.domain("c-needs-b", {"c.txt": "c\n"}, depends_on=("b-side",))

    report = epic.merge(on_conflict=OnConflict.PARK)

    assert report.status == "landed"
    assert exit_code(report) == 6
    assert statuses(report) == {"a-side": "merged", "b-side": "parked", "c-needs-b": "blocked"}
    assert entry(report, "b-side").conflict is not None
    assert epic.read("main", NOTES).splitlines()[4] == "one"


def test_agent_without_an_agent_says_so_and_lands_nothing(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))

    report = epic.merge(on_conflict=OnConflict.AGENT)

    assert report.status == "conflict"
    assert entry(report, "b-side").reason == (
        "conflicts with a-side; no agent for conflicts is configured"
    )


def resolver_of(epic: Epic, asked: list[str]) -> Callable[[Clash], Proposal | None]:
    tree = run_git(epic.root, "rev-parse", f"{epic.commit(edit('both'))}^{{tree}}")

    def resolve(clash: Clash) -> Proposal:
        asked.append(clash.domain)
        resolution = Resolution(
            by=ResolvedBy.CANDIDATE, candidates_tried=2, verified_by=("true",), edited_outside=()
        )
        return Proposal(tree=tree, resolution=resolution)

    return resolve


def test_a_resolver_resolves_and_is_not_asked_again(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))
    asked: list[str] = []
    given = epic.given(land=False)
    first = epic.merge(given=given, resolver=resolver_of(epic, asked))

    second = epic.merge(given=given, resolver=resolver_of(epic, asked))

    assert asked == ["b-side"]
    assert first == second
    assert statuses(first) == {"a-side": "merged", "b-side": "resolved"}
    resolution = entry(first, "b-side").resolution
    assert resolution is not None
    assert (resolution.by, resolution.candidates_tried) == ("candidate", 2)
    assert epic.read(str(first.target.result), NOTES).splitlines()[4] == "both"
    message = run_git(epic.root, "log", "-1", "--format=%B", str(first.target.result))
    assert "Conflict-resolved-by: candidate" in message


def test_a_recorded_resolution_is_not_used_for_other_parents(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))
    asked: list[str] = []
    epic.merge(land=False, resolver=resolver_of(epic, asked))
    epic.results.pop(0)
    epic.domains.pop(0)
    epic.domain("a-side", edit("three"))

    report = epic.merge(land=False)

    assert statuses(report)["b-side"] == "conflict"


def test_attributes_of_a_domain_do_not_hide_a_conflict(epic: Epic) -> None:
    epic.domain("a-attributes", {".gitattributes": "* merge=union\n"})
    epic.domain("b-side", edit("one"))
    epic.domain("c-side", edit("two"))

    report = epic.merge()

    assert statuses(report)["c-side"] == "conflict"
    assert report.attributes_changes == ("a-attributes: .gitattributes",)
    assert report.drivers_used == ()


def test_attributes_of_the_target_are_honoured_and_named(epic: Epic) -> None:
    epic.base = epic.commit({"docs/.gitattributes": "notes.txt merge=union\n"})
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))

    report = epic.merge()

    assert report.status == "landed"
    assert report.drivers_used == (f"{NOTES}: union",)


def test_a_merge_driver_of_the_configuration_is_not_run(epic: Epic, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    run_git(epic.root, "config", "merge.evil.driver", f"touch {marker}; true")
    epic.base = epic.commit({".gitattributes": "*.txt merge=evil\n"})
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))

    report = epic.merge()

    assert not marker.exists()
    assert report.status == "conflict"
    assert report.drivers_used == (
        f"{NOTES}: text instead of evil (only git's own drivers are used)",
    )


def test_names_that_are_no_utf8_survive(epic: Epic) -> None:
    def change(content: bytes) -> Change:
        def write_file(tree: Path) -> None:
            (tree / "na\udcffme\n.txt").write_bytes(content)

        return write_file

    epic.domain("a-side", change(b"one\n"))
    epic.domain("b-side", change(b"two\n"))

    report = epic.merge()

    conflict = entry(report, "b-side").conflict
    assert conflict is not None
    assert conflict.paths[0].path == "na\udcffme\n.txt"
    assert conflict.paths[0].path_b64 == "bmH/bWUKLnR4dA=="
    assert conflict.with_domains == ("a-side",)


def test_refs_of_another_epic_and_branches_are_not_touched(epic: Epic) -> None:
    run_git(epic.root, "update-ref", "refs/ropewalk/other/result", epic.base)
    run_git(epic.root, "update-ref", f"refs/ropewalk/{EPIC}-two/step/1", epic.base)
    epic.domain("a-side", edit("one"))
    before = epic.refs("refs/heads/")

    epic.merge(land=False)

    assert epic.refs("refs/heads/") == before
    assert epic.refs(f"refs/ropewalk/{EPIC}-two/") == {"step/1": epic.base}


def test_a_failure_of_git_is_no_conflict(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    missing = "1" * 40
    epic.results[0] = type(epic.results[0])(
        **{name: getattr(epic.results[0], name) for name in epic.results[0].__slots__}
        | {"head": missing}
    )

    with pytest.raises(RopewalkError):
        epic.merge()

    assert epic.tip() == epic.base


def test_a_resolver_that_gives_up_leaves_the_conflict(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))

    report = epic.merge(on_conflict=OnConflict.AGENT, resolver=lambda _clash: None)

    assert report.status == "conflict"
    assert entry(report, "b-side").reason == "conflicts with a-side"


def test_a_damaged_record_of_a_resolution_is_not_used(epic: Epic) -> None:
    epic.domain("a-side", edit("one"))
    epic.domain("b-side", edit("two"))
    first = epic.merge(land=False)
    ours, theirs = entry(first, "b-side").parents
    tree = run_git(epic.root, "rev-parse", f"{ours}^{{tree}}")
    damaged = run_git(epic.root, "commit-tree", "-p", ours, "-p", theirs, "-m", "no record", tree)
    ref = f"refs/ropewalk/{EPIC}/resolved/b-side"
    run_git(epic.root, "update-ref", ref, damaged)

    report = epic.merge(land=False)
    asked: list[str] = []
    resolved = epic.merge(land=False, resolver=resolver_of(epic, asked))

    assert statuses(report)["b-side"] == "conflict"
    assert statuses(resolved)["b-side"] == "resolved"
    assert epic.refs()[f"trash/resolved/{damaged}"] == damaged
