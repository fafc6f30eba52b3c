"""A project of two languages runs its own tests in every new worktree, without a step by hand."""

import json
import subprocess
from pathlib import Path

from ropewalk import api
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.scenes import add_files

MAKEFILE = """\
test:
	.venv/bin/python -c 'import os, sys; assert sys.prefix == os.path.abspath(".venv")'
	node -e 'require("assert").equal(require("greet")(), process.env.WHO || "hello")'
	grep -q SECRET= .env
"""
CONFIG = """
[worktree]
include = [".env"]
setup = ["python3 -m venv --without-pip .venv", "npm ci --offline --no-audit --no-fund"]
ports = 1
"""
PACKAGE = {"name": "shop", "version": "1.0.0", "dependencies": {"greet": "file:packed/greet.tgz"}}


def make_project(repository: Path) -> None:
    """A project with a virtual environment, a package from a file, and a secret."""
    greet = repository.parent / "greet"
    greet.mkdir()
    (greet / "package.json").write_text(
        json.dumps({"name": "greet", "version": "1.0.0", "bin": {"greet": "cli.js"}})
    )
    (greet / "index.js").write_text('module.exports = () => "hello";\n')
    (greet / "cli.js").write_text("#!/usr/bin/env node\nconsole.log(require('greet')());\n")
    (repository / "packed").mkdir()
    npm(greet, "pack", "--pack-destination", str(repository / "packed"))
    (repository / "packed" / "greet-1.0.0.tgz").rename(repository / "packed" / "greet.tgz")
    (repository / "package.json").write_text(json.dumps(PACKAGE))
    npm(repository, "install", "--package-lock-only", "--offline", "--no-audit")
    (repository / ".env").write_text("SECRET=canary\n")
    (repository / "ropewalk.toml").write_text(CONFIG)
    add_files(repository, {".gitignore": ".env\n.venv/\nnode_modules/\n", "Makefile": MAKEFILE})


def npm(folder: Path, *arguments: str) -> None:
    subprocess.run(["npm", *arguments], cwd=folder, check=True, capture_output=True)


def test_python_and_node_are_ready_in_every_worktree_and_on_the_merged_tree(
    repository: Path, git: RunGit
) -> None:
    make_project(repository)
    epic = Epic(repository=repository)
    domains = [
        {
            "name": name,
            "new_files": [f"{name}.txt"],
            "command": f"make test && node_modules/.bin/greet > {name}.txt",
            "checks": ["make test"],
        }
        for name in ("api", "web")
    ]
    plan = {"epic_id": "env", "domains": domains, "validation": ["make test"]}
    epic.plan(json.dumps(plan))

    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    merged = epic.merge()

    assert [epic.result(name).status for name in ("api", "web")] == [DomainStatus.SUCCESS] * 2
    assert merged.status is MergeStatus.LANDED
    assert git(repository, "show", "main:web.txt") == "hello"
    logs = epic.workspace.layout.log(epic.state.run_id, "setup-api", 1).parent
    copied = [path for path in logs.glob("setup-*.log.2") if "not run" in path.read_text()]
    assert len(copied) == 1
    assert git(repository, "ls-files", ".env", ".venv", "node_modules") == ""
