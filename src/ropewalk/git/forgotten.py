"""What a worktree's own git files hold that nothing else knows: what is staged, forgotten commits.

An agent may have written these files: they are read as bytes from outside, within bounds, and git
sees a copy of the index only.
"""

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.errors import GitError, GitKilled
from ropewalk.git.admin import OID, AdminEntry
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import tree_of, write_tree_from
from ropewalk.git.trees import TreeEntry
from ropewalk.store.files import Refusal, read_untrusted

_INDEX_LIMIT = 256 * 1024 * 1024
_REFLOG_LIMIT = 4 * 1024 * 1024
_TIPS_LIMIT = 200
_TIP_FILES = (
    *("ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "AUTO_MERGE"),
    *("rebase-merge/orig-head", "rebase-apply/orig-head", "BISECT_HEAD"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What the index holds.

    Attributes:
        tree: its tree when that differs from HEAD; unmerged entries have the number of their stage
            added to their name.
        is_unmerged: whether it holds a conflict.
        note: ``index`` when it could not be read, else empty.
    """

    tree: str | None = None
    is_unmerged: bool = False
    note: str = ""


def read_staged(context: GitContext, entry: AdminEntry, head: str) -> Staged:
    """Return what is staged beyond a commit.

    Args:
        context: the repository.
        entry: the admin folder of the worktree.
        head: the commit that its HEAD names.

    Raises:
        GitKilled: a signal from outside ended git.
    """
    data = read_untrusted(entry.admin, "index", _INDEX_LIMIT)
    if isinstance(data, Refusal):
        return Staged(note="" if data.reason == "missing" else "index")
    with tempfile.TemporaryDirectory(prefix="ropewalk-index-") as folder:
        index = Path(folder, "index")
        index.write_bytes(data)
        try:
            return _staged_tree(replace(context, index=index), head)
        except GitKilled:
            raise
        except GitError:
            return Staged(note="index")


def _staged_tree(context: GitContext, head: str) -> Staged:
    merged = run(context, "write-tree", allowed=(0, 128))
    if merged.code == 0:
        return Staged(tree=merged.text if merged.text != tree_of(context, head) else None)
    records = os.fsdecode(run(context, "ls-files", "--stage", "-z").stdout).split("\0")[:-1]
    entries = []
    for record in records:
        facts, _tab, path = record.partition("\t")
        mode, oid, stage = facts.split()
        name = path if stage == "0" else f"{path}.stage{stage}"
        entries.append(TreeEntry(mode=mode, oid=oid, path=name))
    return Staged(tree=write_tree_from(context, None, put=entries), is_unmerged=True)


def find_tips(context: GitContext, entry: AdminEntry, head: str) -> tuple[str, ...]:
    """Return the commits that would be forgotten with the admin folder; see `read_staged`."""
    texts = [_text(entry.admin, name, 128) for name in _TIP_FILES]
    reflog = _text(entry.admin, "logs/HEAD", _REFLOG_LIMIT).splitlines()
    texts += [line.split(" ", 2)[1] for line in reflog if line.count(" ") > 1]
    named = sorted({text for text in texts if OID.fullmatch(text) and text != head})
    if not named:
        return ()
    stdin = "".join(f"{oid}\n" for oid in named).encode()
    facts = run(context, "cat-file", "--batch-check", stdin=stdin).text.splitlines()
    commits = [line.split()[0] for line in facts if line.split()[1:2] == ["commit"]]
    if not commits:
        return ()
    beyond = frozenset(run(context, "rev-list", *commits, f"^{head}").text.split())
    loose = [oid for oid in commits if oid in beyond]
    tips = run(context, "merge-base", "--independent", *loose).text.split() if loose else []
    return tuple(sorted(tips)[:_TIPS_LIMIT])


def _text(folder: Path, name: str, limit: int) -> str:
    data = read_untrusted(folder, name, limit)
    return "" if isinstance(data, Refusal) else os.fsdecode(data).strip()
