"""What is found in the answers of models and agents, and what is wrong with it."""

import json
import time

import pytest

from ropewalk.planner.review import DOMAINS_MAX, FINDINGS_MAX, Review, review_answer
from ropewalk.store.schema.drafted_plan import drafted_plan_schema, find_plan_text
from tests.planner.drafts import domain, draft

TREE = ("api/routes.py", "api/service.py", "db/models.py", "db/schema.sql", "web/app.js")
GOOD = draft(domain("database", "db/**"), domain("api", "api/**", after=["database"]))


def review(answer: str) -> Review:
    return review_answer(answer, paths=TREE, briefings=("backend", "default"))


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"Here is the plan:\n\n```json\n{GOOD}\n```\nAsk if you need more.",
        f"I looked at {{api}} and {{'db'}}. The plan: {GOOD} That is all.",
        f'First {{"note": 1}}, then:\n```\n{GOOD}\n```',
    ],
    ids=["alone", "with space", "fenced", "in prose", "behind another object"],
)
def test_a_plan_is_found_wherever_it_stands_in_an_answer(answer: str) -> None:
    found = review(answer)

    assert found.findings == ()
    assert found.plan is not None
    assert [one.name for one in found.plan.domains] == ["database", "api"]


@pytest.mark.parametrize("answer", ["", "I cannot do that.", "{", "see {this}", "[1, 2]"])
def test_an_answer_without_a_plan_says_so(answer: str) -> None:
    found = review(answer)

    assert found.plan is None
    assert found.findings


def test_everything_that_is_wrong_is_found_at_once() -> None:
    found = review(
        draft(
            domain("database", "db/**", "models.py", after=["web", "api"]),
            domain("api", "../secrets", after=["database"], briefing="nobody", command="rm -rf x"),
            domain("API", "api/nope.py", checks=["pytest"]),
            validation=["make"],
        )
    )

    assert found.plan is None
    text = "\n".join(found.findings)
    assert "domain 'database' needs 'web', which is not in the plan" in text
    assert "domain name 'API' is not usable" in text
    assert "file '../secrets' leaves the repository" in text
    for field in ("validation", "command", "checks"):
        assert f"a plan that was not written by a person may not hold '{field}'" in text
    assert "domain 'database': 'models.py' matches no file" not in text
    assert "domain 'API': 'api/nope.py' matches no file: name files that exist" in text
    assert "there is no briefing 'nobody': briefings are backend, default; or null" in text


def test_fields_that_do_not_fit_are_all_named() -> None:
    answer = json.loads(GOOD)
    answer["domains"][0]["files"] = "db"
    answer["domains"][1]["effort"] = 3
    del answer["domains"][1]["name"]

    findings = "\n".join(review(json.dumps(answer)).findings)

    assert "'domains[0].files' must be a list" in findings
    assert "unknown field 'effort'" in findings
    assert "'domains[1]' needs the field 'name'" in findings


@pytest.mark.parametrize(
    ("plan", "finding"),
    [
        (draft(), "the plan has no domains"),
        (draft(domain("a", after=["a"])), "domain 'a' depends on itself"),
        (draft(domain("a", agent="claude")), "may not hold 'agent'"),
        (
            draft(domain("a", "db/**", after=["b"]), domain("b", "api/**", after=["a"])),
            "in a circle",
        ),
        (draft(domain("a", "lib/models.py")), "did you mean db/models.py?"),
        (draft(domain("a", "db/**", "!db/**")), "its patterns together match no file"),
        (draft(domain("a", "db/*.rb")), "put those that will be created under new_files"),
        (draft(domain("a", "db/\x1bmodels.py")), "control character U+001B"),
    ],
)
def test_a_plan_that_cannot_be_used_says_why(plan: str, finding: str) -> None:
    found = review(plan)

    assert found.plan is None
    assert finding in "\n".join(found.findings)


def test_a_pattern_may_match_what_its_own_domain_creates() -> None:
    found = review(draft(domain("a", "db/**", "search/**", new_files=["search/index.py"])))

    assert found.findings == ()


def test_files_of_several_domains_are_no_mistake() -> None:
    found = review(draft(domain("a", "db/**"), domain("b", "db/models.py", "api/**")))

    assert found.findings == ()


def test_findings_without_end_are_counted() -> None:
    found = review(draft(*(domain(f"d{number}", f"no/{number}") for number in range(80))))

    assert len(found.findings) == FINDINGS_MAX + 1
    assert found.findings[-1] == f"and {80 - FINDINGS_MAX} more of this kind"


def test_a_hostile_answer_is_read_in_no_time() -> None:
    began = time.perf_counter()

    for answer in ("{" * 200_000, '{"a":' * 50_000, "```\n{\n" * 20_000, '{"domains": [' * 9_000):
        assert review(answer).plan is None

    assert time.perf_counter() - began < 10


def test_a_plan_is_preferred_to_other_objects_and_half_a_plan_to_nothing() -> None:
    assert find_plan_text(f'{{"status": "ok"}} {GOOD}') == GOOD
    assert find_plan_text(GOOD[:-5]) == GOOD[:-5]


def test_the_schema_asks_for_nothing_that_is_executed_and_for_every_field() -> None:
    text = json.dumps(drafted_plan_schema())

    for word in ("command", "checks", "validation", "agent", "estimate"):
        assert word not in text
    assert text.count('"additionalProperties": false') == text.count('"type": "object"') == 2
    assert '"required": ["title", "domains"]' in text


def test_more_domains_than_anybody_would_start_agents_for_are_refused_at_once() -> None:
    found = review(draft(*(domain(f"d{number}", "api/**") for number in range(DOMAINS_MAX + 1))))

    assert found.plan is None
    assert found.findings == (f"{DOMAINS_MAX + 1} domains are too many: at most {DOMAINS_MAX}",)


def test_a_path_with_brackets_is_found_and_a_broken_pattern_is_shown_short() -> None:
    broken = f"[{'z-a' * 60}]"
    answer = draft(domain("pages", "pages/[user-id]/**"), domain("odd", broken))

    found = review_answer(answer, paths=("pages/[user-id]/edit.tsx",))

    assert len(found.findings) == 1
    assert "matches no file" in found.findings[0]
    assert broken not in found.findings[0]
