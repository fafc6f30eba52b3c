from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.cli import endings, plan_screen, results_screen, status_screen, words
from ropewalk.model.merge import MergedDomainStatus, MergeStatus
from ropewalk.model.plan import (
    Asked,
    DecisionReason,
    Domain,
    Mode,
    Plan,
    PlanningNotes,
    ReasonCode,
)
from ropewalk.model.result import (
    DomainStatus,
    Outcome,
    Reason,
)
from ropewalk.model.status import DomainView, EpicView, StatusDocument
from ropewalk.model.validation import (
    Postmortem,
    ValidationAttempt,
    ValidationReport,
    ValidationStatus,
)
from ropewalk.report.html import report_html
from tests.cli.documents import AGGREGATE, NOTES, PLAN, REPORT, RESULT, merged

GOLDEN = Path(__file__).with_name("golden")


def plan_text(plan: Plan, notes: PlanningNotes = NOTES) -> str:
    lines = plan_screen.plan_lines(
        plan, notes, briefings={"database": "database"}, path="x.json", width=80
    )
    return "\n".join(lines) + "\n"


def test_a_plan_looks_as_promised() -> None:
    assert plan_text(PLAN) == (GOLDEN / "plan.txt").read_text()


def test_a_plan_says_what_it_took_to_ask_for_it() -> None:
    asked = Asked(
        by="model 'm-1'",
        answers=1,
        input_tokens=12_000,
        output_tokens=345,
        cache_read_tokens=300,
        cost_usd=0.0412,
    )
    kept = Asked(by="agent 'one'", saved_tokens=12_345, hits=8, lookups=13, saved_in_all=98_760)

    assert "Asked model 'm-1' once: 12,300 tokens in, 345 out, 0.0412 USD." in plan_text(
        PLAN, PlanningNotes(asked=asked)
    )
    assert "twice, the first answer could not be used: tokens not known, cost not known." in (
        plan_text(PLAN, PlanningNotes(asked=Asked(by="agent 'one'", answers=2)))
    )
    assert (
        "Asked agent 'one': answer from the cache, saved 12,345 tokens "
        "(8 of 13 look-ups found so far, 61.5 %, 98,760 tokens saved)."
    ) in plan_text(PLAN, PlanningNotes(asked=kept))


def test_a_plan_that_is_not_parallel_says_why() -> None:
    decision = replace(
        PLAN.decision,
        mode=Mode.SEQUENTIAL,
        expected_speedup=None,
        reasons=(DecisionReason(code=ReasonCode.FEW_FILES, text="3 files, fewer than 5"),),
    )

    text = plan_text(replace(PLAN, decision=decision, overlaps=PLAN.overlaps[:1]))

    assert "Parallel: no, one after another." in text
    assert "  because 3 files, fewer than 5" in text
    assert "estimated 55 min of work; cost: no estimate." in text


def test_nothing_is_estimated_when_a_domain_has_no_estimate() -> None:
    plan = replace(PLAN, domains=(Domain(name="a", paths=("a",)),), overlaps=())

    text = plan_text(plan, PlanningNotes())

    assert "time and cost: no estimate yet" in text
    assert "Sure of" not in text


def test_the_summary_looks_as_promised() -> None:
    text = "\n".join(results_screen.summary_lines(AGGREGATE, (RESULT,))) + "\n"

    assert text == (GOLDEN / "summary.txt").read_text()


def test_slower_than_one_after_another_is_said_honestly() -> None:
    summary = replace(AGGREGATE.summary, speedup_wall=0.5, cost_usd=None)

    said = results_screen.totals(replace(AGGREGATE, summary=summary))
    assert said.endswith("no gain: the agents' work was short beside what is around it")


def test_a_run_in_which_nothing_succeeded_is_not_called_faster() -> None:
    summary = replace(AGGREGATE.summary, succeeded=0, partial=0, failed=4, speedup_wall=1.6)

    said = results_screen.totals(replace(AGGREGATE, summary=summary))

    assert said.startswith("0 of 4 succeeded, 4 failed")
    assert "one after another" not in said


def test_a_refused_log_in_is_said_with_what_the_provider_told_and_what_helps() -> None:
    refused = replace(
        RESULT,
        status=DomainStatus.FAILED,
        reason=Reason.AUTH,
        attempts=(replace(RESULT.attempts[0], outcome=Outcome.AUTH),),
        summary="the provider answered 401 (authentication failed), attempt 2",
    )
    remedy = "log in to claude or give it a valid key, then  ropewalk retry search api"

    summary = list(results_screen.summary_lines(AGGREGATE, (refused,)))
    details = list(results_screen.domain_lines(refused))

    assert f"failed  auth: {refused.summary}" in summary[1]
    assert summary[2].strip() == remedy
    assert details[-1].endswith(remedy)


def test_details_are_harmless_whatever_an_agent_says() -> None:
    text = "\n".join(results_screen.domain_lines(RESULT))

    assert "\x1b" not in text
    assert "says       done <script>alert(1)</script>" in text
    assert "renamed    c.py → d.py" in text
    assert "sensitive  .envrc" in text
    assert "attempts   1: ok, 90 s" in text


def test_what_is_blocked_can_be_tried_again() -> None:
    blocked = replace(RESULT, status=DomainStatus.FAILED, reason=Reason.BLOCKED, summary="db")

    assert results_screen.why(blocked) == "blocked: db"
    assert results_screen.remedy(blocked) == "ropewalk retry search api"
    partial = replace(RESULT, reason=Reason.TIMEOUT)
    assert results_screen.remedy(partial) == "ropewalk diff search api"


