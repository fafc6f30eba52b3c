"""Writes a row of commits with one process, where each is known to need no merge.

The changes of a branch are put on the commit before, path by path, as git's own merge would do it
where the other side touched none of them. No ref is read or written. What was written counts only
when git ended well and named every commit: a stream that broke off leaves packs behind that hold
commits nobody asked for.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.objects import commit_text, trees_of
from ropewalk.git.trees import RawChange

_REF: Final = "refs/ropewalk/none"
_MODES: Final = frozenset({"100644", "100755", "120000", "160000"})
# Names are taken as they are: a configuration for file systems that fold case must not count here.
_SETTINGS: Final = ("fastimport.unpackLimit=0", "core.ignoreCase=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommit:
    """A commit to make on top of the one before; ``merged`` is its second parent, if any."""

    changes: tuple[RawChange, ...]
    merged: str | None
    message: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Full ids of a commit that was made and of its tree."""

    commit: str
    tree: str


def can_import(changes: Sequence[RawChange]) -> bool:
    """Whether every change can be written: git has had other modes, long ago."""
    return all(change.status == "D" or change.new_mode in _MODES for change in changes)


def import_commits(
    context: GitContext, onto: str, commits: Sequence[NewCommit]
) -> tuple[Imported, ...]:
    """Make commits, the first on top of ``onto``; return them in order.

    Args:
        context: new objects go to its objects, in a pack; nothing checks them, so this must be a
            quarantine, and `git.own.absorb` the way out of it.
        onto: full id of a commit.
        commits: what to make; their identities are as `clean_identity` returns them and have dates.

    Raises:
        GitError: git refused something, for instance because an object is missing.
    """
    if context.objects is None:
        raise ValueError("commits are imported into a quarantine only")
    careful = replace(context, settings=(*context.settings, *_SETTINGS))
    marks = context.objects / f"marks-{secrets.token_hex(8)}"
    options = ("--quiet", "--done", f"--export-marks={marks}")
    run(careful, "fast-import", *options, stdin=b"".join(_stream(onto, commits)))
    known = dict(line.split() for line in marks.read_text(encoding="ascii").splitlines())
    marks.unlink()
    made = [known[mark] for mark in map(":{}".format, range(1, len(commits) + 1)) if mark in known]
    if len(made) != len(commits):
        raise GitError(f"git fast-import made {len(made)} of {len(commits)} commits")
    # Asked for on the way, each tree would be made twice.
    trees = trees_of(context, made)
    return tuple(Imported(commit=oid, tree=tree) for oid, tree in zip(made, trees, strict=True))


def _stream(onto: str, commits: Sequence[NewCommit]) -> Iterator[bytes]:
    for number, commit in enumerate(commits, start=1):
        message = commit_text(commit.message)
        one = commit.identity
        who = f"{one.name} <{one.email}> {one.date}"
        before = onto if number == 1 else f":{number - 1}"
        lines = [f"commit {_REF}", f"mark :{number}", f"author {who}", f"committer {who}"]
        yield commit_text("".join(f"{line}\n" for line in lines))
        yield b"data %d\n%b\n" % (len(message), message)
        yield f"from {before}\n".encode()
        if commit.merged is not None:
            yield f"merge {commit.merged}\n".encode()
        yield from _changes(commit.changes)
    # A ref that is reset to nothing is not written at the end.
    yield f"reset {_REF}\nfrom {'0' * len(onto)}\n\ndone\n".encode()


def _changes(changes: Sequence[RawChange]) -> Iterator[bytes]:
    """Yield deletions first, so that a file can take the place of a directory."""
    for change in changes:
        if change.status == "D":
            yield b"D %b\n" % _quoted(change.path)
    for change in changes:
        if change.status != "D":
            facts = f"M {change.new_mode} {change.new_oid} ".encode()
            yield b"%b%b\n" % (facts, _quoted(change.path))


def _quoted(path: str) -> bytes:
    raw = os.fsencode(path)
    if not raw.startswith(b'"') and b"\n" not in raw:
        return raw
    escaped = raw.replace(b"\\", rb"\\").replace(b'"', rb"\"").replace(b"\n", rb"\n")
    return b'"%b"' % escaped
