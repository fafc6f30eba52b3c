"""Agents that harm their own place, hide things in their work, or reach for that of others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ropewalk import api
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainResult, DomainStatus, Reason
from tests.conftest import RunGit
from tests.harness import Epic

S, P, F = DomainStatus.SUCCESS, DomainStatus.PARTIAL, DomainStatus.FAILED
WORK = "mkdir -p $D; echo new > $D/a.txt; "
COMMIT = "git add -A $D; git commit -qm mine; "
ADMIN = '"$(git rev-parse --git-dir)"'
HEAD = "HEAD of its worktree named no commit"


@dataclass(frozen=True)
class Case:
    """What an agent does in its worktree, and what becomes of its domain.

    ``sensitive`` and ``mismatch`` are expected in the result; ``files`` are in its pinned head.
    """

    row: int
    command: str
    status: DomainStatus
    reason: Reason | None = None
    sensitive: tuple[str, ...] = ()
    mismatch: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


CASES = {
    "deletes-its-worktree": Case(
        81,
        WORK + COMMIT + 'rm -rf "$ROPEWALK_WORKTREE"',
        F,
        Reason.TAMPERED,
        files={"a.txt": "new"},
    ),
    "deletes-its-git-file": Case(
        81, WORK + "rm .git", F, Reason.TAMPERED, mismatch=".git", files={"a.txt": "new"}
    ),
    "points-its-head-nowhere": Case(
        82, WORK + f"echo {'1' * 40} > {ADMIN}/HEAD", F, Reason.TAMPERED, (), HEAD, {"a.txt": "new"}
    ),
    "spoils-its-head": Case(
        82, WORK + f"echo x > {ADMIN}/HEAD", F, Reason.TAMPERED, (), HEAD, {"a.txt": "new"}
    ),
    "deletes-its-admin-folder": Case(
        82, WORK + f"rm -r {ADMIN}", F, Reason.TAMPERED, (), "admin", {"a.txt": "new"}
    ),
    "puts-a-link-in-its-place": Case(
        81, 'cd /; rm -r "$ROPEWALK_WORKTREE"; ln -s / "$ROPEWALK_WORKTREE"', F, Reason.TAMPERED
    ),
    "nests-a-repository": Case(
        83,
        WORK + "git init -q $D/inner; git -C $D/inner commit -q --allow-empty -m x",
        P,
        Reason.OUT_OF_SCOPE,
        sensitive=("inner",),
        mismatch="nested repository",
    ),
    "links-outside": Case(84, WORK + "ln -s /etc/passwd $D/link", S, sensitive=("link",)),
    "links-a-folder-outside": Case(84, WORK + "ln -s ../../.. $D/up", S, sensitive=("up",)),
    "edits-attributes": Case(
        86, WORK + "echo '* merge=union' > $D/.gitattributes", S, sensitive=(".gitattributes",)
    ),
    "adds-a-workflow": Case(
        86,
        WORK + "mkdir -p $D/.github/workflows; echo 'on: push' > $D/.github/workflows/x.yml",
        S,
        sensitive=(".github/workflows/x.yml",),
    ),
    "configures-other-agents": Case(
        86,
        WORK + "mkdir $D/.claude; echo {} > $D/.claude/settings.json; echo {} > $D/.mcp.json",
        S,
        sensitive=(".claude/settings.json", ".mcp.json"),
    ),
}


def test_a_strange_agent_is_marked_and_its_work_is_pinned(epic: Epic, git: RunGit) -> None:
    domains = [
        {
            "name": name,
            "new_files": [f"{name}/**"],
            "command": f"export D={name}; {case.command}",
        }
        for name, case in CASES.items()
    ]
    epic.plan(json.dumps({"epic_id": "strange", "domains": domains}))

    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    for name, case in CASES.items():
        result = epic.result(name)
        assert (name, result.status, result.reason) == (name, case.status, case.reason)
        sensitive = set(result.sensitive_files)
        assert {f"{name}/{path}" for path in case.sensitive} <= sensitive, name
        assert case.mismatch in "\n".join(result.mismatches), name
        for path, text in case.files.items():
            assert git(epic.repository, "show", f"{result.head}:{name}/{path}") == text


def test_a_link_out_of_the_tree_is_kept_as_a_link_and_never_followed(
    epic: Epic, git: RunGit
) -> None:
    command = "ln -s /etc/passwd api/link"
    epic.plan(plan_of({"name": "api", "files": ["api/**"], "command": command}))

    epic.run()
    merged = epic.merge()

    assert merged.status is MergeStatus.LANDED
    assert git(epic.repository, "cat-file", "blob", "main:api/link") == "/etc/passwd"


def test_what_an_agent_does_to_the_work_of_others_is_survived_and_reported(
    epic: Epic, git: RunGit
) -> None:
    command = (
        "echo mine > loud.txt; cd $ROPEWALK_REPOSITORY; "
        "while ! git -C .worktrees/meddle/quiet log -1 --format=%s | grep -q precious; "
        "do sleep 0.05; done; "
        "git worktree prune; git worktree remove --force .worktrees/meddle/quiet; "
        "git reflog expire --expire=now --all; git gc -q --prune=now; "
        "cd - > /dev/null; git stash -q -u; git stash pop -q; true"
    )
    quiet = (
        "echo precious > quiet.txt; git add quiet.txt; git commit -qm precious; "
        "sleep 2; echo more >> quiet.txt"
    )
    epic.plan(
        plan_of(
            {"name": "loud", "new_files": ["loud.txt"], "command": command},
            {"name": "quiet", "new_files": ["quiet.txt"], "command": quiet},
        )
    )

    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    kept: DomainResult = epic.result("quiet")
    assert git(epic.repository, "show", f"{kept.head}:quiet.txt") == "precious\nmore"
    assert (epic.worktree("quiet") / "quiet.txt").read_text() == "precious\nmore\n"
    assert git(epic.repository, "fsck", "--strict", "--no-dangling") == ""
    assert git(epic.repository, "show", f"{epic.result('loud').head}:loud.txt") == "mine"


def plan_of(*domains: Mapping[str, object]) -> str:
    return json.dumps({"epic_id": "meddle", "domains": domains, "validation": ["true"]})
