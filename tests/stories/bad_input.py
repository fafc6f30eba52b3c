"""What the tables of bad input share: the words of refusals, and what a refusal must leave alone.

Rows are numbered 1 to 70. Names and plans are rows 1 to 34, states of a repository 35 to 58, result
files 59 to 70. Every module says which rows it holds as ``ROWS``.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import run_git

# What the reviewers of this table call it: the code, reason or mismatch that ropewalk gives.
WORDS = {
    "EMPTY_REPO": "empty_repo",
    "REF_CONFLICT": "ref_conflict",
    "PLAN_HASH": "plan_hash",
    "duplicate": "duplicate_name",
    "type": "invalid_input",
    "no_result": "no result file was written",
    "policy_violation": "tampered",
    "history_rewritten": "history_rewritten",
    "no_changes": "no_changes",
    "failed_with_work": "failed_with_work",
    "out_of_scope": "out_of_scope",
    "conflict": "conflict",
}


@dataclass(frozen=True)
class Untouched:
    """Everything that a refusal leaves as it was."""

    refs: str
    head: bytes
    config: bytes
    index: str
    worktrees: str
    files: tuple[tuple[str, str], ...]


def untouched(repository: Path) -> Untouched:
    """Take down refs, HEAD, configuration, index, worktrees and every file of the checkout."""
    git_dir = repository / ".git" if (repository / ".git").is_dir() else repository
    index = git_dir / "index"
    files = (
        (path.relative_to(repository).as_posix(), _digest(path))
        for path in sorted(repository.rglob("*"))
        if git_dir not in path.parents and path != git_dir
    )
    return Untouched(
        refs=run_git(repository, "for-each-ref", "--format=%(refname) %(objectname)"),
        head=(git_dir / "HEAD").read_bytes(),
        config=(git_dir / "config").read_bytes(),
        index=_digest(index),
        worktrees=run_git(repository, "worktree", "list", "--porcelain"),
        files=tuple(files),
    )


def of_the_person(repository: Path) -> tuple[str, ...]:
    """Take down what is the person's own: refs, HEAD, index, configuration, files, git's locks."""
    git_dir = repository / ".git"
    refs = run_git(repository, "for-each-ref", "--format=%(refname) %(objectname)")
    own = [line for line in refs.splitlines() if "refs/ropewalk/" not in line]
    files = [
        f"{path.relative_to(repository)} {_digest(path)}"
        for path in sorted(repository.rglob("*"))
        if path.relative_to(repository).parts[0] not in (".git", ".worktrees", ".workflow")
    ]
    locks = [str(path) for path in sorted(git_dir.rglob("*.lock")) if "ropewalk" not in path.parts]
    kept = [_digest(git_dir / name) for name in ("HEAD", "index", "config")]
    return (*own, *files, *locks, *kept)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "not a file"
