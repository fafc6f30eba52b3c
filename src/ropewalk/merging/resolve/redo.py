"""What one side did throughout, done as well to what the other side added.

Where a side changed statements in one way (a call got an argument, a name was changed wherever it
stood), a statement that the other side wrote after the old pattern gets the same change.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ropewalk.merging.resolve.likeness import alike, defined, key
from ropewalk.merging.resolve.matching import matches
from ropewalk.merging.resolve.syntax import Group, Item, Line, Text, tokens_in
from ropewalk.merging.resolve.weave import Weaver

_LIKE_ENOUGH = 0.6
_MOST_COMPARED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edits:
    """The statements that a side changed, before and after, and the names that it changed."""

    changed: tuple[tuple[Line, Line], ...]
    renamed: Mapping[bytes, bytes]


def redone(merged: Text, base: Text, ours: Text, theirs: Text, weaver: Weaver) -> Text:
    """Return `merged` with each side's edits done to the lines that the other side added."""
    known = {line.key for line in base.lines}
    our_keys, their_keys = ({line.key for line in side.lines} - known for side in (ours, theirs))
    our_edits, their_edits = (_edits(base, side) for side in (ours, theirs))
    if len(merged.lines) * len((*our_edits.changed, *their_edits.changed)) > _MOST_COMPARED:
        return merged
    lines: list[Line] = []
    for line in merged.lines:
        if line.key in their_keys - our_keys:
            lines.append(_redone(line, our_edits, weaver))
        elif line.key in our_keys - their_keys:
            lines.append(_redone(line, their_edits, weaver))
        elif line.key not in known:
            renamed = {**our_edits.renamed, **their_edits.renamed}
            lines.append(replace(line, items=tuple(_renamed(line.items, renamed))))
        else:
            lines.append(line)
    return Text(lines=tuple(lines), tail=merged.tail)


def _edits(base: Text, side: Text) -> _Edits:
    pairs = matches(base.lines, side.lines, key=key, alike=alike)
    changed = tuple(
        (base.lines[at], side.lines[to])
        for at, to in pairs.items()
        if base.lines[at].key != side.lines[to].key
    )
    before, after = _words(base), _words(side)
    renamed = {old: new for old, new in _renames(changed) if old not in after and new not in before}
    return _Edits(changed=changed, renamed=renamed)


def _redone(line: Line, edits: _Edits, weaver: Weaver) -> Line:
    changed = () if defined(line) else edits.changed
    pattern = max(changed, key=lambda pair: alike(pair[0], line), default=None)
    if pattern is not None and alike(pattern[0], line) >= _LIKE_ENOUGH:
        merged = weaver.line(*pattern, line)
        line = line if merged is None else replace(line, items=merged.items)
    return replace(line, items=tuple(_renamed(line.items, edits.renamed)))


def _renames(changed: Sequence[tuple[Line, Line]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield names that were exchanged for others in statements where nothing else was changed."""
    for before, after in changed:
        words, others = (
            [token.text for token in tokens_in(line.items)] for line in (before, after)
        )
        if len(words) != len(others):
            continue
        exchanged = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
        if all(_is_name(old) and _is_name(new) for old, new in exchanged):
            yield from exchanged


def _is_name(text: bytes) -> bool:
    return text.replace(b"_", b"a").isalnum() and not text[:1].isdigit()


def _words(text: Text) -> set[bytes]:
    return {token.text for line in text.lines for token in tokens_in(line.items)}


def _renamed(items: Sequence[Item], names: Mapping[bytes, bytes]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Group):
            entries = (
                replace(entry, items=tuple(_renamed(entry.items, names))) for entry in item.entries
            )
            yield replace(item, entries=tuple(entries))
        else:
            text = names.get(item.text, item.text)
            yield replace(item, text=text, key=names.get(item.key, item.key))
