"""What is said while a conflict is resolved."""

from ropewalk.cli.plain_lines import plain_lines
from ropewalk.cli.progress import Progress, advance
from tests.cli.events import make

TRAIN = "train:2"
TRIED = {"domain": "api", "by": "candidate", "number": 2, "of": 16, "tree": "t"}
EVENTS = make(
    [
        (1, "attempt_started", {"kind": "train", "number": 1}, TRAIN),
        (1, "resolving", {"domain": "api", "by": "rerere"}, TRAIN),
        (1, "resolving", {"domain": "api", "by": "candidate"}, TRAIN),
        (2, "candidate_tried", {**TRIED, "passed": False, "why": "'pytest' fails"}, TRAIN),
        (3, "candidate_tried", {**TRIED, "number": 3, "passed": True, "why": None}, TRAIN),
        (3, "proof_weighed", {**TRIED, "number": 3, "unseen": []}, TRAIN),
        (3, "proof_weighed", {**TRIED, "number": 3, "unseen": ["NEWS.md", "a.txt"]}, TRAIN),
        (3, "conflict_resolved", {**TRIED, "number": 3, "verified_by": ["pytest"]}, TRAIN),
        (4, "conflict_resolved", {"domain": "db", "by": "person"}, TRAIN),
        (4, "conflict_resolved", {"domain": "web", "by": "agent", "number": 9, "of": 9}, TRAIN),
    ]
)


def test_a_log_says_what_was_tried_and_what_was_taken() -> None:
    lines = [line.strip() for event in EVENTS for line in plain_lines(Progress(), event)]

    assert [line.partition(" ")[2] for line in lines[1:]] == [
        "● resolving the conflict of api: trying candidates",
        "○ api: candidate 2 of 16: 'pytest' fails",
        "○ api: candidate 3 of 16 passes, but no check looks at NEWS.md, a.txt",
        "✓ api: resolved by candidate 3 of 16; proved by pytest",
        "✓ db: resolved by a person",
        "✓ web: resolved by an agent",
    ]


def test_the_board_says_what_is_being_resolved_and_forgets_it() -> None:
    progress, said = Progress(), []
    for event in EVENTS:
        progress = advance(progress, event)
        said.append(progress.doing[TRAIN])

    assert said[1:5] == [
        "resolving the conflict of api: looking for a recorded resolution",
        "resolving the conflict of api: trying candidates",
        "resolving the conflict of api: candidate 2 of 16 did not pass",
        "resolving the conflict of api: candidate 3 of 16 passed",
    ]
    assert said[-1] == "merging"
