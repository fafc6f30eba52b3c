"""The coordinator is killed while an agent puts a merge right: the same end, no work done twice."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.store.journal import FAILPOINT, read_events
from tests.conftest import run_git
from tests.harness import Epic
from tests.phases.rounds import parallel
from tests.stories.shell import ropewalk

NOTES = "docs/notes.txt"
CHECK = f"! grep -q 'note api' {NOTES} || ! grep -q 'note web' {NOTES} || grep -q both {NOTES}"
AGENT = (
    f"echo started >> COUNT; sleep 0.5; if grep -q '^<<<<<<<' {NOTES}; "
    f"then sed -i '/^[<=|>]\\{{7\\}}/d' {NOTES}; echo both >> {NOTES}; else rm bad; fi; "
    "echo ended >> COUNT"
)


def begin(template: Path, folder: Path) -> Epic:
    """Run an epic with a conflict that only the agent resolves, and a failure that it mends."""
    repository = folder / "repository"
    shutil.copytree(template, repository, symlinks=True)
    agent = AGENT.replace("COUNT", str(folder / "count"))
    (repository / "ropewalk.toml").write_text(
        '[merge]\nagent = "mender"\non_conflict = "agent"\n'
        f'[agents.mender]\nkind = "command"\nshell = {json.dumps(agent)}\n'
    )
    domains = [
        {"name": name, "files": [NOTES], "command": f"sed -i 's/note 5$/note {name}/' {NOTES}"}
        for name in ("api", "web")
    ]
    domains.append({"name": "page", "new_files": ["bad"], "command": "echo bad > bad"})
    plan = {"epic_id": "killed", "domains": domains, "validation": [CHECK, "test ! -e bad"]}
    epic = Epic(repository=repository)
    epic.plan(json.dumps(plan))
    epic.run(parallel())
    return epic


def merge(epic: Epic, *, kill_at: int | None = None) -> int:
    env = {**os.environ, **({FAILPOINT: str(kill_at)} if kill_at is not None else {})}
    return ropewalk(epic.repository, "merge", "killed", env=env).code


def events(epic: Epic) -> list[str]:
    run = api.require_run(epic.workspace, "killed")
    return [event.type for event in read_events(run.journal)]


@dataclass(frozen=True)
class Uncut:
    """A merge that nobody killed: the tree that it landed, and its events."""

    tree: str
    events: list[str]

    def number(self, type_: str, which: int) -> int:
        """Return the place of the first or second event of a type, from 1."""
        return [at for at, found in enumerate(self.events, 1) if found == type_][which]


@pytest.fixture(scope="module")
def uncut(template_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Uncut:
    epic = begin(template_repository, tmp_path_factory.mktemp("uncut"))
    before = len(events(epic))
    assert merge(epic) == 0
    return Uncut(tree=tree(epic), events=events(epic)[before:])


def tree(epic: Epic) -> str:
    return run_git(epic.repository, "rev-parse", "main^{tree}")


@pytest.mark.parametrize("which", [0, 1], ids=["at-a-conflict", "at-a-failed-check"])
# A coordinator that is killed as the agent starts may be gone before its first command has run.
@pytest.mark.parametrize(
    ("type_", "starts"),
    [("mend_started", {2, 3}), ("mend_ended", {2})],
    ids=["as-it-starts", "when-it-has-ended"],
)
def test_a_resumed_merge_ends_the_same_and_repeats_only_what_was_cut_short(
    template_repository: Path,
    tmp_path: Path,
    uncut: Uncut,
    type_: str,
    starts: set[int],
    which: int,
) -> None:
    epic = begin(template_repository, tmp_path)
    kill_at = len(events(epic)) + uncut.number(type_, which)

    assert merge(epic, kill_at=kill_at) == -9
    resumed = ropewalk(epic.repository, "resume", "killed")

    assert resumed.code == 0
    assert tree(epic) == uncut.tree
    lines = (tmp_path / "count").read_text().split()
    assert lines.count("started") in starts
    assert lines.count("ended") == 2
    assert not epic.worktree("_agent").exists()
