from pathlib import Path

from ropewalk.cli.narrate import Plain
from ropewalk.cli.plain_lines import plain_lines
from ropewalk.cli.progress import Progress
from tests.cli.events import MERGE, RUN, make

GOLDEN = Path(__file__).with_name("golden")


def test_every_event_of_a_run_is_told_in_the_words_of_the_board() -> None:
    told: list[str] = []
    narrator = Plain(told.append)

    for event in make((*RUN, *MERGE)):
        narrator.take(event)
        narrator.tick()
    narrator.close()

    assert "\n".join(told) + "\n" == (GOLDEN / "plain.txt").read_text()


def test_verbose_tells_every_activity() -> None:
    quiet: list[str] = []
    loud: list[str] = []
    for told, verbose in ((quiet, False), (loud, True)):
        narrator = Plain(told.append, verbose=verbose)
        for event in make(RUN):
            narrator.take(event)

    assert sum("running: pytest" in line for line in quiet) == 0
    assert sum("running: pytest" in line for line in loud) == 1


def test_events_before_the_watching_began_are_not_told_again() -> None:
    events = make((*RUN, *MERGE))
    told: list[str] = []
    narrator = Plain(told.append, past=events[: len(RUN)])

    narrator.take(events[-1])

    assert told == ["03:34 1 of 4 succeeded, 1 partial"]


def test_malformed_events_are_told_without_failing() -> None:
    events = make(
        [
            (1, "run_started", {}, None),
            (1, "agent_ended", {}, None),
            (1, "domain_collected", {}, None),
            (1, "checks_finished", {}, None),
            (1, "recovered", {}, None),
            (1, "retry_scheduled", {}, None),
            (1, "landed", {}, None),
            (1, "unknown", {}, None),
        ]
    )

    lines = [plain_lines(Progress(), event) for event in events]

    assert lines[0][0].endswith("0 domains, one after another · no agent")
    assert lines[-1] == ()


def test_an_escape_sequence_in_a_reason_is_harmless() -> None:
    data = {"domain": "a\x1b[31m", "reason": "\x1b]8;;http://x\x07link", "status": "failed"}

    (line,) = plain_lines(Progress(), make([(1, "domain_collected", data, None)])[0])

    assert "\x1b" not in line
    assert "✗ a: failed (link)" in line
