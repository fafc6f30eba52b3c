"""What a project needs beside its commit is brought into each worktree, and never committed."""

import json
from pathlib import Path

from ropewalk import api
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, Reason
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.scenes import add_files

CONFIG = """
[worktree]
copy = ["settings"]
symlink = ["vendor"]
setup = ["mkdir -p generated && echo VALUE=3 > generated/values.py"]
"""
IGNORED = "/.env\n/settings/\n/vendor\n/generated/\n__pycache__/\n"
TEST = """
import pathlib, sys
sys.path.insert(0, "vendor")
import library
from generated import values
assert library.ANSWER == 42
assert values.VALUE == 3
assert pathlib.Path(".env").read_text() == "SECRET=canary\\n"
assert pathlib.Path("settings/local.ini").read_text() == "debug = 1\\n"
assert pathlib.Path("api/service.py").read_text()
"""
BROUGHT = (".env", "settings/local.ini", "vendor", "vendor/library.py", "generated/values.py")


def make_project(repository: Path) -> None:
    """A project whose tests need four things that git does not have."""
    add_files(
        repository,
        {".gitignore": IGNORED, ".worktreeinclude": ".env\n", "run_tests.py": TEST},
    )
    for name, text in {
        ".env": "SECRET=canary\n",
        "settings/local.ini": "debug = 1\n",
        "vendor/library.py": "ANSWER = 42\n",
    }.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(text)
    (repository / "ropewalk.toml").write_text(CONFIG)


def test_the_tests_of_a_project_run_in_its_worktrees_and_on_the_merged_tree(
    epic: Epic, git: RunGit
) -> None:
    make_project(epic.repository)
    check = "python3 -B run_tests.py"
    domains = [
        {
            "name": name,
            "files": [f"{name}/**", ".gitignore"],
            "command": f"set -e; {check}; echo '# more' >> {file}; {more}",
            "checks": [check],
        }
        for name, file, more in (
            ("api", "api/service.py", "true"),
            ("db", "db/models.py", ": > .gitignore"),
        )
    ]
    epic.plan(json.dumps({"epic_id": "env", "domains": domains, "validation": [check]}))

    epic.run()
    results = [epic.result(name) for name in ("api", "db")]
    merged = epic.merge()

    assert [result.status for result in results] == [DomainStatus.SUCCESS] * 2
    assert [result.files.paths for result in results] == [
        ("api/service.py",),
        (".gitignore", "db/models.py"),
    ]
    assert merged.status is MergeStatus.LANDED
    assert [run.exit_code for run in merged.validation.runs] == [0]
    kept = [f"--glob=refs/ropewalk/env/{name}" for name in ("head", "result", "backup")]
    committed = git(epic.repository, "log", "--branches", *kept, "--name-only", "--format=")
    assert "db/models.py" in committed.splitlines()
    assert not set(BROUGHT) & set(committed.splitlines())
    assert (epic.repository / "vendor" / "library.py").read_text() == "ANSWER = 42\n"
    assert (epic.repository / ".env").read_text() == "SECRET=canary\n"


def test_what_was_brought_in_is_not_committed_even_when_the_agent_committed_it(
    epic: Epic, git: RunGit
) -> None:
    make_project(epic.repository)
    stubborn = "git add -f .env settings generated && git commit -qm 'all of it'"
    domains = [
        {
            "name": "api",
            "files": ["api/**", ".env", "settings/**", "generated/**"],
            "command": f"echo '# more' >> api/service.py; git commit -qam mine; {stubborn}; "
            "git rm -qr --cached .env && git commit -qm 'and back'; echo late >> api/routes.py",
        },
        {"name": "db", "files": ["db/**", ".env"], "command": f"git add -f .env; {stubborn}"},
    ]
    epic.plan(json.dumps({"epic_id": "env", "domains": domains, "validation": ["true"]}))

    epic.run()
    merged = epic.merge()

    api, database = epic.result("api"), epic.result("db")
    assert (api.status, api.files.paths) == (
        DomainStatus.SUCCESS,
        ("api/routes.py", "api/service.py"),
    )
    assert "not committed, it was brought in: .env" in api.mismatches
    assert (database.status, database.reason) == (DomainStatus.FAILED, Reason.NO_CHANGES)
    assert merged.status is MergeStatus.LANDED
    kept = [f"--glob=refs/ropewalk/env/{name}" for name in ("head", "result")]
    committed = git(epic.repository, "log", "--branches", *kept, "--name-only", "--format=")
    assert "api/routes.py" in committed.splitlines()
    assert not set(BROUGHT) & set(committed.splitlines())
    backups = git(epic.repository, "for-each-ref", "--format=%(refname)", "refs/ropewalk/env")
    assert "refs/ropewalk/env/backup/api/" in backups


def test_a_secret_that_was_brought_in_is_in_no_commit_of_ours_and_comes_back_when_restored(
    epic: Epic, git: RunGit
) -> None:
    make_project(epic.repository)
    (epic.repository / ".env").write_text("SECRET=canary-3f19\n")
    own = "echo OWN=1 >> settings/local.ini"
    domains = [
        {"name": "api", "files": ["api/**"], "command": "echo '# more' >> api/service.py"},
        {"name": "db", "files": ["db/**"], "command": f"{own}; echo '# more' >> db/models.py"},
    ]
    epic.plan(json.dumps({"epic_id": "env", "domains": domains, "validation": ["true"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    epic.merge()

    refs = git(epic.repository, "for-each-ref", "--format=%(objectname)").split()
    git(epic.repository, "grep", "-q", "OWN=1", *refs, "--", "settings")
    git(epic.repository, "grep", "-q", "canary-3f19", *refs, exit_code=1)
    gone = not epic.worktree("api").exists()
    api.restore(epic.workspace, "env", ["api", "db"])

    assert gone
    assert (epic.worktree("api") / ".env").read_text() == "SECRET=canary-3f19\n"
    assert (epic.worktree("api") / "settings" / "local.ini").read_text() == "debug = 1\n"
    changed = (epic.worktree("db") / "settings" / "local.ini").read_text()
    assert changed == "debug = 1\nOWN=1\n"


def test_each_worktree_has_ports_and_names_of_its_own_in_set_up_agents_and_checks(
    epic: Epic,
) -> None:
    (epic.repository / "ropewalk.toml").write_text(
        "[worktree]\nports = 3\nsetup = ['env | sort > setup.env']\n"
    )
    tell = "env | grep -E '^(ROPEWALK_(PORT|DATABASE)|COMPOSE)' | sort"
    told = ("ROPEWALK_PORT", "ROPEWALK_DATABASE", "COMPOSE_PROJECT_NAME")
    check = f"{tell} > seen; {tell.replace('env |', 'cat setup.env |')} | diff - seen"
    domains = [
        {
            "name": name,
            "new_files": [f"{name}.env"],
            "command": f"{check}; cp seen {name}.env; rm seen",
            "checks": [f"{check}; ! diff seen {name}.env"],
        }
        for name in ("api", "db")
    ]
    epic.plan(json.dumps({"epic_id": "env", "domains": domains, "validation": ["true"]}))

    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    assert [epic.result(name).status for name in ("api", "db")] == [DomainStatus.SUCCESS] * 2
    seen = [
        dict(
            line.split("=", 1)
            for line in (epic.worktree(name) / f"{name}.env").read_text().splitlines()
        )
        for name in ("api", "db")
    ]
    for name in told:
        assert seen[0][name] != seen[1][name]
    ports = [one["ROPEWALK_PORTS"].split(",") for one in seen]
    assert [len(each) for each in ports] == [3, 3]
    assert not set(ports[0]) & set(ports[1])
