"""One epic from its plan to its landing and back, by what a person types."""

from pathlib import Path

import pytest

from tests.cli.conftest import AGENT, PLAN
from tests.cli.running import program, ropewalk
from tests.conftest import RunGit


def output(repository: Path, name: str) -> str:
    return (repository / ".workflow" / "outputs" / "search" / name).read_text()


def test_a_plan_shows_its_domains_and_what_comes_next(repository: Path) -> None:
    plan = repository.parent / "plan.yaml"
    plan.write_text(PLAN)

    ended = ropewalk(repository, "plan", "--from", str(plan))

    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("Epic search: Search the shop ")
    assert lines[0].endswith(" base main @ " + lines[0][-7:])
    assert lines[2].split()[:2] == ["database", "3"]
    assert any(line.startswith("Parallel: ") for line in lines)
    assert lines[-2] == "Written .workflow/outputs/search/parallel_analysis.json"
    assert lines[-1] == "next: ropewalk run search   (or first: ropewalk edit search)"
    assert max(map(len, lines[:6])) <= 80


def test_a_plan_is_read_from_standard_input_and_answered_verbatim(repository: Path) -> None:
    ended = program(repository, "plan", "--from", "-", "--json", stdin=PLAN)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == output(repository, "parallel_analysis.json")


def test_an_error_in_a_plan_names_line_and_column(repository: Path) -> None:
    plan = PLAN.replace("[database]", "[db]")

    ended = program(repository, "plan", "--from", "-", stdin=plan)

    assert ended.code == 2
    assert ended.err.splitlines()[0] == (
        "error: domain 'backend' needs 'db', which is not in the plan (standard input:9:18)"
    )
    assert ended.err.splitlines()[1].startswith("hint: ")


