"""Looks through a plan that a model or an agent made, and finds all that is wrong with it at once.

The rules are those for plans that people write, and stricter in three: nothing that is executed may
be named, a pattern must match a file of the tree or a new file of its own domain, and there is a
limit to how many domains, and so agents, an answer may ask for. Findings are sentences that a model
and a person understand.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.model.plan import DomainSpec, PlanFile
from ropewalk.planner.tree_index import TreeIndex
from ropewalk.store.schema.drafted_plan import find_plan_text
from ropewalk.store.schema.names import show
from ropewalk.store.schema.plan_file import PLAN_LIMIT, review_plan
from ropewalk.store.text import escape_surrogates

DOMAINS_MAX: Final = 100
FINDINGS_MAX: Final = 30
_NAMESAKES_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What an answer holds: a plan, or what is wrong with it."""

    plan: PlanFile | None
    findings: tuple[str, ...] = ()


def review_answer(
    answer: str, *, paths: Sequence[str], briefings: Collection[str] | None = None
) -> Review:
    """Look for a plan in an answer, and at it.

    Args:
        answer: what a model or an agent said.
        paths: all paths of the base tree.
        briefings: names of the briefings that there are; None: not looked at.
    """
    text = find_plan_text(answer)
    if text is None:
        return Review(plan=None, findings=("the answer holds no plan: no JSON object is in it",))
    # A few more bytes than are taken are enough to be refused for them.
    data = escape_surrogates(text[: PLAN_LIMIT + 1], backslash="\\\\").encode()
    plan, problems = review_plan(data, name="answer")
    findings = [_say(str(one), one.hint) for one in problems]
    if plan is not None and len(plan.domains) > DOMAINS_MAX:
        findings.append(f"{len(plan.domains)} domains are too many: at most {DOMAINS_MAX}")
    elif plan is not None:
        findings += _missing(plan, TreeIndex(paths))
        findings += _unknown_briefings(plan, briefings)
    if len(findings) > FINDINGS_MAX:
        findings[FINDINGS_MAX:] = [f"and {len(findings) - FINDINGS_MAX} more of this kind"]
    return Review(plan=None if findings else plan, findings=tuple(findings))


def _say(problem: str, hint: str) -> str:
    return f"{problem}: {hint}" if hint else problem


def _missing(plan: PlanFile, tree: TreeIndex) -> Iterator[str]:
    """Name the patterns that match neither a file of the tree nor a new one of their domain."""
    for domain in plan.domains:
        new = TreeIndex(domain.new_files)
        for pattern in domain.files:
            if pattern.startswith("!") or tree.select((pattern,)) or new.select((pattern,)):
                continue
            yield _say(
                f"domain '{domain.name}': {show(pattern)} matches no file", _hint(pattern, tree)
            )
        yield from _unmatched_by_all(domain, tree)


def _unmatched_by_all(domain: DomainSpec, tree: TreeIndex) -> Iterator[str]:
    """Say when exceptions take away everything that the other patterns of a domain name."""
    is_any = any(tree.select((one,)) for one in domain.files if not one.startswith("!"))
    if is_any and not domain.new_files and not tree.select(domain.files):
        yield f"domain '{domain.name}': its patterns together match no file"


def _unknown_briefings(plan: PlanFile, known: Collection[str] | None) -> Iterator[str]:
    for domain in plan.domains:
        if known is not None and domain.briefing is not None and domain.briefing not in known:
            problem = f"domain '{domain.name}': there is no briefing '{domain.briefing}'"
            yield _say(problem, f"briefings are {', '.join(sorted(known))}; or null")


def _hint(pattern: str, tree: TreeIndex) -> str:
    name = pattern.rstrip("/").rpartition("/")[2]
    namesakes = tree.select((name,)) if name and "*" not in name else ()
    if namesakes:
        return f"did you mean {', '.join(namesakes[:_NAMESAKES_MAX])}?"
    return "name files that exist, and put those that will be created under new_files"
