import json
import os
import tomllib
from pathlib import Path

import pytest

from ropewalk.agents.survey import find_programs, survey
from ropewalk.epic.doctor import examine
from ropewalk.epic.init import propose_rules
from ropewalk.epic.templates import Found, FoundAgent, config_text
from ropewalk.store.schema.config_file import parse_config
from tests.cli.running import program, ropewalk
from tests.conftest import RunGit


def test_init_writes_what_it_finds_and_overwrites_nothing(repository: Path, git: RunGit) -> None:
    (repository / "briefings").mkdir()
    (repository / "briefings" / "docs.md").write_text("mine\n")

    first = ropewalk(repository, "init")
    second = ropewalk(repository, "init")

    assert first.code == second.code == 0
    assert "✓ ropewalk.toml: written" in first.out
    assert "▲ briefings/docs.md: exists and was left alone" in first.out
    assert second.out.count("exists and was left alone") == 7
    assert (repository / "briefings" / "docs.md").read_text() == "mine\n"
    config = tomllib.loads((repository / "ropewalk.toml").read_text())
    assert config["checks"]["commands"] == ["pytest -q"]
    assert [rule["name"] for rule in config["domain"]] == [
        *("database", "backend", "frontend", "docs", "tests"),
    ]
    exclude = (repository / ".git" / "info" / "exclude").read_text()
    assert "/.workflow/runs/" in exclude
    assert git(repository, "status", "--short") == "?? briefings/\n?? ropewalk.toml"
    assert ropewalk(repository, "doctor").code == 0


def test_a_dry_run_of_init_writes_nothing(repository: Path, git: RunGit) -> None:
    ended = ropewalk(repository, "--json", "init", "--dry-run")

    assert {file["action"] for file in ended.json["files"]} == {"would_write"}
    assert ended.json["domains"][0] == "database"
    assert git(repository, "status", "--short") == ""


def test_init_names_the_agents_that_are_installed(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "claude").write_text("#!/bin/sh\n")
    (folder / "claude").chmod(0o755)

    ended = program(repository, "init", PATH=f"{folder}:{os.environ['PATH']}")

    assert "agents found: claude" in ended.out
    assert "claude" in (repository / "ropewalk.toml").read_text()


@pytest.mark.parametrize(
    "found",
    [
        Found(),
        Found(checks=('say "x"', "make test"), rules=propose_rules(["db/a.sql", "web/b.css"])),
        Found(agents=(FoundAgent(name="claude", program="/bin/claude", usable=True),)),
        Found(agents=(FoundAgent(name="codex", program="/bin/codex", usable=False),)),
    ],
)
def test_a_new_configuration_loads(found: Found) -> None:
    config = parse_config(config_text(found).encode(), name="ropewalk.toml")

    usable = [agent.name for agent in found.agents if agent.usable]
    assert list(config.agents) == usable
    assert config.run.agent == next(iter(usable), None)
    assert config.checks.commands == found.checks
    assert config.domain == found.rules


