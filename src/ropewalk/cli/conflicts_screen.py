"""How the live matrix looks to a person. Pure."""

from collections.abc import Iterator
from typing import Final

from ropewalk.cli import words
from ropewalk.cli.alerts import outside_text
from ropewalk.cli.clash_words import place, side
from ropewalk.model.conflict import LiveConflicts, LiveDomain, LivePair

_MOST_PATHS: Final = 5


def conflicts_lines(document: LiveConflicts) -> Iterator[str]:
    """Return who clashes with whom, what strays, what is not committed, what to do next."""
    yield _headline(document)
    for pair in document.pairs:
        yield from _pair_lines(pair)
    yield from _outside_lines(document)
    yield from _work_lines(document)
    yield from words.next_lines(document.next_commands)


def _headline(document: LiveConflicts) -> str:
    count = sum(one.snapshot is not None for one in document.domains)
    target = side(document.target) if document.target else ""
    moved = f" · {target} has moved since they started" if document.target_moved else ""
    epic = words.plain(document.epic_id)
    if document.pairs:
        number = len(document.pairs)
        clash = "1 pair clashes" if number == 1 else f"{number} pairs clash"
        return f"{epic}: {clash}{moved}"
    return f"{words.DONE} {epic}: no clash among {words.count(count, 'domain')}{moved}"


def _pair_lines(pair: LivePair) -> Iterator[str]:
    names = f"{side(pair.a)} and {side(pair.b)}"
    if not pair.paths:
        yield f"{words.ATTENTION} {names} cannot be merged: {words.plain(pair.reason or '')}"
        return
    yield f"{words.ATTENTION} {names} will conflict"
    for path in pair.paths[:_MOST_PATHS]:
        yield f"    {place(path)}  {path.kind.value.replace('_', ' ')}"
    if len(pair.paths) > _MOST_PATHS:
        yield f"    and {words.count(len(pair.paths) - _MOST_PATHS, 'more path')}"


def _outside_lines(document: LiveConflicts) -> Iterator[str]:
    for one in document.domains:
        paths = [entry.path for entry in document.outside if entry.domain == one.name]
        if paths:
            yield f"{words.ATTENTION} {outside_text(one.name, paths)}"


def _work_lines(document: LiveConflicts) -> Iterator[str]:
    dirty = [one.name for one in document.domains if one.dirty]
    if dirty:
        yield f"uncommitted work counted: {words.few(dirty, most=12)}"
    for one in document.domains:
        for text in _doubts(one):
            yield f"{words.ATTENTION} {one.name}: {text}"


def _doubts(domain: LiveDomain) -> Iterator[str]:
    """Yield why the answer about a domain may not be the whole truth."""
    if domain.gone:
        known = domain.snapshot and f"its last commit {words.short(domain.snapshot)} was compared"
        yield f"its worktree cannot be read; {known or 'nothing is known of it'}"
    if domain.partial:
        yield "some of its files could not be read and were left out"
    if domain.has_markers:
        yield "conflict markers stand in a file that it changed"
    if domain.nested:
        yield f"the content of nested repositories was left out: {words.few(domain.nested)}"
