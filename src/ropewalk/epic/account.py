"""What an agent says about its work, read as data and compared with what git says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ropewalk.epic.context import EpicContext
from ropewalk.epic.take import Taken
from ropewalk.model.plan import Domain
from ropewalk.model.result import AgentClaim
from ropewalk.store.files import Refusal, read_untrusted, safe_text
from ropewalk.store.schema.claims import parse_claim
from ropewalk.store.schema.documents import to_json

CLAIM_LIMIT = 1024 * 1024
MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The claim of an agent, or why there is none that can be read."""

    claim: AgentClaim | None = None
    problem: str | None = None

    @property
    def claimed(self) -> Mapping[str, object]:
        """The claim as JSON data; empty when there is none."""
        return to_json(self.claim) if self.claim else {}


def read_account(context: EpicContext, domain: Domain) -> Account:
    """Read the result file that the agent may have left in its worktree; never raises for it."""
    relative = f".workflow/outputs/{context.epic_id}/{domain.name}_results.json"
    data = read_untrusted(context.worktree(domain.name), relative, CLAIM_LIMIT)
    if isinstance(data, Refusal):
        return Account(problem=data.reason)
    claim = parse_claim(data)
    if isinstance(claim, str):
        return Account(problem=claim)
    return Account(claim=claim)


def mismatches(account: Account, taken: Taken, *, domain: str) -> tuple[str, ...]:
    """Return where the claim and git differ, one sentence each."""
    if account.claim is None:
        missing = account.problem == MISSING
        text = "no result file was written" if missing else f"result file: {account.problem}"
        return (text,)
    claim = account.claim
    found = [
        *_absent(claim.files_created, taken.files.created, "created"),
        *_absent(claim.files_modified, taken.files.paths, "modified"),
    ]
    if claim.status == "success" and not taken.commits:
        found.append("claims success, but nothing was changed")
    other = claim.extra.get("domain")
    if isinstance(other, str) and other != domain:
        found.append(f"claims to be domain '{safe_text(other)[:80]}'")
    return tuple(found)


def _absent(claimed: Sequence[str], real: Sequence[str], what: str) -> list[str]:
    gone = sorted(set(claimed) - set(real))
    shown = [f"claims to have {what} {safe_text(path)[:200]}, git does not" for path in gone[:20]]
    if len(gone) > len(shown):
        shown.append(f"and {len(gone) - len(shown)} more that git does not know as {what}")
    return shown