def test_a_validation_names_each_round() -> None:
    check = RESULT.checks[0]
    report = ValidationReport(
        epic_id="search",
        run_id="r-1",
        status=ValidationStatus.FIXED,
        tree="9a41c07" + "0" * 33,
        attempts=(
            ValidationAttempt(number=1, commands=(check,)),
            ValidationAttempt(
                number=2, commands=(replace(check, exit_code=0),), fix_commit="f", agent="claude"
            ),
        ),
        landed=True,
    )

    text = "\n".join(endings.validation_lines(report))
    empty = "\n".join(
        endings.validation_lines(replace(report, attempts=(), status=ValidationStatus.FAILED))
    )

    assert "✓ validation fixed on tree 9a41c07" in text
    assert "  1. ✗ pytest -q (2.5 s)\n     see /c" in text
    assert "  2. ✓ pytest -q (2.5 s) after a repair by claude" in text
    assert "the repairs have landed" in text
    assert "no check is configured" in empty
    assert "next: ropewalk logs search" in empty


def test_a_look_back_compares_what_was_predicted() -> None:
    document = Postmortem(
        epic_id="search",
        run_id="r-1",
        worked=("a",),
        failed=("b",),
        predicted={"files": 3, "speedup": None, "mode": "parallel"},
        actual={"files": 4, "speedup": 2.6123, "overlaps": ["x"], "mode": "parallel"},
        briefing_changes=None,
        by="ropewalk",
    )

    lines = list(endings.postmortem_lines(document))

    assert lines[1:3] == ["  ✓ a", "  ✗ b"]
    assert ["overlaps", "no", "estimate", "x"] in [line.split() for line in lines]
    assert ["speedup", "no", "estimate", "2.6"] in [line.split() for line in lines]


def test_states_have_their_glyphs() -> None:
    domain = DomainView(
        name="api", state="in_progress", since_s=3.0, attempt=2, files_changed=1, cost_usd=0.5
    )
    epic = EpicView(
        epic_id="search",
        run_id="r-1",
        phase="work",
        state="running",
        domains=(domain,),
        next_commands=("ropewalk watch search",),
    )

    running = "\n".join(status_screen.epic_lines(epic))
    stopped = "\n".join(status_screen.epic_lines(replace(epic, state="interrupted")))
    every = "\n".join(status_screen.status_lines(StatusDocument(epics=(epic,))))

    assert "  ● api  in progress  since 3.0 s  attempt 2  1 file  0.50 USD" in running
    assert "  ▲ api  interrupted" in stopped
    assert "● search  running  work   1 in progress  ropewalk watch search" in every


def test_a_landing_in_part_names_what_is_left_out() -> None:
    good = DomainView(
        name="api", state="merged", since_s=None, attempt=1, files_changed=1, cost_usd=None
    )
    left = replace(good, name="shout", state="success")
    part = EpicView(
        epic_id="search",
        run_id="r-1",
        phase="landed",
        state="landed",
        domains=(good, left),
        next_commands=("ropewalk merge search", "ropewalk undo search"),
    )
    whole = replace(part, domains=(good,))

    first, *_ = status_screen.epic_lines(part)
    _, row, other = status_screen.status_lines(StatusDocument(epics=(part, whole)))

    assert first == "▲ search: landed in part: shout is left out · run r-1"
    assert row.startswith("▲ search  landed in part  landed")
    assert other.startswith("✓ search  landed          landed")
    assert next(iter(status_screen.epic_lines(whole))) == "✓ search: landed · run r-1"


@pytest.mark.parametrize("status", [MergedDomainStatus.EJECTED, MergedDomainStatus.PARKED])
def test_results_say_what_the_last_merge_left_out(status: MergedDomainStatus) -> None:
    result = replace(RESULT, status=DomainStatus.SUCCESS, reason=None)
    left = merged("api", status, reason="'pytest -q' fails from api on")
    report = replace(REPORT, domains=(left,))
    undone = replace(report, status=MergeStatus.UNDONE)

    first, *_ = results_screen.domain_lines(result, report)
    others = [next(results_screen.domain_lines(result, each)) for each in (None, undone, REPORT)]

    ending = f" · {status} by the last merge: 'pytest -q' fails from api on"
    assert first == f"▲ api: success · 4 files +1 −2{ending}"
    assert set(others) == {"✓ api: success · 4 files +1 −2"}


def test_a_page_escapes_everything_and_loads_nothing() -> None:
    postmortem = Postmortem(
        epic_id="search",
        run_id="r-1",
        worked=("<b>bold</b>",),
        failed=(),
        predicted={},
        actual={},
        briefing_changes=None,
        by="ropewalk",
    )

    page = report_html(
        replace(PLAN, title='<img src="x">'),
        AGGREGATE,
        (RESULT,),
        merge=REPORT,
        postmortem=postmortem,
    )

    assert "<script" not in page
    assert "<img" not in page
    assert "<b>bold" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    ("seconds", "clock", "span"),
    [
        (0, "00:00", "0.0 s"),
        (9.94, "00:09", "9.9 s"),
        (45.2, "00:45", "45 s"),
        (840, "14:00", "14 min"),
        (3599, "59:59", "1 h 00 min"),
        (3900, "1:05:00", "1 h 05 min"),
    ],
)
def test_times_carry_their_units(seconds: float, clock: str, span: str) -> None:
    assert (words.clock(seconds), words.span(seconds)) == (clock, span)


def test_wide_characters_count_as_two_columns() -> None:
    assert words.fit("検索検索", 5) == "検索…"
    assert words.pad("検", 4) == "検  "
    assert words.tokens(999) == "999 tokens"
    assert words.table([]) == []
    assert words.few([]) == ""
