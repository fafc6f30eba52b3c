"""Three versions of source text merged by what they say, statement by statement, down to tokens.

Layout and text are merged apart: where one side only moved white space, quotes or a trailing comma
and the other changed what is said, the result says the new thing in the new layout.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ropewalk.merging.resolve.elements import Policy, Side, Traits, merge
from ropewalk.merging.resolve.languages import CLOSING, Language
from ropewalk.merging.resolve.likeness import alike, alike_entries, alike_items, key
from ropewalk.merging.resolve.reading import entry_of, name_of, read_items, read_tokens
from ropewalk.merging.resolve.spacing import laid_out, placed
from ropewalk.merging.resolve.syntax import (
    Entry,
    Group,
    Item,
    Line,
    Text,
    Token,
    key_of,
    raw_of,
    tokens_in,
)
from ropewalk.merging.resolve.versions import higher, is_version
from ropewalk.merging.resolve.wording import merge_words

_BRACKETS = frozenset((*CLOSING, *CLOSING.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weaver:
    """Merges lines, entries and items under one policy; None where the sides exclude each other."""

    policy: Policy
    language: Language

    def text(self, base: Text, ours: Text, theirs: Text) -> Text | None:
        """Merge three texts."""
        merged = merge(base.lines, ours.lines, theirs.lines, traits=self.lines, policy=self.policy)
        if merged is None:
            return None
        tail = self._layout(base.tail, ours.tail, theirs.tail)
        return Text(lines=placed(merged, ours, theirs), tail=tail)

    @property
    def lines(self) -> Traits[Line]:
        """How the lines of a text are merged."""
        return Traits(
            key=key,
            alike=alike,
            combine=self.line,
            distinct=self.mark,
            follows=_keeps_its_block,
            orders=_ORDERS if self.language.sorted else (),
        )

    def mark(self, line: Line) -> bytes | None:
        """Return what there can be only one of in a block: an entry, a setting, an import."""
        first, name = line.items[0].key, name_of(line.items)
        if self.language.lists:
            alone = not line.indent or any(map(_compares, line.items[1:2]))
            return name if alone else None
        if b"{" in self.language.joins and line.items[-1].key == b",":
            return name_of(line.items[:-1]) or line.key
        return line.key if first in (b"import", b"from") else None

    def line(self, base: Line, ours: Line, theirs: Line) -> Line | None:
        """Merge three versions of a line, its layout apart from what it says."""
        items = self._statement(base.items, ours.items, theirs.items)
        if not items:
            return None
        return Line(
            blank=self._layout(base.blank, ours.blank, theirs.blank),
            indent=self._layout(base.indent, ours.indent, theirs.indent),
            items=items,
            end=self._layout(base.end, ours.end, theirs.end),
            key=b" ".join(item.key for item in items),
            our_indent=ours.indent,
            their_indent=theirs.indent,
        )

    def _statement(
        self, base: Sequence[Item], ours: Sequence[Item], theirs: Sequence[Item]
    ) -> tuple[Item, ...] | None:
        """Merge by brackets, else by tokens alone; only where both fail lets a side win."""
        strict = replace(self, policy=replace(self.policy, winner=None))
        merged = strict.items(base, ours, theirs)
        if merged is None and not _brackets(base) == _brackets(ours) == _brackets(theirs):
            tokens = ([*read_tokens(raw_of(side), self.language)] for side in (base, ours, theirs))
            merged = _regrouped(strict.items(*tokens), self.language)
        if merged is None and self.policy.winner is not None:
            return self.items(base, ours, theirs)
        return merged

    def items(
        self, base: Sequence[Item], ours: Sequence[Item], theirs: Sequence[Item]
    ) -> tuple[Item, ...] | None:
        """Merge what a line or an entry consists of."""
        traits: Traits[Item] = Traits(key=key, alike=alike_items, combine=self._item)
        return merge(base, ours, theirs, traits=traits, policy=replace(self.policy, joined=False))

    def _item(self, base: Item, ours: Item, theirs: Item) -> Item | None:
        if theirs.raw in (base.raw, ours.raw):
            return ours
        if ours.raw == base.raw:
            return theirs
        if isinstance(base, Group) and isinstance(ours, Group) and isinstance(theirs, Group):
            return self._group(base, ours, theirs)
        if isinstance(base, Token) and isinstance(ours, Token) and isinstance(theirs, Token):
            return self._token(base, ours, theirs)
        return None

    def _group(self, base: Group, ours: Group, theirs: Group) -> Group | None:
        traits: Traits[Entry] = Traits(
            key=key,
            alike=alike_entries,
            combine=self._entry,
            distinct=_name_or_key,
            orders=() if base.opening.text == b"(" else _ORDERS,
        )
        entries = merge(
            base.entries, ours.entries, theirs.entries, traits=traits, policy=self.policy
        )
        opening = self._token(base.opening, ours.opening, theirs.opening)
        closing = self._token(base.closing, ours.closing, theirs.closing)
        if entries is None or opening is None or closing is None:
            return None
        keys = b", ".join(entry.key for entry in entries)
        return Group(
            opening=opening,
            entries=laid_out(entries, base, ours, theirs),
            closing=closing,
            comma=bool(entries) and (theirs if ours.comma == base.comma else ours).comma,
            key=opening.text + keys + closing.text,
        )

    def _entry(self, base: Entry, ours: Entry, theirs: Entry) -> Entry | None:
        items = self.items(base.items, ours.items, theirs.items)
        if not items:
            return None
        return entry_of(items, self._layout(base.after, ours.after, theirs.after))

    def _token(self, base: Token, ours: Token, theirs: Token) -> Token | None:
        text = self._wording(base, ours, theirs)
        space = self._layout(base.space, ours.space, theirs.space)
        comments = {side.space.strip() for side in (ours, theirs)} - {base.space.strip()}
        is_kept = comments <= {space.strip()} or self.policy.winner is not None
        if text is None or not is_kept:
            return None
        return Token(space=space, text=text, key=key_of(text))

    def _wording(self, base: Token, ours: Token, theirs: Token) -> bytes | None:
        if ours.key == base.key == theirs.key:
            return self._layout(base.text, ours.text, theirs.text)
        if theirs.key in (base.key, ours.key):
            return ours.text
        if ours.key == base.key:
            return theirs.text
        if is_version(ours.text) and is_version(theirs.text) and self.policy.winner is None:
            return higher(ours.text, theirs.text)
        return merge_words(base.text, ours.text, theirs.text, policy=self.policy)

    def _layout(self, base: bytes, ours: bytes, theirs: bytes) -> bytes:
        """Return the side that changed; the first side where both did."""
        if ours == base:
            return theirs
        if theirs == base:
            return ours
        return ours if self.policy.first is Side.OURS else theirs


def _brackets(items: Sequence[Item]) -> list[bytes]:
    return sorted(token.text for token in tokens_in(items) if token.text in _BRACKETS)


def _regrouped(tokens: Sequence[Item] | None, language: Language) -> tuple[Item, ...] | None:
    """Return tokens as groups again, or None where a bracket was left alone."""
    items = () if tokens is None else tuple(read_items(raw_of(tokens), language))
    alone = any(isinstance(item, Token) and item.text in _BRACKETS for item in items)
    return None if tokens is None or alone else items


def _name_or_key(entry: Entry) -> bytes:
    return entry.name or entry.key


def _folded(node: Entry | Line) -> bytes:
    return node.key.lower()


_ORDERS = (key, _folded)


def _compares(item: Item) -> bool:
    return item.key[:1] in b"<>=~!"


def _keeps_its_block(run: Sequence[Line], other: Sequence[Line]) -> bool:
    """Tell whether the block that `other` begins in is still open behind `run`."""
    return all(len(line.indent) >= len(other[0].indent) for line in run)
