"""What a project needs beside its commit is brought into each worktree, and never committed."""

import json
from pathlib import Path

from ropewalk.model.merge import MergeStatus
from ropewalk.model.result import DomainStatus
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
