"""Who makes the commits of a train, and how: dated by the plan, signed where the person wants it.

The same step gives the same commit. A signature may be another one each time, so a step that was
signed before is taken again as long as everything but its signature would be the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.objects import commit_content, read_commits, tree_of, write_commit
from ropewalk.git.refs import epic_ref, list_refs
from ropewalk.git.signing import (
    Signing,
    clean_identity,
    sign_commit,
    without_signature,
)
from ropewalk.merging.values import MergeInput, MergeTools


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who makes commits; the first one is dated ``date``, each further one a second later.

    ``signed`` holds the commits that were signed before, by their content without the signature.
    """

    identity: Identity
    date: int
    signing: Signing | None = None
    signed: Mapping[bytes, str] = field(default_factory=dict)

    def dated(self, number: int) -> Identity:
        """Return the identity of the commit with this number, counting from 0."""
        name, email = self.identity.name, self.identity.email
        return Identity(name=name, email=email, date=f"{self.date + number} +0000")

    def commit(
        self, context: GitContext, number: int, tree: str, *, parents: tuple[str, ...], message: str
    ) -> str:
        """Make a commit in a quarantine and return its id.

        Raises:
            GitError: it could not be signed (code ``signing``).
            StorageError: the disk refused.
        """
        who = self.dated(number)
        signed = replace(context, author=who, committer=who)
        if self.signing is None:
            return write_commit(signed, tree, parents=parents, message=message)
        content = commit_content(signed, tree, parents=parents, message=message)
        known = self.signed.get(content)
        return known or sign_commit(signed, self.signing, tree, parents=parents, message=message)


def require_hand(
    given: MergeInput,
    tools: MergeTools,
    context: GitContext,
    *,
    signing: Signing | None,
    heads: Iterable[str],
) -> Hand:
    """Return who makes the commits of a train; a signature is tried before anything is built.

    Args:
        given: names the epic whose signed commits are taken again, and the date.
        tools: who commits are from, and the repository.
        context: a quarantine for the trial.
        signing: how the person signs commits, None for not at all.
        heads: where the commits of the domains begin, which are none of ours.

    Raises:
        GitError: commits cannot be made from that person (code ``identity``), or cannot be signed
            (code ``signing``).
    """
    hand = Hand(identity=clean_identity(context, tools.identity), date=given.date)
    if signing is None:
        return hand
    scratch = replace(context, author=hand.dated(0), committer=hand.dated(0))
    tree = tree_of(context, given.target_commit)
    sign_commit(scratch, signing, tree, parents=(), message="Can this be signed?\n")
    return replace(hand, signing=signing, signed=_signed_before(given, tools, heads))


def _signed_before(given: MergeInput, tools: MergeTools, heads: Iterable[str]) -> dict[bytes, str]:
    context = tools.place.context
    refs = {
        oid
        for kind in ("step", "resolved", "result", "fixed", "fixing")
        for oid in list_refs(context, epic_ref(given.epic_id, kind)).values()
    }
    if not refs:
        return {}
    asked = "".join(f"{oid}\n" for oid in refs)
    asked += "".join(f"^{oid}\n" for oid in (given.target_commit, *heads))
    ours = run(context, "rev-list", "--stdin", stdin=asked.encode()).text.split()
    contents = read_commits(context, ours)
    return {without_signature(content): oid for oid, content in contents.items()}
