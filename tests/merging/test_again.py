"""The commands that a report offers repeat what was asked for, and nothing else."""

from dataclasses import replace

import pytest

from ropewalk.merging.again import merge_again, merge_by_hand, merge_with
from ropewalk.merging.merge import dry_run
from ropewalk.merging.select import select
from ropewalk.merging.values import MergeInput, MergeOptions
from ropewalk.model.merge import MergeReport, MergeStatus, OnConflict, Resolve
from ropewalk.model.result import DomainStatus
from tests.merging.epics import EPIC, Epic, numbered

NOTES = "docs/notes.txt"
BARE = f"ropewalk merge {EPIC}"
SUGGEST, OFF, AGENT = Resolve.SUGGEST, Resolve.OFF, OnConflict.AGENT


def given(epic: Epic, **options: object) -> MergeInput:
    asked = epic.given(**options)  # type: ignore[arg-type]
    return replace(asked, options=replace(asked.options, unchecked=False))


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        (MergeOptions(), ""),
        (MergeOptions(include=("a",), skip=("b", "c")), " --include a --skip b --skip c"),
        (MergeOptions(checks=("make 'x y'",)), " --check 'make '\"'\"'x y'\"'\"''"),
        (MergeOptions(into="next", squash=True), " --into next --squash"),
        (MergeOptions(window=3, unchecked=True), " --window 3 --unchecked"),
        (MergeOptions(land=False, resolve=SUGGEST), " --no-land --resolve suggest"),
        (MergeOptions(on_conflict=AGENT), " --on-conflict agent"),
    ],
)
def test_what_was_typed_is_typed_again(epic: Epic, options: MergeOptions, typed: str) -> None:
    asked = replace(epic.given(), options=options)

    again = merge_again(asked)

    assert again == BARE + typed


def test_what_the_configuration_says_is_left_out_but_not_that_nothing_is_tried(epic: Epic) -> None:
    usual = MergeOptions(on_conflict=OnConflict.PARK, squash=True, resolve=OFF)
    asked = replace(epic.given(), options=usual, defaults=usual)
    proving = replace(asked, options=replace(usual, resolve=Resolve.VERIFY))

    assert merge_again(asked) == f"{BARE} --resolve off"
    assert merge_again(proving) == f"{BARE} --resolve verify"
    assert merge_with(asked, OnConflict.PARK) == f"{BARE} --resolve off --on-conflict park"


def test_by_hand_means_that_nothing_is_resolved_before_the_person(epic: Epic) -> None:
    assert merge_by_hand(given(epic)) == f"{BARE} --resolve off --on-conflict stop"
    assert (
        merge_by_hand(given(epic, resolve=SUGGEST, skip=("a",)))
        == f"{BARE} --skip a --resolve off --on-conflict stop"
    )


def test_no_agent_is_offered_where_none_would_be_asked(epic: Epic) -> None:
    epic.domain("a", {NOTES: numbered(line_5="one")})
    epic.domain("b", {NOTES: numbered(line_5="two")})

    report = epic.merge(resolve=OFF, unchecked=False)

    assert report.next_commands == (
        f"{BARE} --resolve off --on-conflict park",
        f"{BARE} --resolve off --on-conflict stop",
    )


def test_a_dry_run_offers_the_merge_itself_where_it_would_try_more(epic: Epic) -> None:
    epic.domain("a", {NOTES: numbered(line_5="one")})
    epic.domain("b", {NOTES: numbered(line_5="two")})

    def dry(*, configured: tuple[str, ...], **options: object) -> MergeReport:
        asked = epic.given(configured=configured, unchecked=False, dry_run=True, **options)
        return dry_run(asked, epic.tools())

    proving = dry(configured=("true",), window=2)
    unproved, off = dry(configured=()), dry(configured=("true",), resolve=OFF)

    assert proving.next_commands[0] == f"{BARE} --window 2"
    assert unproved.next_commands[0] == f"{BARE} --on-conflict park"
    assert off.next_commands[0] == f"{BARE} --resolve off --on-conflict park"


def test_a_dry_run_without_conflict_offers_the_merge_and_not_what_only_a_train_can(
    epic: Epic,
) -> None:
    epic.domain("a", {"a.txt": "a\n"})

    report = epic.merge(dry_run=True, skip=(), into="main")

    assert report.next_commands == (f"{BARE} --into main --unchecked",)


def test_what_fails_a_check_is_mended_with_the_resolutions_in_it(epic: Epic) -> None:
    epic.domain("a", {"bad": "bad\n"})
    report = epic.merge(configured=("test ! -e bad",), unchecked=False, resolve=SUGGEST)

    assert report.status is MergeStatus.VALIDATION_FAILED
    assert f"{BARE} --resolve suggest --on-conflict stop" in report.next_commands
    assert not [one for one in report.next_commands if one.endswith("agent")]


def test_a_domain_of_which_some_work_landed_takes_part_without_being_typed(epic: Epic) -> None:
    epic.domain("a", {"a.txt": "a\n"}, status=DomainStatus.PARTIAL)
    asked = replace(given(epic), landed=("a",))

    selected = select(asked)

    assert list(selected.strands) == ["a"]
    assert not select(given(epic)).strands
    assert merge_again(asked) == BARE
    assert merge_again(replace(asked, options=MergeOptions(skip=("a",)))) == f"{BARE} --skip a"
