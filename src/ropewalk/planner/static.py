"""Splits an epic into domains without any model: by what the epic says and what the tree holds.

Deterministic and offline. The plan it makes is valid by itself, names only files of the tree and
new ones that the epic speaks of, and never has a cycle. Its doubts stand in the notes.
"""

import re
from collections.abc import Mapping, Sequence

from ropewalk.errors import InvalidInput
from ropewalk.model.config import DomainRule
from ropewalk.model.plan import DomainNotes, DomainSpec, PlanFile, PlanningNotes
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.dependencies import propose_dependencies
from ropewalk.planner.describe import describe
from ropewalk.planner.epic_text import EpicText, read_epic
from ropewalk.planner.file_patterns import write_patterns
from ropewalk.planner.grouping import Group, make_groups
from ropewalk.planner.kinds import Kind, kind_named
from ropewalk.planner.labels import Labels
from ropewalk.planner.new_files import place_new_files
from ropewalk.planner.relevance import CHOSEN_MAX, Selection, select

_SORT_OF_NEW = ("a file that is to be created", "where new migrations go")
_EPIC_MAX = 200_000
_DESCRIPTION_MAX = 20_000
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def split_corpus(
    epic_text: str,
    corpus: Corpus,
    *,
    paths: Sequence[str],
    rules: Sequence[DomainRule] = (),
    co_change: Mapping[str, Sequence[str]] | None = None,
) -> tuple[PlanFile, PlanningNotes]:
    """Split an epic into domains.

    Args:
        epic_text: the epic, markdown or a sentence.
        corpus: the files of the base tree that people write, read.
        paths: all paths of the base tree.
        rules: the `[[domain]]` tables of the configuration.
        co_change: for a path, those that often changed in the same commits, the best first.

    Returns:
        the plan, not yet resolved against the tree, and why it is as it is.

    Raises:
        InvalidInput: the epic is empty, or nothing in the tree belongs to it.
    """
    text = plain_epic(epic_text)
    if not text.strip():
        raise InvalidInput("the epic is empty", hint="say in a sentence what is to be done")
    labels = Labels(corpus, rules)
    epic = read_epic(text, name_domain=labels.names)
    homes = labels.homes(epic.domains)
    selection = select(epic, corpus, homes=homes, co_change=co_change or {})
    groups = make_groups(selection, corpus, rules=rules, homes=homes)
    news = place_new_files(selection.new_files, groups, corpus, paths)
    if not groups and not news:
        raise _nothing_found(epic, len(corpus.facts))
    return _make_plan(epic, text, corpus, selection, groups, news, paths)


def plain_epic(epic_text: str) -> str:
    """Return an epic without control characters, cut where it is longer than any planner reads."""
    return _CONTROL.sub(" ", epic_text[:_EPIC_MAX])


def description_of(plain: str) -> str:
    """Return what a plan keeps of a plain epic as its description."""
    return plain.strip()[:_DESCRIPTION_MAX]


def _make_plan(
    epic: EpicText,
    text: str,
    corpus: Corpus,
    selection: Selection,
    groups: Sequence[Group],
    news: Mapping[str, Sequence[str]],
    paths: Sequence[str],
) -> tuple[PlanFile, PlanningNotes]:
    needs = propose_dependencies(groups, corpus)
    written = {group.name: write_patterns(group, selection, groups, paths) for group in groups}
    known = {group.name: group for group in groups}
    domains = [
        DomainSpec(
            name=name,
            description=describe(epic, name, known.get(name), corpus, selection),
            files=written.get(name, ()),
            new_files=tuple(news.get(name, ())),
            depends_on=needs.get(name, ()),
            briefing=_briefing(name, known.get(name)),
            checks=rule.checks if (rule := _rule(known.get(name))) else (),
        )
        for name in dict.fromkeys((*known, *news))
    ]
    return (
        PlanFile(title=epic.title, description=description_of(text), domains=tuple(domains)),
        _make_notes(epic, selection, groups, written, news),
    )


def _briefing(name: str, group: Group | None) -> str | None:
    if group is None:
        kind = kind_named(name)
        return kind.value if kind and kind is not Kind.INFRA else None
    if group.rule:
        return group.rule.briefing
    return None if group.kind is Kind.INFRA else group.kind.value


def _rule(group: Group | None) -> DomainRule | None:
    return group.rule if group else None


def _make_notes(
    epic: EpicText,
    selection: Selection,
    groups: Sequence[Group],
    written: Mapping[str, Sequence[str]],
    news: Mapping[str, Sequence[str]],
) -> PlanningNotes:
    notes = tuple(
        DomainNotes(
            domain=group.name,
            why=_reasons(group, selection, written[group.name]),
            unsure=tuple(path for path in group.paths if not selection.picks[path].sure),
        )
        for group in groups
    )
    picks = selection.picks.values()
    names = {group.name for group in groups} | set(news)
    warnings = [
        f"{name}: the epic has a section for it, but nothing in the tree matches"
        for name in epic.domains
        if name not in names
    ]
    warnings.extend(
        f"{name}: '{path}' is taken for {_SORT_OF_NEW[path.endswith('*')]}"
        for name, found in news.items()
        for path in found
    )
    if len(selection.picks) == CHOSEN_MAX:
        warnings.append(f"only the {CHOSEN_MAX} files that fit best were taken")
    return PlanningNotes(
        domains=notes,
        left_out=selection.left_out,
        warnings=tuple(warnings),
        sure=sum(pick.sure for pick in picks),
        total=len(selection.picks),
    )


def _reasons(group: Group, selection: Selection, written: Sequence[str]) -> tuple[str, ...]:
    """Say for each pattern why it is there; a folder once, not for each of its files."""
    reasons: dict[str, None] = {}
    for pattern in written:
        folder = pattern.removesuffix("/**")
        inside = [p for p in group.paths if p == pattern or p.startswith(f"{folder}/")]
        if inside:
            shown = f"{folder}/" if folder != pattern else pattern
            why = selection.picks[inside[0]].why
            why = "named in the epic" if why.startswith(f"{folder}/ is named") else why
            reasons.setdefault(f"{shown} ({why})")
    return tuple(reasons)


def _nothing_found(epic: EpicText, files: int) -> InvalidInput:
    title = epic.title[:60] or "the epic"
    return InvalidInput(
        f"none of {files} files has to do with '{title}'",
        hint="name files or folders in the epic, or write the plan yourself: "
        "ropewalk plan --from plan.yaml",
        code="nothing_found",
    )
