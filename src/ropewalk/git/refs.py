"""Reads refs and moves them, all or none, each with the value it is expected to have.

A symbolic ref is replaced, never followed: what somebody made a ref point to is not moved.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.errors import GitError, GitKilled, InvalidInput, RefMoved
from ropewalk.git.command import GitContext, run
from ropewalk.git.repository import Place

_OID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One ref of a transaction, full name; ``new`` None deletes it, ``old`` None expects none."""

    ref: str
    new: str | None
    old: str | None


def is_oid(text: str) -> bool:
    """Say whether a text is a full object id."""
    return _OID.fullmatch(text) is not None


def zero_oid(place: Place) -> str:
    """Return the id that stands for no object."""
    return "0" * (64 if place.object_format == "sha256" else 40)


def resolve_commit(context: GitContext, name: str) -> str:
    """Return the full id of the commit that a name means; a branch wins over a tag.

    Raises:
        InvalidInput: there is no such commit.
    """
    for candidate in (f"refs/heads/{name}", name):
        found = _verify(context, f"{candidate}^{{commit}}")
        if found is not None:
            return found
    raise InvalidInput(
        f"there is no commit called '{name}'", code="no_such_commit", hint="git branch --all"
    )


def read_ref(context: GitContext, ref: str) -> str | None:
    """Return the object id that a full ref holds, None when there is no such ref."""
    return list_refs(context, ref).get(ref) if ref != "HEAD" else _verify(context, "HEAD")


def list_refs(context: GitContext, prefix: str = "refs/") -> dict[str, str]:
    """Return the object id of every ref that is `prefix` or lies below it, by full name."""
    output = run(context, "for-each-ref", "--format=%(objectname) %(refname)", prefix)
    pairs = (line.partition(" ") for line in os.fsdecode(output.stdout).split("\n") if line)
    return {name: oid for oid, _space, name in pairs}


def update_refs(context: GitContext, updates: Sequence[RefUpdate], *, message: str = "") -> None:
    """Write all updates in one transaction, or nothing.

    Args:
        context: the repository; its hooks run when it says so.
        updates: refs with new and expected old object ids, no ref twice.
        message: for the reflog, where there is one.

    Raises:
        RefMoved: a ref does not hold its expected value.
        InvalidInput: one name would be the directory of another (code ``ref_conflict``), or a
            name or an id is none.
        GitError: git refused for another reason.
    """
    if not updates:
        return
    for update in updates:
        _require_well_formed(update)
    verbs = b"".join(_verb(update) for update in updates)
    options = ("-m", message) if message else ()
    try:
        run(
            context,
            *("update-ref", *options, "--no-deref", "--stdin", "-z"),
            stdin=b"start\0" + verbs + b"prepare\0commit\0",
        )
    except GitKilled:
        raise
    except GitError as error:
        _explain(context, updates, error)
        raise


def _verify(context: GitContext, expression: str) -> str | None:
    if "\0" in expression:
        return None
    output = run(
        context,
        *("rev-parse", "--verify", "--quiet", "--end-of-options", expression),
        allowed=(0, 1, 128),
    )
    return output.text if output.code == 0 else None


def _require_well_formed(update: RefUpdate) -> None:
    if not update.ref.startswith("refs/") or re.search(r"[\x00-\x20\x7f]", update.ref):
        raise InvalidInput(f"{update.ref!r} is not a full ref name", code="ref_name")
    for oid in (update.new, update.old):
        if oid is not None and not is_oid(oid):
            raise InvalidInput(f"{oid!r} is not a full object id", code="object_id")


def _verb(update: RefUpdate) -> bytes:
    words = f"verify {update.ref}\0\0"
    if update.new and update.old:
        words = f"update {update.ref}\0{update.new}\0{update.old}\0"
    elif update.new:
        words = f"create {update.ref}\0{update.new}\0"
    elif update.old:
        words = f"delete {update.ref}\0{update.old}\0"
    return os.fsencode(words)


def _explain(context: GitContext, updates: Sequence[RefUpdate], error: GitError) -> None:
    """Raise what the refs themselves say about a refused transaction, if they say anything."""
    refs = list_refs(context)
    for update in updates:
        actual = refs.get(update.ref)
        if actual != update.old:
            raise RefMoved(
                f"{update.ref} is at {actual or 'nothing'}, expected {update.old or 'nothing'}",
                hint="look at what moved it, then start again",
            ) from error
    kept = refs | {update.ref: update.new for update in updates if update.new}
    for update in updates:
        clash = _find_clash(update.ref, kept)
        if clash is not None:
            raise InvalidInput(
                f"{update.ref} cannot be made beside {clash}",
                code="ref_conflict",
                hint=f"rename or remove {clash}",
            ) from error


def _find_clash(ref: str, refs: Mapping[str, str]) -> str | None:
    """Return a ref whose name is a directory of `ref`, or the other way round."""
    for other in sorted(refs):
        if other.startswith(f"{ref}/") or ref.startswith(f"{other}/"):
            return other
    return None


def epic_ref(epic_id: str, *parts: str) -> str:
    """Return the full name of a pin of an epic: ``refs/ropewalk/<epic_id>/<parts…>``."""
    return "/".join(("refs/ropewalk", epic_id, *parts))


def domain_branch(epic_id: str, domain: str) -> str:
    """Return the full name of the branch of a domain."""
    return f"refs/heads/ropewalk/{epic_id}/{domain}"
