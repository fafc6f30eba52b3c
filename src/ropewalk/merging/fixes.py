"""Commits that mend a train: made by an agent or a person on top of some prefix of it, and kept.

A fix belongs to the commit that it was made on. As long as the train, built again, has that commit,
the fix is put on it again and carried to its end, so that nobody mends the same thing twice; with
other heads it is not used.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import commit_message, commit_parents, commit_tree, tree_of
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.signing import read_signing, sign_commit
from ropewalk.merging.commits import Hand
from ropewalk.model.merge import Fix, ResolvedBy
from ropewalk.store.files import safe_text

_TRAILER = re.compile(r"^(Domain|Agent|Fixed-by|Check): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The commits of a train with its fixes: ``tips`` from the base on, one for each prefix."""

    tips: tuple[str, ...]
    fixes: tuple[Fix, ...]


def fix_message(
    *, epic_id: str, run_id: str, domain: str, command: str, by: ResolvedBy, agent: str | None
) -> str:
    """Return the message of the commit that mends what ``domain`` broke."""
    command = " ".join(safe_text(command).split())
    trailers = [
        f"Epic: {epic_id}",
        f"Domain: {domain}",
        *([f"Agent: {' '.join(safe_text(agent).split())}"] if agent else []),
        f"Run: {run_id}",
        f"Fixed-by: {by}",
        f"Check: {command}",
    ]
    subject = f"Fix after merging '{domain}' of {epic_id}: {command}"[:72]
    return f"{subject}\n\n" + "\n".join(trailers) + "\n"


def commit_fix(place: Place, context: GitContext, tree: str, *, parent: str, message: str) -> str:
    """Make the commit of a fix, signed where the person signs; ``context`` says who and when.

    Raises:
        GitError: it could not be signed (code ``signing``).
    """
    signing = read_signing(place)
    if signing is None:
        return commit_tree(context, tree, parents=(parent,), message=message)
    return sign_commit(context, signing, tree, parents=(parent,), message=message)


def record_fix(place: Place, epic_id: str, commit: str) -> None:
    """Remember a fix, so that it is put on the same train again."""
    ref = epic_ref(epic_id, "fixed", commit)
    if ref not in known_fixes(place, epic_id):
        update = RefUpdate(ref=ref, new=commit, old=None)
        update_refs(place.context, [update], message="ropewalk: fix")


def known_fixes(place: Place, epic_id: str) -> dict[str, str]:
    """Return the fixes that were made for an epic, by ref."""
    return list_refs(place.context, epic_ref(epic_id, "fixed"))


def carry(
    context: GitContext, commits: Sequence[str], known: Iterable[str], *, hand: Callable[[], Hand]
) -> Carried:
    """Put the known fixes on a train.

    Args:
        context: where merges are computed and commits written.
        commits: the base and the commit of each step.
        known: all fixes there are.
        hand: returns who makes the commits that carry a fix on; asked only where there is a fix.
    """
    made_on = {commit_parents(context, fix)[0]: fix for fix in known}
    if not made_on:
        return Carried(tips=tuple(commits), fixes=())
    maker = hand()
    on: list[str] = []
    tips = []
    fitting: list[str] = []
    for commit in commits:
        tip, fitting = commit, []
        for fix in on:
            fixed = _on_top(context, maker, tip, fix)
            tip = fixed or tip
            fitting += [fix] if fixed else []
        while tip in made_on and made_on[tip] not in on:
            tip = made_on[tip]
            on.append(tip)
            fitting.append(tip)
        tips.append(tip)
    return Carried(tips=tuple(tips), fixes=tuple(read_fix(context, fix) for fix in fitting))


def read_fix(context: GitContext, commit: str) -> Fix:
    """Return what the message of a fix says."""
    found = dict(_TRAILER.findall(commit_message(context, commit)))
    return Fix(
        commit=commit,
        by=ResolvedBy(found.get("Fixed-by", ResolvedBy.PERSON)),
        domain=found.get("Domain"),
        agent=found.get("Agent"),
        command=found.get("Check", ""),
    )


def _on_top(context: GitContext, hand: Hand, tip: str, fix: str) -> str | None:
    """Return ``tip`` with the change of ``fix`` on top; None where they do not go together.

    Git finds the base of a merge by itself: the tip is shown to it as a change of what the fix was
    made on.
    """
    (made_on,) = commit_parents(context, fix)
    if made_on == tip:
        return fix
    signed = replace(context, author=hand.dated(0), committer=hand.dated(0))
    ours = commit_tree(signed, tree_of(context, tip), parents=(made_on,), message="tip\n")
    merged = merge_tree(context, ours, fix)
    if not merged.is_clean or merged.tree is None:
        return None
    message = f"{commit_message(context, fix)}\n"
    if hand.signing is None:
        return commit_tree(signed, merged.tree, parents=(tip,), message=message)
    return hand.commit(context, 0, merged.tree, parents=(tip,), message=message)
