from dataclasses import replace

from ropewalk.cli.failure_view import blame_lines, fix_lines
from ropewalk.model.merge import Blame, Fix, ResolvedBy
from tests.cli.documents import REPORT

BLAME = Blame(
    domain="web",
    command="pytest -q",
    exit_code=1,
    log="/logs/check.log",
    said="AssertionError: 2 != 3",
    good="a" * 40,
    bad="b" * 40,
    together_with="api",
)


def test_a_blame_says_what_fails_with_whom_and_why_and_where_to_read_it() -> None:
    hung = replace(BLAME, domain="docs", exit_code=None, together_with=None, said="")
    report = replace(REPORT, validation=replace(REPORT.validation, blamed=(BLAME, hung)))

    lines = list(blame_lines(replace(report, target=replace(report.target, landed=True))))

    assert lines == [
        "✗ with web they fail, together with api: 'pytest -q' (exit 1)",
        "    AssertionError: 2 != 3",
        "    see /logs/check.log",
        f"    mend it: ropewalk retry {report.epic_id} web --message '…'",
        "✗ with docs they fail: 'pytest -q' (did not end in time)",
        "    see /logs/check.log",
        f"    mend it: ropewalk retry {report.epic_id} docs --message '…'",
    ]


def test_fixes_and_notes_are_said_with_the_command_that_shows_them() -> None:
    agent = Fix(
        commit="c" * 40, by=ResolvedBy.AGENT, domain="web", agent="claude", command="pytest -q"
    )
    person = replace(agent, by=ResolvedBy.PERSON, agent=None, domain=None)
    validation = replace(
        REPORT.validation, fixes=(agent, person), notes=("web: a.py newly calls 'f'",)
    )

    lines = list(fix_lines(replace(REPORT, validation=validation)))

    assert lines == [
        "▲ web: a.py newly calls 'f'",
        "▲ what web broke was mended by agent claude: look with  git show ccccccc",
        "▲ the train was mended by a person: look with  git show ccccccc",
    ]
