"""Rows 35 to 58: repositories that cannot be worked on are refused; odd ones work, with a word.

Not set up here: 58 on a file system that ignores case (there is none to be had everywhere): names
that differ in case only are tried where they can exist, and reported as a conflict.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput, RepositoryError, RopewalkError
from ropewalk.git.repository import repository_notes
from ropewalk.model.config import Hooks
from ropewalk.model.merge import MergeStatus
from ropewalk.model.result import OverallStatus
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.bad_input import WORDS, untouched
from tests.stories.shell import ropewalk

NOBODY = 65534
EDIT = "echo '# more' >> api/service.py"
PLAN = json.dumps(
    {
        "epic_id": "odd",
        "domains": [{"name": "api", "files": ["api/**"], "command": EDIT}],
        "validation": ["test -s api/service.py"],
    }
)
AS_NOBODY = """
import os, sys
from pathlib import Path
from ropewalk import api
from ropewalk.errors import RopewalkError
request = api.PlanRequest(hand_written=sys.stdin.buffer.read())
if os.geteuid() == 0:
    os.setuid(int(sys.argv[2]))
try:
    api.plan(api.open_workspace(Path(sys.argv[1])), request)
except RopewalkError as error:
    print(error.exit_code, error.code)
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def commit(repository: Path, name: str, text: str) -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run_git(repository, "add", "--force", name)
    run_git(repository, "commit", "-q", "-m", f"Change {name}")


def make_unborn(repository: Path) -> None:
    shutil.rmtree(repository)
    run_git(repository.parent, "init", "-q", str(repository))


def make_plain_folder(repository: Path) -> None:
    shutil.rmtree(repository / ".git")


def give_away(repository: Path) -> None:
    for path in (repository, repository / ".git"):
        os.chown(path, NOBODY, NOBODY)


@dataclass(frozen=True)
class Refused:
    row: int
    arrange: Callable[[Path], None]
    code: str


REFUSED = [
    pytest.param(Refused(35, make_unborn, WORDS["EMPTY_REPO"]), id="no-commit-yet"),
    pytest.param(Refused(36, make_plain_folder, "not_a_repository"), id="no-repository"),
    pytest.param(
        Refused(48, give_away, "dubious_ownership"), id="of-somebody-else", marks=needs_root
    ),
]


@pytest.mark.parametrize("case", REFUSED)
def test_a_repository_that_cannot_be_worked_on_is_refused_and_stays_as_it_was(
    epic: Epic, case: Refused
) -> None:
    case.arrange(epic.repository)
    before = sorted((path, path.lstat().st_mtime_ns) for path in epic.repository.rglob("*"))

    with pytest.raises(RepositoryError) as refused:
        epic.plan(PLAN)

    assert refused.value.exit_code == 2
    assert refused.value.code == case.code
    assert str(epic.repository) in refused.value.message
    assert refused.value.hint
    after = sorted((path, path.lstat().st_mtime_ns) for path in epic.repository.rglob("*"))
    assert after == before


