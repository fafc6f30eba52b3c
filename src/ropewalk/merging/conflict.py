"""What a domain that does not merge is in conflict with, and where: from git's answer to data.

`outline` costs nothing and is enough to compare orders; `describe` adds what a person wants to see.
Names and sentences of git's hold object ids where a person expects a side; they are replaced by
the name of the domain and of what it is merged into.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import MergedTree
from ropewalk.merging.blame import Laying, find_causes, plain_path
from ropewalk.merging.line_ends import line_end_words
from ropewalk.merging.regions import read_texts, with_regions
from ropewalk.model.conflict import Conflict, ConflictKind, ConflictPath, path_as_base64
from ropewalk.model.merge import Matrix
from ropewalk.store.text import safe_text

MOST_DETAILED: Final = 64
_TRAIN: Final = "train"
_UNNAMED: Final = "git says that they do not merge and names no path"
_BY_ATTRIBUTE: Final = "not merged as text: the attributes of the target say so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A domain that does not go into the train as it stands.

    Attributes:
        context: where the merge was computed.
        domain: its name.
        theirs: its head.
        ours: the commit it was merged into: the train so far.
        start: the commit that the train starts from.
        target: full name of the branch that the train is for.
        heads: the heads of the domains of the epic, by name.
        before: the names of those that are in the train, first to last.
        matrix: which domains do not merge with each other alone.
        merged: git's answer.
    """

    context: GitContext
    domain: str
    theirs: str
    ours: str
    start: str
    target: str
    heads: Mapping[str, str]
    before: tuple[str, ...]
    matrix: Matrix
    merged: MergedTree


def outline(meeting: Meeting) -> Conflict:
    """Return the conflict with what is known without asking git again.

    ``with_domains`` are the domains of the train that clash with this one over one of the paths
    when they are merged alone.
    """
    labels = _labels(meeting)
    return Conflict(
        paths=tuple(_readable(path, labels) for path in meeting.merged.paths),
        with_domains=_in_order(meeting, _pairwise(meeting)),
        preview_tree=meeting.merged.tree,
        detail=None if meeting.merged.paths else _words_without_path(meeting, labels),
    )


def describe(meeting: Meeting) -> Conflict:
    """Return the conflict with its regions, why it is one, and the domains that caused it.

    A path over which no domain alone clashes with this one is asked about again: which prefix of
    the train it first fails on, and together with what.

    Raises:
        GitError: an object is missing.
    """
    known = outline(meeting)
    pairwise = _pairwise(meeting)
    settled = {path for shared in pairwise.values() for path in shared}
    open_paths = {plain_path(path.path) for path in meeting.merged.paths} - settled
    causes: Iterable[str] = ()
    if open_paths or not meeting.merged.paths:
        laying = Laying(
            context=meeting.context,
            start=meeting.start,
            tip=meeting.ours,
            head=meeting.theirs,
            heads=meeting.heads,
        )
        causes = find_causes(laying, open_paths)
    return replace(
        known,
        paths=_detailed(meeting, known.paths),
        with_domains=_in_order(meeting, {*pairwise, *causes}),
    )


def _pairwise(meeting: Meeting) -> dict[str, set[str]]:
    """Return the domains of the train that clash with this one alone, with the paths they share."""
    paths = {plain_path(path.path) for path in meeting.merged.paths}
    found: dict[str, set[str]] = {}
    for clash in meeting.matrix.conflicts:
        if meeting.domain in (clash.a, clash.b):
            other = clash.b if clash.a == meeting.domain else clash.a
            if shared := paths & set(map(plain_path, clash.paths)):
                found[other] = shared
    return {name: shared for name, shared in found.items() if name in meeting.before}


def _in_order(meeting: Meeting, names: Iterable[str]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(name for name in meeting.before if name in wanted)


def _detailed(meeting: Meeting, paths: Sequence[ConflictPath]) -> tuple[ConflictPath, ...]:
    """Add their regions to the first paths, and what explains a conflict that is not plain."""
    shown = paths[:MOST_DETAILED]
    texts = read_texts(meeting.context, shown)
    names = tuple(_labels(meeting).values())
    detailed = with_regions(meeting.context, shown, texts)
    explained = (replace(path, detail=_explained(path, texts, names)) for path in detailed)
    return (*explained, *paths[MOST_DETAILED:])


def _explained(path: ConflictPath, texts: Mapping[str, bytes], names: Sequence[str]) -> str | None:
    """Return the detail of a path, with what its contents tell about the conflict."""
    versions = {stage.stage: texts.get(stage.oid) for stage in path.stages}
    ours, theirs = versions.get(2), versions.get(3)
    if ours is None or theirs is None:
        return path.detail
    if path.kind is ConflictKind.BINARY:
        return _BY_ATTRIBUTE
    words = (path.detail, line_end_words(versions.get(1), ours, theirs, names=names))
    return "; ".join(filter(None, words)) or None


def _labels(meeting: Meeting) -> dict[str, str]:
    """Return how people call the two commits, ours first."""
    target = meeting.target.removeprefix("refs/heads/").replace("/", "_")
    return {meeting.ours: _TRAIN if meeting.before else target, meeting.theirs: meeting.domain}


def _readable(path: ConflictPath, labels: Mapping[str, str]) -> ConflictPath:
    """Replace object ids by what people call the two sides."""
    name = _with_labels(path.path, labels)
    detail = safe_text(_with_labels(" ".join(path.detail.split()), labels)) if path.detail else None
    return replace(path, path=name, path_b64=path_as_base64(name), detail=detail)


def _with_labels(text: str, labels: Mapping[str, str]) -> str:
    return re.sub("|".join(labels), lambda found: labels[found[0]], text)


def _words_without_path(meeting: Meeting, labels: Mapping[str, str]) -> str:
    said = " ".join(" ".join((*meeting.merged.messages, meeting.merged.raw_tail)).split())
    return safe_text(_with_labels(said, labels)) or _UNNAMED