def test_an_epic_is_split_from_a_markdown_file(repository: Path) -> None:
    epic = repository / "search.md"
    epic.write_text("# Search\n\nChange db/models.py, api/service.py and web/app.js.\n")

    ended = ropewalk(repository, "plan", "search.md")

    assert ended.code == 0
    assert "Epic search: Search" in ended.out
    assert "db/models.py" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plan",), "give an epic, or a hand-written plan with --from"),
        (("plan", "x", "--from", "y"), "give an epic, or a hand-written plan with --from"),
        (("plan", "--from", "missing.yaml"), "the plan 'missing.yaml' cannot be read"),
        (("plan", "missing.md"), "there is no file 'missing.md'"),
        (("run", "docs/missing.md"), "there is no file 'docs/missing.md'"),
        (("run", "nothing"), "there is no epic or run called 'nothing'"),
        (("merge", "search"), "epic 'search' has not been run"),
        (("results", "search"), "epic 'search' has not been run"),
        (("retry", "search", "database"), "epic 'search' has not been run"),
        (("merge", "search", "--continue", "--abort"), "--continue and --abort exclude"),
        (("logs", "search", "--attempt", "1"), "--attempt needs a domain"),
        (("watch",), "nothing is running"),
        (("run", "search", "--domain", "nope"), "domain 'nope' is not in the plan"),
        (("run", "search"), "no agent is configured"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(
    planned: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = ropewalk(planned, *arguments)

    assert ended.code == 2
    assert not ended.out
    assert f"error: {message}" in ended.err


def test_a_dry_run_says_who_would_work_where(planned: Path) -> None:
    ended = ropewalk(planned, "run", "search", "--dry-run", "--agent-command", "true")

    assert ended.code == 0
    assert "would run search, all at once, through results; nothing was changed" in ended.out
    assert str(planned / ".worktrees" / "search" / "database") in ended.out
    assert not (planned / ".worktrees").exists()
    as_json = ropewalk(
        planned, "--json", "run", "search", "--dry-run", "--agent-command", "true", "--sequential"
    )
    assert as_json.json["mode"] == "sequential"
    assert as_json.json["domains"][0]["worktree"].endswith("_sequential")


def test_a_run_narrates_to_stderr_and_sums_up_on_stdout(planned: Path) -> None:
    ended = ropewalk(planned, "run", "search", "--agent-command", AGENT)

    assert ended.code == 6
    lines = ended.out.splitlines()
    assert lines[0].startswith("2 of 4 succeeded, 1 partial, 1 failed · ")
    assert "outside its files: outside.txt" in ended.out
    assert "ropewalk diff search frontend -- outside.txt" in ended.out
    assert "next: ropewalk results search" in ended.out
    assert "✓ database: success, 1 file +1 −0" in ended.err
    assert "checks ✓" in ended.err
    assert "✗ docs: failed (agent failed)" in ended.err


def test_a_run_with_json_answers_the_aggregate_verbatim(planned: Path) -> None:
    ended = ropewalk(planned, "--json", "-q", "run", "search", "--agent-command", AGENT)

    assert (ended.code, ended.err) == (6, "")
    assert ended.out == output(planned, "phase1_parallel_results.json")


def test_a_run_of_a_file_plans_it_first(repository: Path) -> None:
    epic = repository / "search.md"
    epic.write_text("# Search\n\nChange db/models.py, api/service.py and web/app.js.\n")

    dry = ropewalk(repository, "run", "search.md", "--dry-run", "--agent-command", "true")
    ended = ropewalk(repository, "run", "search.md", "--agent-command", "echo >> db/models.py")

    assert (dry.code, "not planned" in dry.err) == (2, True)
    assert "Epic search: Search" in ended.err
    again = ropewalk(repository, "run", "search.md", "--agent-command", "true")
    assert again.code == 2
    assert "search was planned before; that plan is run" in again.err
    assert "has been run" in again.err


def test_a_fresh_run_can_be_looked_at_before_it_is_done(finished: Path) -> None:
    dry = ropewalk(finished, "run", "search", "--fresh", "--dry-run", "--agent-command", "true")
    refused = ropewalk(finished, "run", "search", "--fresh")

    assert dry.code == 0
    assert dry.out.count(".worktrees/search/") == 4
    assert "no agent is configured" in refused.err
    assert ropewalk(finished, "results", "search").code == 0


def test_the_life_of_an_epic_on_the_command_line(finished: Path, git: RunGit) -> None:
    before = git(finished, "rev-parse", "main")

    preview = ropewalk(finished, "merge", "search", "--include", "frontend", "--dry-run")
    merged = ropewalk(finished, "-q", "merge", "search", "--include", "frontend")

    assert preview.code == 0
    assert preview.out.splitlines()[-1] == "next: ropewalk merge search --include frontend"
    assert "would check the merged tree with: " in preview.out
    assert merged.code == 6
    assert "1 database  merged" in merged.out
    assert "landed on main" in merged.out
    assert merged.out.splitlines()[-1] == "undo: ropewalk undo search"
    undone = ropewalk(finished, "-q", "undo", "search")
    assert undone.code == 0
    assert f"taken back: main is at {before[:7]}" in undone.out
    assert git(finished, "rev-parse", "main") == before


def test_a_merge_can_be_built_landed_validated_and_looked_back_at(finished: Path) -> None:
    built = ropewalk(finished, "-q", "merge", "search", "--no-land", "--skip", "docs")
    landed = ropewalk(finished, "-q", "land", "search")
    validated = ropewalk(finished, "-q", "validate", "search")
    looked = ropewalk(finished, "-q", "postmortem", "search")

    assert "built, not landed: landing was not asked for" in built.out
    assert "landed on main" in landed.out
    assert "✓ validation passed on tree" in validated.out
    assert "search: looking back" in looked.out
    assert looked.out.splitlines()[-1] == "next: ropewalk report search"


def test_a_conflict_is_shown_with_what_can_be_done(planned: Path) -> None:
    agent = "echo $ROPEWALK_DOMAIN > api/routes.py; echo found >> api/service.py"
    ropewalk(planned, "-q", "run", "search", "--agent-command", agent)

    include = ("--include", "database", "--include", "frontend", "--resolve", "off")

    ended = ropewalk(planned, "-q", "merge", "search", *include)

    assert ended.code == 3
    assert "✗ backend does not merge: api/routes.py" in ended.out
    assert "nothing on main has changed" in ended.out
    assert "--on-conflict park" in ended.out
    assert "(exit 3)" in ended.out
    opened = ropewalk(planned, "-q", "merge", "search", *include, "--on-conflict", "stop")
    assert f"resolve the conflict in {planned}/.worktrees/search/_resolve, then:" in opened.out
    aborted = ropewalk(planned, "-q", "merge", "search", "--abort")
    assert aborted.code == 0
    assert "✓ the built train was dropped; main was and is at " in aborted.out


def test_work_done_by_hand_is_collected(finished: Path) -> None:
    (finished / ".worktrees" / "search" / "docs" / "docs" / "guide.md").write_text("# New\n")

    ended = ropewalk(finished, "collect", "search", "docs")

    assert "✓ docs: success, 1 file" in ended.err
    assert "3 of 4 succeeded, 1 partial" in ended.out


def test_a_domain_is_tried_again(finished: Path) -> None:
    ended = ropewalk(
        finished,
        "retry",
        "search",
        "docs",
        "-m",
        "mind",
        "--agent-command",
        "echo >> docs/guide.md",
    )

    assert "● docs: command starts, attempt 2" in ended.err
    assert ended.out.startswith("3 of 4 succeeded")
    log = ropewalk(finished, "logs", "search", "docs", "--attempt", "1")
    assert "broken" in log.out


def test_worktrees_are_cleaned_and_restored(finished: Path) -> None:
    dry = ropewalk(finished, "clean", "search", "--unmerged")
    done = ropewalk(finished, "--yes", "clean", "search", "--unmerged")
    back = ropewalk(finished, "restore", "search", "docs")

    assert "would save and remove 4 worktrees; nothing was changed" in dry.out
    assert dry.out.splitlines()[-1] == "next: ropewalk clean search --unmerged --yes"
    assert "✓ search: 4 worktrees saved and removed" in done.out
    assert back.out.splitlines()[0] == "✓ restored: docs"
    assert (finished / ".worktrees" / "search" / "docs").is_dir()
    every = ropewalk(finished, "clean")
    assert "stays: docs: its work has not landed" in every.out


def test_with_json_stdout_is_one_document_for_each_verb(finished: Path) -> None:
    told = {}
    for line in (
        *("status", "status search", "results search", "results search docs"),
        *("merge search --dry-run", "report search", "graph search", "graph search --steps"),
        *("diff search", "logs search", "logs search docs", "clean", "clean search", "doctor"),
        *("init --dry-run", "postmortem search", "collect search", "resume search"),
        *(
            "merge search",
            "land search",
            "validate search",
            "undo search",
            "diff search --resolved",
        ),
        "run search --fresh --dry-run --agent-command true",
    ):
        ended = ropewalk(finished, "--json", *line.split())
        told[line] = (ended.code in {0, 6}, isinstance(ended.json, dict), "error" in ended.json)

    assert {line: found for line, found in told.items() if found != (True, True, False)} == {}


def test_a_conflict_is_resolved_by_hand_and_shown_afterwards(planned: Path, git: RunGit) -> None:
    agent = (
        "case $ROPEWALK_DOMAIN in database|backend) echo $ROPEWALK_DOMAIN > api/routes.py;; esac;"
        " echo found >> api/service.py"
    )
    for name in ("database", "backend"):
        ropewalk(planned, "-q", "run", "search", "--domain", name, "--agent-command", agent)
    check = ("--check", "! grep -q '<<<' api/routes.py")
    options = ("--include", "database", "--resolve", "off", *check)
    stopped = ropewalk(planned, "-q", "merge", "search", *options, "--on-conflict", "stop")
    bench = planned / ".worktrees" / "search" / "_resolve"
    (bench / "api" / "routes.py").write_text("both\n")
    git(bench, "add", "api/routes.py")

    ended = ropewalk(planned, "-q", "merge", "search", "--continue")
    decided = ropewalk(planned, "diff", "search", "--resolved")

    assert stopped.code == 3
    assert ended.code in {0, 6}, ended.out + ended.err
    assert "landed on main" in ended.out
    assert "by a person" in ended.out
    assert "+both" in decided.out
    assert "# resolved by a person" in decided.out


def test_a_run_can_go_through_to_the_look_back(planned: Path) -> None:
    through = ("--domain", "database", "--agent-command", AGENT, "--through", "postmortem")

    ended = ropewalk(planned, "-q", "run", "search", *through)

    assert ended.code == 6, ended.err
    assert ended.out.startswith("1 of 1 succeeded")
    assert "landed on main" in ended.out
    assert "search: looking back" in ended.out


def test_a_scripted_agent_is_called_scripted(planned: Path) -> None:
    (planned / "ropewalk.toml").write_text(
        "[run]\nagent = 'tape'\n[agents.tape]\nkind = 'script'\nscript = 'tape.json'\n"
    )

    ended = ropewalk(planned, "run", "search", "--domain", "database")

    assert "the agent tape is scripted: it plays what was recorded, without a model" in ended.err
