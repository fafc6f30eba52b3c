"""What a screen says can be typed, typed as it stands there."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ropewalk import api
from ropewalk.model.merge import MergedDomainStatus, MergeReport
from ropewalk.model.plan import Mode
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.shell import answer, ropewalk

NOTES = "docs/notes.txt"
PROGRAMS = Path(sys.executable).parent


def domain(name: str, line: str) -> dict[str, object]:
    return {
        "name": name,
        "files": ["docs/**"],
        "command": f"sed -i 's/^{line}$/& by {name}/' {NOTES}",
    }


def begin(epic: Epic, *domains: dict[str, object]) -> None:
    """Let domains work, in a repository where no check is configured."""
    epic.plan(json.dumps({"epic_id": "both", "domains": domains}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))


def typed(repository: Path, lines: list[str]) -> int:
    """Type lines into a shell that stands in the repository; return how the last one ended."""
    path = os.pathsep.join((str(PROGRAMS), os.environ["PATH"]))
    done = subprocess.run(
        ["sh"],
        input="\n".join(lines),
        text=True,
        cwd=repository,
        env={**os.environ, "PATH": path},
        capture_output=True,
        check=False,
    )
    return done.returncode


def test_the_rest_lands_without_what_was_only_to_be_suggested(epic: Epic) -> None:
    # Two lines beside each other: git cannot merge them, and a rule could.
    begin(epic, domain("api", "note 5"), domain("web", "note 6"))
    check = ("--check", f"grep -q 'by api' {NOTES}")
    merge = ropewalk(epic.repository, "merge", "both", "--resolve", "suggest", *check)
    label = "land the rest without web:"
    row = next(line for line in merge.stdout.splitlines() if line.strip().startswith(label))

    code = typed(epic.repository, [row.partition(label)[2].strip()])

    assert (merge.code, code) == (3, 6)
    assert "by web" not in run_git(epic.repository, "show", f"main:{NOTES}")
    assert "by api" in run_git(epic.repository, "show", f"main:{NOTES}")
    shown = ropewalk(epic.repository, "diff", "both", "--resolved").stdout
    assert "see what fits now: ropewalk merge both --resolve suggest" in shown
    assert "git -C" not in shown


def test_the_lines_that_take_a_suggestion_take_it(epic: Epic) -> None:
    begin(epic, domain("api", "note 5"), domain("web", "note 6"))
    check = ("--check", f"grep -q 'by api' {NOTES}")
    merge = ropewalk(epic.repository, "merge", "both", "--resolve", "suggest", *check)
    suggested = epic.merged("web").suggestions[0].tree
    shown = ropewalk(epic.repository, "diff", "both", "--resolved").stdout.splitlines()
    at = shown.index("# take it:")
    lines = [line.removeprefix("# ") for line in shown[at + 1 : at + 3]]

    code = typed(epic.repository, lines)

    assert (merge.code, code) == (3, 0)
    assert lines[0].endswith("--resolve off --on-conflict stop")
    assert run_git(epic.repository, "rev-parse", "main^{tree}") == suggested


def test_by_hand_opens_the_conflict_that_waits_and_keeps_what_was_proved_before(epic: Epic) -> None:
    clash: dict[str, object] = {
        "files": ["api/**"],
        "command": "echo $ROPEWALK_DOMAIN > api/service.py",
    }
    others = ({**clash, "name": name} for name in ("yak", "zoo"))
    begin(epic, domain("api", "note 5"), domain("web", "note 6"), *others)
    looks = f"grep -q 'by api' {NOTES} && ! grep -q '<<<<' {NOTES}"
    merge = ropewalk(epic.repository, "merge", "both", "--check", looks)
    label = "resolve by hand, then --continue:"
    row = next(line for line in merge.stdout.splitlines() if line.strip().startswith(label))

    code = typed(epic.repository, [row.partition(label)[2].strip()])

    assert (merge.code, code) == (3, 3)
    assert epic.merged("web").status is MergedDomainStatus.RESOLVED
    assert epic.merged("zoo").status is MergedDomainStatus.CONFLICT
    opened = epic.workspace.layout.worktree("both", "_resolve") / "api/service.py"
    assert "<<<<<<<" in opened.read_text()


def test_only_the_conflict_that_would_be_opened_can_be_taken(epic: Epic) -> None:
    begin(
        epic,
        *(domain("api", "note 5"), domain("web", "note 6")),
        {**domain("zoo", "note 6"), "command": f"sed -i 's/^note 6$/zoo/' {NOTES}"},
    )
    ropewalk(epic.repository, "merge", "both", "--resolve", "suggest", "--unchecked")

    shown = ropewalk(epic.repository, "diff", "both", "zoo", "--resolved").stdout

    assert "# it can be taken when the conflict of web is resolved" in shown
    assert "git -C" not in shown


def test_an_agent_that_would_not_be_asked_is_refused_before_anything(epic: Epic) -> None:
    begin(epic, domain("api", "note 5"), domain("web", "note 6"))
    before = run_git(epic.repository, "for-each-ref")

    for resolve in ("off", "suggest"):
        ended = ropewalk(
            epic.repository, "merge", "both", "--on-conflict", "agent", "--resolve", resolve
        )

        assert ended.code == 2
        assert f"--on-conflict agent does nothing about a conflict with --resolve {resolve}" in (
            ended.stderr
        )
        assert "leave --resolve out" in ended.stderr
    assert run_git(epic.repository, "for-each-ref") == before


def test_what_is_left_out_stays_left_out_after_it_was_taken_back(epic: Epic) -> None:
    begin(epic, domain("api", "note 5"), domain("web", "note 6"))
    ropewalk(epic.repository, "merge", "both", "--skip", "web", "--check", "true")

    undone = ropewalk(epic.repository, "undo", "both", "--json")

    commands = answer(undone, MergeReport).next_commands
    assert "ropewalk merge both --skip web --check true" in commands
    assert typed(epic.repository, ["ropewalk merge both --skip web --check true"]) == 6
    assert "by web" not in run_git(epic.repository, "show", f"main:{NOTES}")


def test_a_dry_run_says_what_the_merge_itself_would_try(epic: Epic) -> None:
    begin(epic, domain("api", "note 5"), domain("web", "note 6"))
    options = ("--check", "true", "--skip", "api", "--skip", "web", "--dry-run")
    check = ("--check", "true", "--dry-run")

    clash = ropewalk(epic.repository, "merge", "both", *check)
    document = ropewalk(epic.repository, "merge", "both", *check, "--json")
    off = ropewalk(epic.repository, "merge", "both", *check, "--resolve", "off")
    none = ropewalk(epic.repository, "merge", "both", *options)

    again = "ropewalk merge both --check true"
    assert "git cannot merge this by itself" in clash.stdout
    assert f"only if the checks prove it: {again}\n" in clash.stdout
    assert answer(document, MergeReport, code=3).next_commands[0] == again
    assert "git cannot merge this by itself" not in off.stdout
    assert "next: ropewalk results both\n" in none.stdout