def install(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with coding agents: one that is good, too old, retired, and one without adapter."""
    folder = tmp_path / "bin"
    install(folder, "claude", "echo '2.1.999 (Claude Code)'")
    install(folder, "codex", "echo 'codex-cli 0.1.0'")
    install(folder, "kimi", "echo 'kimi-cli is retired'")
    install(folder, "aider", "exit 9")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-key-0815")
    return folder


def test_init_proposes_the_agents_that_can_be_used_and_says_why_others_cannot(
    repository: Path, programs: Path
) -> None:
    ended = ropewalk(repository, "init")

    text = (repository / "ropewalk.toml").read_text()
    config = tomllib.loads(text)
    assert config["run"]["agent"] == "claude"
    assert config["agents"] == {"claude": {"kind": "claude"}}
    assert f"# version 2.1.999, found as {programs}/claude" in text
    assert "# codex is installed" in text
    assert "# version 0.1.0 is too old" in text
    assert "agents found: claude, codex; claude is the default" in ended.out
    assert "▲ not usable as they are: codex; ropewalk doctor says why" in ended.out


def test_the_doctor_says_what_agents_may_do_and_see_and_how_many_fit(
    repository: Path, programs: Path
) -> None:
    (repository / "ropewalk.toml").write_text(
        "[run]\nagent = 'claude'\n"
        "[agents.claude]\nkind = 'claude'\npermission = 'read'\nmemory_mb = 1\nslots = 3\n"
        "env_pass = ['MY_KEY']\nenv = { OTHER_KEY = 'canary-key-0815' }\n"
        "[agents.moon]\nkind = 'command'\nshell = 'kimi -p'\nhome = 'private'\n"
    )

    ended = ropewalk(repository, "doctor")
    as_json = ropewalk(repository, "doctor", "--json").json

    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "✓ agent claude (claude) 2.1.999, the default" in lines
    assert "may: read and search files" in lines
    assert "sees: your HOME, ANTHROPIC_API_KEY, OTHER_KEY" in lines
    assert "memory: 1 MB each, so 3 fit at once now" in lines
    assert any("▲ agent moon (command): kimi is retired" in line for line in lines)
    assert any("codex is installed and cannot be used: version 0.1.0" in line for line in lines)
    assert any("aider is installed; its command line can be an agent" in line for line in lines)
    assert "canary" not in ended.out
    details = [finding["details"] for finding in as_json["findings"] if finding["details"]]
    assert details[0][0] == "may: read and search files"


def test_a_program_that_does_not_answer_in_time_is_named(programs: Path, tmp_path: Path) -> None:
    install(programs, "claude", f"touch {tmp_path}/asked; exec sleep 60")
    agents = find_programs(os.environ)

    found = {one.info.name: one.info for one in survey(agents, os.environ, patience_s=0.5)}

    assert found["claude"].problem == "it did not say its version within 0.5 s"
    assert set(found) == {"claude", "codex"}


def test_rules_look_into_folders_that_say_nothing() -> None:
    rules = propose_rules(
        ["src/db/a.sql", "src/api/b.py", "src/main.py", ".ci/x.py", "README.md", "od[d/x.py"]
    )

    assert {rule.name: rule.files for rule in rules} == {
        "database": ("src/db/**",),
        "backend": ("src/**", "src/api/**"),
    }
    assert propose_rules(["a/x.py", "b/y.py"]) == ()


def test_the_doctor_names_what_stops_work(tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, "--json", "doctor")

    assert ended.code == 1
    assert ended.json["healthy"] is False
    (problem,) = [f for f in ended.json["findings"] if f["level"] == "problem"]
    assert problem["subject"] == "repository"
    assert "work is stopped" in ropewalk(tmp_path, "doctor").out


def test_the_doctor_says_that_nobody_can_work_before_an_agent_is_configured(
    repository: Path,
) -> None:
    ended = ropewalk(repository, "doctor")

    assert ended.code == 0
    assert "▲ agent          no agent is configured\n" in ended.out
    assert "ropewalk init, or ropewalk run EPIC --agent-command" in ended.out
    assert "nothing stops work" not in ended.out
    assert "what is marked ▲ can stop some work" in ended.out


def test_the_doctor_goes_on_past_a_broken_configuration(repository: Path) -> None:
    (repository / "ropewalk.toml").write_text("[run]\nagnet = 'x'\n")

    ended = ropewalk(repository, "doctor")

    assert ended.code == 1
    assert "✗ configuration" in ended.out
    assert "ropewalk.toml:2:1" in ended.out
    assert "✓ disk" in ended.out


def test_the_doctor_sees_agents_checks_and_what_is_in_progress(
    repository: Path, git: RunGit
) -> None:
    (repository / "ropewalk.toml").write_text(
        "[run]\nagent = 'gone'\n[checks]\ncommands = ['true']\n"
        "[agents.gone]\nkind = 'command'\nargv = ['no-such-program-here']\n"
        "[agents.there]\nkind = 'command'\nshell = 'true'\n"
    )
    (repository / ".git" / "MERGE_HEAD").write_text(git(repository, "rev-parse", "HEAD") + "\n")
    (repository / ".git" / "index.lock").touch()
    git(repository, "update-ref", "--no-deref", "HEAD", "HEAD")
    (repository / ".worktrees" / "old" / "api").mkdir(parents=True)

    found = examine(repository, env=os.environ)

    told = {(each.subject, each.level.value): each.text for each in found.findings}
    assert not found.healthy
    assert "gone" in told["agent", "problem"]
    assert "there" in told["agent", "ok"]
    assert told["checks", "ok"] == "true"
    assert "old/api belongs to no run" in told["leftovers", "attention"]
    assert any("a merge is in progress" in each.text for each in found.findings)
    assert any("index.lock" in each.text for each in found.findings)


def test_the_doctor_says_that_head_is_detached_and_nobody_signs(
    repository: Path, git: RunGit
) -> None:
    git(repository, "checkout", "--quiet", "--detach")

    ended = program(repository, "--json", "doctor", GIT_AUTHOR_NAME="", GIT_AUTHOR_EMAIL="")

    texts = " ".join(finding["text"] for finding in json.loads(ended.out)["findings"])
    assert "no branch is checked out" in texts


def test_the_doctor_names_worktrees_that_are_no_longer_needed(finished: Path) -> None:
    ropewalk(finished, "-q", "merge", "search", "--include", "frontend")
    ropewalk(finished, "restore", "search", "database")

    ended = ropewalk(finished, "doctor")

    assert "worktrees of 'search' whose work has landed: database" in ended.out
