"""Source text read as logical lines of tokens and bracket groups, in any language, losslessly.

White space is kept beside each token and is no part of its key, nor are the quotes of a string: two
nodes with equal keys say the same in another layout. What does not close is plain tokens, so that
a stretch of a file, old syntax and odd bytes can be read as well. Rendering what was read gives the
same bytes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_QUOTED = re.compile(rb"([A-Za-z]{0,2})(\"\"\"|'''|[\"'`])")
_COMMENTS = (b"#", b"//", b"/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, a string, a comment or a sign, and the white space before it."""

    space: bytes
    text: bytes
    key: bytes

    @property
    def raw(self) -> bytes:
        """The bytes as they stand in the file."""
        return self.space + self.text

    @property
    def is_running_text(self) -> bool:
        """Whether it is a string or a comment."""
        return self.key.endswith(b'"') or self.text.startswith(_COMMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands between two commas; ``after`` is the comment behind its comma.

    ``name`` is the key of a pair, the keyword of an argument or the name of a parameter.
    """

    items: tuple["Item", ...]
    key: bytes
    name: bytes
    after: bytes = b""

    @property
    def space(self) -> bytes:
        """The white space before it."""
        return self.items[0].space

    @property
    def raw(self) -> bytes:
        """The bytes of it without the comma."""
        return raw_of(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A pair of brackets and its entries; ``comma`` tells whether one stands behind the last."""

    opening: Token
    entries: tuple[Entry, ...]
    closing: Token
    comma: bool
    key: bytes

    @property
    def space(self) -> bytes:
        """The white space before the opening bracket."""
        return self.opening.space

    @property
    def raw(self) -> bytes:
        """The bytes as they stand in the file."""
        last = len(self.entries) - 1
        raw = self.opening.raw
        for at, entry in enumerate(self.entries):
            following = self.closing if at == last else self.entries[at + 1]
            raw += entry.raw + (b"," if at < last or self.comma else b"") + entry.after
            if entry.after and b"\n" not in following.space:
                raw += b"\n"  # else the comment would hide what follows
        return raw + self.closing.raw


Item = Token | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A logical line: the blank lines before it, its indentation, what it says, its line end.

    ``our_indent`` and ``their_indent`` are the indentations that a merged line came from.
    """

    blank: bytes
    indent: bytes
    items: tuple[Item, ...]
    end: bytes
    key: bytes
    our_indent: bytes | None = None
    their_indent: bytes | None = None

    @property
    def raw(self) -> bytes:
        """The bytes as they stand in the file, blank lines before it included."""
        return self.blank + self.indent + raw_of(self.items) + self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Logical lines and the blank lines behind the last one."""

    lines: tuple[Line, ...]
    tail: bytes

    @property
    def raw(self) -> bytes:
        """The bytes that were read."""
        return raw_of(self.lines) + self.tail


def raw_of(nodes: Sequence[Item | Entry | Line]) -> bytes:
    """Return the bytes of nodes that follow each other."""
    return b"".join(node.raw for node in nodes)


def tokens_in(nodes: Sequence[Item]) -> Iterator[Token]:
    """Yield all tokens but commas, in order."""
    for node in nodes:
        if isinstance(node, Token):
            yield node
            continue
        yield node.opening
        for entry in node.entries:
            yield from tokens_in(entry.items)
        yield node.closing


def key_of(text: bytes) -> bytes:
    """Return what a token says, whichever quotes a string has."""
    quoted = _QUOTED.match(text)
    if not quoted:
        return text
    prefix, quote = quoted[1].lower().replace(b"u", b""), quoted[2]
    if len(text) < quoted.end() + len(quote) or not text.endswith(quote):
        return text
    body = text[quoted.end() : len(text) - len(quote)]
    return prefix + b'"' + body.replace(b"\\" + quote, quote) + b'"'
