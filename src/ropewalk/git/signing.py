"""Who commits are from, and the signature on them that the person's configuration asks for.

Programs that sign are taken only from what the caller decided to trust (``Place.filters``), because
an agent may have written others into the configuration since. Which key and whether at all is read
when it is needed.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.objects import commit_tree
from ropewalk.git.repository import Place

_KEYS: Final = r"^(commit\.gpgsign|gpg\.format|user\.signingkey)$"
_DATE: Final = "1000000000 +0000"
_YES: Final = frozenset({"true", "yes", "on", "1"})
# Where the programs that sign find keys, agents and the person to ask for a passphrase.
_PASSED: Final = (
    *("GNUPGHOME", "SSH_AUTH_SOCK", "GPG_TTY", "XDG_RUNTIME_DIR"),
    *("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"),
)
# Versions of git differ in what they drop at the ends of a name; nothing of it is at these.
_PLAIN: Final = re.compile(
    r"[^\x00-\x20.,:;<>\"\\'\x7f](?:[^\x00-\x1f<>\x7f]*[^\x00-\x20.,:;<>\"\\'\x7f])?"
)
_SIGNATURE: Final = re.compile(rb"^gpgsig(?:-sha256)? .*\n(?: .*\n)*", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How commits are signed; ``key`` is for people, ``settings`` are for git."""

    key: str
    settings: tuple[str, ...]


def read_signing(place: Place) -> Signing | None:
    """Return how the person signs commits, None when the configuration does not ask for it."""
    listing = run(
        place.context, "config", "--null", "--show-scope", "--get-regexp", _KEYS, allowed=(0, 1)
    ).stdout
    words = os.fsdecode(listing).split("\0")[:-1]
    # What this process sets itself, so that nothing is signed unasked, is of scope `command`.
    records = (
        record for scope, record in zip(words[0::2], words[1::2], strict=True) if scope != "command"
    )
    pairs = (record.partition("\n") for record in records)
    found = {key: value if newline else "true" for key, newline, value in pairs}
    if found.get("commit.gpgsign", "").lower() not in _YES:
        return None
    settings = tuple(f"{key}={found[key]}" for key in sorted(found) if key != "commit.gpgsign")
    return Signing(key=found.get("user.signingkey", "the default key"), settings=settings)


def sign_commit(
    context: GitContext, signing: Signing, tree: str, *, parents: Sequence[str], message: str
) -> str:
    """Make a signed commit and return its id, which may be another one each time.

    Raises:
        GitError: it could not be signed (code ``signing``).
    """
    signed = replace(context, settings=(*context.settings, *signing.settings))
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    try:
        return commit_tree(
            signed, tree, parents=parents, message=message, options=("-S",), env=passed
        )
    except GitError as error:
        raise GitError(
            f"commits cannot be signed with {signing.key}: {error.message}",
            code="signing",
            hint="make the key usable, or: git config commit.gpgSign false",
        ) from error


def without_signature(commit: bytes) -> bytes:
    """Return the bytes of a commit as they were before it was signed."""
    header, separator, message = commit.partition(b"\n\n")
    return _SIGNATURE.sub(b"", header + b"\n").removesuffix(b"\n") + separator + message


def clean_identity(context: GitContext, identity: Identity) -> Identity:
    """Return an identity as git writes it into commits; characters that it drops are gone.

    Raises:
        GitError: nothing of the name is left, or git refuses it (code ``identity``).
    """
    if _PLAIN.fullmatch(identity.name) and _PLAIN.fullmatch(identity.email):
        return identity
    dated = replace(identity, date=_DATE)
    output = run(replace(context, committer=dated), "var", "GIT_COMMITTER_IDENT", allowed=(0, 128))
    found = re.fullmatch(r"(.*) <(.*)> \d+ [+-]\d+", output.text)
    if output.code != 0 or found is None:
        raise GitError(
            f"git cannot make commits from '{identity.name} <{identity.email}>'",
            code="identity",
            hint="set name and email under [author] in ropewalk.toml",
        )
    return replace(identity, name=found[1], email=found[2])