def test_a_git_directory_that_cannot_be_written_to_is_refused(repository: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Everybody may look here, which is not so above the folder of a test.
        Path(folder).chmod(0o755)
        top = shutil.copytree(repository, Path(folder, "repository"))
        (top / ".git" / "objects").chmod(0o555)
        if os.geteuid() == 0:
            for path in (top, *top.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(top), str(NOBODY)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=folder,
            input=PLAN.encode(),
            capture_output=True,
            check=False,
        )

        assert done.stdout.split() == [b"2", b"read_only"], done.stderr
        assert not (top / ".workflow").exists()


def test_nobody_to_sign_is_refused_up_front_and_a_configured_author_is_enough(
    epic: Epic,
) -> None:
    run_git(epic.repository, "config", "user.useConfigOnly", "true")
    epic.plan(PLAN)
    before = untouched(epic.repository)
    names = {name: value for name, value in os.environ.items() if "AUTHOR" not in name}
    anonymous = {name: value for name, value in names.items() if "COMMITTER" not in name}

    refused = ropewalk(epic.repository, "--json", "run", "odd", env=anonymous)

    assert refused.code == 1
    assert refused.document["error"]["code"] == "identity"  # type: ignore[index]
    assert untouched(epic.repository) == before
    (epic.repository / "ropewalk.toml").write_text(
        '[author]\nname = "Crew"\nemail = "crew@example.invalid"\n'
    )
    assert ropewalk(epic.repository, "run", "odd", "--through", "merge", env=anonymous).code == 0
    assert (
        run_git(epic.repository, "log", "-1", "--format=%an <%ae>") == "Crew <crew@example.invalid>"
    )


def test_a_folder_or_branch_of_our_name_is_named_never_used_and_never_deleted(
    epic: Epic,
) -> None:
    epic.plan(PLAN)
    run_git(epic.repository, "branch", "ropewalk/odd/api")
    before = untouched(epic.repository)
    with pytest.raises(InvalidInput) as by_branch:
        epic.run()
    after = untouched(epic.repository)
    run_git(epic.repository, "branch", "-D", "ropewalk/odd/api")
    epic.worktree("api").mkdir(parents=True)
    (epic.worktree("api") / "mine").write_text("keep")

    with pytest.raises(InvalidInput) as by_folder:
        epic.run()

    assert after == before
    assert "'ropewalk/odd/api'" in by_branch.value.message
    assert ".worktrees/odd/api exists" in by_folder.value.message
    assert (epic.worktree("api") / "mine").read_text() == "keep"


# --- repositories in which work goes on; the word that the person gets about it


@dataclass(frozen=True)
class Works:
    """A state in which an epic runs and lands; ``note`` is part of what doctor and status say."""

    row: int
    arrange: Callable[[Path], Path]
    note: str = ""


def make_shallow(repository: Path) -> Path:
    commit(repository, "docs/guide.md", "second\n")
    return clone(repository, "shallow", "--depth=1")


def make_partial(repository: Path) -> Path:
    run_git(repository, "config", "uploadpack.allowFilter", "true")
    return clone(repository, "partial", "--filter=blob:none")


def make_shared(repository: Path) -> Path:
    return clone(repository, "shared", "--shared")


def clone(repository: Path, name: str, *options: str) -> Path:
    to = repository.parent / name
    run_git(repository.parent, "clone", "-q", *options, f"file://{repository}", str(to))
    return to


def add_submodule(repository: Path) -> Path:
    oid = run_git(repository, "rev-parse", "HEAD")
    run_git(repository, "update-index", "--add", "--cacheinfo", f"160000,{oid},vendor")
    text = '[submodule "vendor"]\n\tpath = vendor\n\turl = ./nowhere\n'
    commit(repository, ".gitmodules", text)
    (repository / "vendor").mkdir(exist_ok=True)
    return repository


def add_lfs_pointer(repository: Path) -> Path:
    commit(repository, ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    oid = "0" * 64
    commit(
        repository,
        "big.bin",
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1\n",
    )
    return repository


def make_sparse(repository: Path) -> Path:
    run_git(repository, "sparse-checkout", "set", "--cone", "api", "docs")
    return repository


def ask_for_signatures_that_fail(repository: Path) -> Path:
    run_git(repository, "config", "commit.gpgsign", "true")
    run_git(repository, "config", "gpg.program", "false")
    return repository


def add_failing_hooks(repository: Path) -> Path:
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "post-checkout", "post-commit"):
        (hooks / name).write_text("#!/bin/sh\necho no >&2\nexit 1\n")
        (hooks / name).chmod(0o755)
    return repository


def move_to_a_hard_path(repository: Path) -> Path:
    to = repository.parent / "a b" / "line\nbreak ünï"
    to.parent.mkdir()
    repository.rename(to)
    return to


WORKS = {
    "shallow": Works(41, make_shallow, "shallow clone"),
    "submodule": Works(42, add_submodule, "1 submodules"),
    "lfs-without-filter": Works(43, add_lfs_pointer, "1 LFS pointers and no LFS filter"),
    "sparse": Works(44, make_sparse, "sparse checkout"),
    "hooks-fail": Works(47, add_failing_hooks),
    "hard-path": Works(49, move_to_a_hard_path),
    "alternates": Works(57, make_shared),
    "partial": Works(57, make_partial, "partial clone"),
}


@pytest.mark.parametrize("case", WORKS.values(), ids=WORKS)
def test_an_odd_repository_is_worked_on_and_what_is_odd_is_said(
    repository: Path, case: Works
) -> None:
    epic = Epic(case.arrange(repository))
    config = (epic.repository / ".git" / "config").read_bytes()

    notes = repository_notes(epic.workspace.place)
    epic.plan(PLAN)
    ran = epic.run()
    merged = epic.merge()

    assert any(case.note in note for note in notes) or not case.note
    assert ran.status is OverallStatus.SUCCESS
    assert merged.status is MergeStatus.LANDED
    assert (epic.repository / "api" / "service.py").read_text().endswith("# more\n")
    assert (epic.repository / ".git" / "config").read_bytes() == config


def test_a_signature_that_cannot_be_made_stops_the_merge_with_nothing_half_done(
    epic: Epic,
) -> None:
    ask_for_signatures_that_fail(epic.repository)
    main = run_git(epic.repository, "rev-parse", "main")
    epic.plan(PLAN)
    ran = epic.run()

    with pytest.raises(RopewalkError) as refused:
        epic.merge()

    assert ran.status is OverallStatus.SUCCESS
    assert refused.value.code == "signing"
    assert "commits cannot be signed" in refused.value.message
    assert run_git(epic.repository, "rev-parse", "main") == main
    assert run_git(epic.repository, "status", "--porcelain") == ""
    run_git(epic.repository, "config", "commit.gpgsign", "false")
    assert epic.merge().status is MergeStatus.LANDED


def test_hooks_that_forbid_the_merge_refuse_landing_and_can_be_left_out(epic: Epic) -> None:
    hook = epic.repository / ".git" / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no ticket in the message' >&2\nexit 1\n")
    hook.chmod(0o755)
    main = run_git(epic.repository, "rev-parse", "main")
    epic.plan(PLAN)
    ran = epic.run()

    refused = epic.merge()
    still = run_git(epic.repository, "rev-parse", "main")
    skipped = epic.merge(api.MergeOptions(hooks=Hooks.SKIP))

    assert ran.status is OverallStatus.SUCCESS
    assert refused.status is MergeStatus.LAND_REFUSED
    assert "no ticket in the message" in (refused.target.reason or "")
    assert still == main
    assert skipped.status is MergeStatus.LANDED


def test_a_bare_repository_is_worked_on_and_its_train_is_built_but_does_not_land(
    repository: Path,
) -> None:
    bare = repository.parent / "bare.git"
    run_git(repository.parent, "clone", "-q", "--bare", str(repository), str(bare))
    epic = Epic(bare)
    main = run_git(bare, "rev-parse", "main")

    epic.plan(PLAN)
    ran = epic.run()
    merged = epic.merge()

    assert ran.status is OverallStatus.SUCCESS
    assert merged.status is MergeStatus.LAND_REFUSED
    assert "bare" in (merged.target.reason or "")
    assert run_git(bare, "rev-parse", "main") == main
    assert merged.target.result is not None


def test_without_a_branch_checked_out_landing_needs_one_to_be_named(epic: Epic) -> None:
    run_git(epic.repository, "checkout", "-q", "--detach")
    epic.plan(PLAN)
    epic.run()

    with pytest.raises(RopewalkError) as refused:
        epic.merge()

    assert refused.value.exit_code == 2
    assert "--into" in refused.value.hint
    landed = epic.merge(api.MergeOptions(into="main"))
    assert landed.status is MergeStatus.LANDED
    assert run_git(epic.repository, "show", "main:api/service.py").endswith("# more")


def test_a_branch_that_was_deleted_since_is_still_the_base(epic: Epic) -> None:
    run_git(epic.repository, "branch", "start")
    commit(epic.repository, "docs/guide.md", "later\n")
    base = run_git(epic.repository, "rev-parse", "start")
    request = api.PlanRequest(hand_written=PLAN.encode(), base="start")
    epic.epic_id = api.plan(epic.workspace, request).plan.epic_id
    run_git(epic.repository, "branch", "-D", "start")

    epic.run()

    assert epic.result("api").base == base
    assert epic.merge().status is MergeStatus.LANDED


def test_a_half_made_worktree_of_somebody_else_is_named_and_stays(epic: Epic) -> None:
    epic.plan(PLAN)
    entry = epic.repository / ".git" / "worktrees" / "theirs"
    entry.mkdir(parents=True)
    (entry / "commondir").write_text("")
    (entry / "HEAD").write_text("ref: refs/heads/main\n")
    (entry / "gitdir").write_text("/nowhere/.git\n")

    with pytest.raises(RopewalkError) as refused:
        epic.run()

    assert "theirs" in refused.value.message + refused.value.hint
    assert (entry / "commondir").read_text() == ""
