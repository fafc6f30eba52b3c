"""Reads and writes commits, trees and blobs; moves no ref and touches no work tree."""

import os
import posixpath
import re
import secrets
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ropewalk.errors import GitError, StorageError
from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.object_id import checksum, frame
from ropewalk.git.trees import TreeEntry

_FILES: Final = ("100644", "100755")
# What git takes for no UTF-8: such bytes, and code points that are no characters.
_NO_TEXT: Final = re.compile(
    "[\udc80-\udcff\ufdd0-\ufdef"
    + "".join(chr((plane << 16) + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


def commit_tree(
    context: GitContext,
    tree: str,
    *,
    parents: Sequence[str],
    message: str,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> str:
    """Make a commit and return its id; same arguments and identities with dates, same id.

    Raises:
        GitError: there is no identity, or an object is missing.
    """
    lineage = (option for parent in parents for option in ("-p", parent))
    text = message.encode(errors="surrogateescape")
    arguments = ("commit-tree", *options, *lineage, "-F", "-", tree)
    return run(context, *arguments, stdin=text, env=env).text


def tree_of(context: GitContext, commit: str) -> str:
    """Return the id of a commit's tree."""
    return run(context, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}").text


def write_commit(context: GitContext, tree: str, *, parents: Sequence[str], message: str) -> str:
    """Make the commit that `commit_tree` makes, without a process; into a quarantine only.

    Args:
        context: made by `git.own.quarantine`; both its identities are set, as `clean_identity`
            returns them, and have dates.
        tree: full id.
        parents: full ids.
        message: the whole message.

    Raises:
        StorageError: the disk refused.
    """
    content = commit_content(context, tree, parents=parents, message=message)
    if context.objects is None or not context.alternates:
        raise ValueError("objects are written without git into a quarantine only")
    return _write_loose(context.objects, "commit", content, like=tree)


def commit_content(
    context: GitContext, tree: str, *, parents: Sequence[str], message: str
) -> bytes:
    """Return the bytes of a commit from the identities of a context, without a signature."""
    author, committer = context.author, context.committer
    return commit_bytes(tree, parents=parents, author=author, committer=committer, message=message)


def commit_bytes(
    tree: str,
    *,
    parents: Sequence[str],
    author: Identity | None,
    committer: Identity | None,
    message: str,
) -> bytes:
    """Return the bytes of a commit without a signature; identities are known and have dates."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    for role, identity in (("author", author), ("committer", committer)):
        if identity is None or identity.date is None:
            raise ValueError(f"the {role} of a commit and its date must be known")
        lines.append(f"{role} {identity.name} <{identity.email}> {identity.date}")
    return commit_text("\n".join((*lines, "", message)))


def commit_text(text: str) -> bytes:
    """Return text as `commit_tree` writes it: bytes that are no UTF-8 are read as Latin-1."""
    if text.isascii():
        return text.encode()
    return _NO_TEXT.sub(
        lambda found: found[0].encode(errors="surrogateescape").decode("latin-1"), text
    ).encode()


def is_ancestor(context: GitContext, a: str, b: str) -> bool:
    """Say whether commit `a` is commit `b` or one that it comes from."""
    return run(context, "merge-base", "--is-ancestor", a, b, allowed=(0, 1)).code == 0


def merge_base(context: GitContext, a: str, b: str) -> str | None:
    """Return the best commit that both come from, None for unrelated histories."""
    output = run(context, "merge-base", a, b, allowed=(0, 1))
    return output.text if output.code == 0 else None


def is_shallow(context: GitContext) -> bool:
    """Say whether the history that is here ends before the first commit."""
    return run(context, "rev-parse", "--is-shallow-repository").text == "true"


def commits_between(context: GitContext, base: str, head: str) -> tuple[str, ...]:
    """Return the commits that `head` comes from and `base` does not, oldest first."""
    output = run(context, "rev-list", "--topo-order", "--reverse", head, f"^{base}")
    return tuple(output.text.split())


def commit_message(context: GitContext, oid: str) -> str:
    """Return the whole message of a commit, without surrounding white space."""
    return run(context, "show", "--no-patch", "--no-show-signature", "--format=%B", oid).text


def commit_parents(context: GitContext, oid: str) -> tuple[str, ...]:
    """Return the ids of a commit's parents."""
    output = run(context, "rev-list", "--parents", "--max-count=1", oid)
    return tuple(output.text.split()[1:])


def read_blob(context: GitContext, commit: str, path: str, *, limit: int) -> bytes | None:
    """Return the content of a regular file of a commit or tree.

    None where there is no regular file at that path, or it holds more than `limit` bytes.
    """
    if posixpath.normpath(path) != path or path.startswith(("/", "../")) or path in {".", ".."}:
        return None
    listing = run(context, "ls-tree", "-z", "-l", "--full-tree", commit, "--", path).stdout
    for record in os.fsdecode(listing).split("\0")[:-1]:
        facts, _tab, name = record.partition("\t")
        mode, _kind, oid, size = facts.split()
        if name == path and mode in _FILES and int(size) <= limit:
            return run(context, "cat-file", "blob", oid).stdout
    return None


def blob_sizes(context: GitContext, oids: Sequence[str]) -> dict[str, int]:
    """Return the sizes in bytes of many blobs with one process; what is missing is left out."""
    if not oids:
        return {}
    stdin = "".join(f"{oid}\n" for oid in dict.fromkeys(oids)).encode()
    listing = run(context, "cat-file", "--batch-check", "--buffer", stdin=stdin).text
    records = (line.split() for line in listing.splitlines())
    return {record[0]: int(record[2]) for record in records if record[1:2] == ["blob"]}


def read_blobs(context: GitContext, oids: Sequence[str]) -> dict[str, bytes]:
    """Return the content of many blobs with one process.

    Raises:
        GitError: one of them is missing or is no blob.
    """
    return _read_batch(context, oids, b"blob")


def read_commits(context: GitContext, oids: Sequence[str]) -> dict[str, bytes]:
    """Return the bytes of many commits, headers included, with one process.

    Raises:
        GitError: one of them is missing or is no commit.
    """
    return _read_batch(context, oids, b"commit")


def _read_batch(context: GitContext, oids: Sequence[str], kind: bytes) -> dict[str, bytes]:
    wanted = tuple(dict.fromkeys(oids))
    if not wanted:
        return {}
    stdin = "".join(f"{oid}\n" for oid in wanted).encode()
    stream = run(context, "cat-file", "--batch", "--buffer", stdin=stdin).stdout
    found: dict[str, bytes] = {}
    at = 0
    for oid in wanted:
        end = stream.index(b"\n", at)
        match stream[at:end].split():
            case [_oid, found_kind, size] if found_kind == kind:
                found[oid] = stream[end + 1 : end + 1 + int(size)]
                at = end + 2 + int(size)
            case _:
                raise GitError(f"git cat-file: {oid} is not a {kind.decode()} that is here")
    return found


def write_blob(context: GitContext, content: bytes) -> str:
    """Write content as it is, without filters, and return its id."""
    return run(context, "hash-object", "-w", "-t", "blob", "--stdin", stdin=content).text


def make_tree(context: GitContext, entries: Sequence[TreeEntry]) -> str:
    """Write a tree of files that all lie at its top, and return its id."""
    lines = "".join(f"{entry.mode} blob {entry.oid}\t{entry.path}\0" for entry in entries)
    return run(context, "mktree", "-z", stdin=os.fsencode(lines)).text


def _write_loose(objects: Path, kind: str, content: bytes, *, like: str) -> str:
    data = frame(kind, content)
    oid = checksum(data, like=like).hex()
    path = objects / oid[:2] / oid[2:]
    if not path.exists():
        try:
            path.parent.mkdir(exist_ok=True)
            fresh = path.with_name(f"tmp_obj_{secrets.token_hex(8)}")
            fresh.write_bytes(zlib.compress(data, 1))
            fresh.replace(path)
        except OSError as error:
            raise StorageError(
                f"a commit cannot be written: {error}", hint="free some space, then do it again"
            ) from error
    return oid


def write_tree_from(
    context: GitContext,
    tree: str | None,
    *,
    put: Sequence[TreeEntry] = (),
    remove: Sequence[str] = (),
) -> str:
    """Write a tree that is another one with some entries put in and some paths removed.

    Args:
        context: where objects are written; its own index is not touched.
        tree: a tree or commit to begin with, None for an empty one.
        put: entries that are added or replaced; their blobs exist.
        remove: paths that are taken out first; one that is not there is no error.

    Raises:
        GitError: a path must not exist in a tree, or an object is missing.
    """
    with tempfile.TemporaryDirectory(prefix="ropewalk-index-") as folder:
        private = replace(context, index=Path(folder, "index"))
        run(private, "read-tree", *(["--empty"] if tree is None else [tree]))
        blank = "0" * len(run(private, "write-tree").text)
        lines = [f"0 {blank}\t{path}" for path in remove]
        lines += [f"{entry.mode} {entry.oid}\t{entry.path}" for entry in put]
        if lines:
            stdin = os.fsencode("".join(f"{line}\0" for line in lines))
            # A path that git leaves out is a warning for git, with exit code 0.
            left_out = run(private, "update-index", "-z", "--index-info", stdin=stdin).stderr
            if left_out.strip():
                raise GitError(f"git update-index: {left_out.strip().splitlines()[0]}")
        return run(private, "write-tree").text
