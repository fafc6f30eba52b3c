"""Imports of both sides as one list of names, three-way: added by either, removed by either.

The statements of one side are the frame; the names that the other side added or removed are worked
into it, in the layout and the order that the frame has. Read with Python's own parser; a region
that holds anything but imports is left alone.
"""

import ast
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ropewalk.merging.resolve.enclosing import enclosed
from ropewalk.merging.resolve.import_layout import import_statement
from ropewalk.merging.resolve.languages import PYTHON, language_of
from ropewalk.merging.resolve.python_block import statements
from ropewalk.merging.resolve.reading import read, read_items
from ropewalk.merging.resolve.syntax import Line, Text, raw_of
from ropewalk.merging.resolve.values import Offer, Region

_SHORTEST_LIMIT = 79
_LONGEST_LIMIT = 120
_MOST_LINES = 400
_Name = tuple[str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """An import: module (None for ``import x``) and names, ``x as y`` whole; or a comment."""

    line: Line
    module: str | None
    names: tuple[str, ...]

    @property
    def place(self) -> str:
        """What a sorted list of imports is sorted by."""
        return self.module if self.module is not None else "".join(self.names[:1])


def imports(region: Region) -> Iterator[Offer]:
    """Offer our imports with their changes, and their imports with ours."""
    lines = (*region.ours, *region.theirs)
    if language_of(region.path) is not PYTHON or len(lines) > _MOST_LINES:
        return
    around = enclosed(region, PYTHON)
    texts = [read(version, PYTHON) for version in around.versions]
    base, ours, theirs = (_statements(text) for text in texts)
    if base is None or not ours or not theirs:
        return
    limit = _limit((*region.before[-_MOST_LINES:], *lines))
    yield from around.offers(
        (
            ("imports_ours", raw_of(_framed(base, ours, theirs, limit)) + texts[1].tail),
            ("imports_theirs", raw_of(_framed(base, theirs, ours, limit)) + texts[2].tail),
        )
    )


def _statements(text: Text) -> list[_Statement] | None:
    """Read imports, or answer None where there is something else."""
    found: list[_Statement] = []
    for line in text.lines:
        if line.key.startswith(b"#"):
            found.append(_Statement(line=line, module=None, names=()))
            continue
        node = _parsed(raw_of(line.items))
        if node is None:
            return None
        names = tuple(ast.unparse(alias) for alias in node.names)
        module = (
            "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else None
        )
        found.append(_Statement(line=line, module=module, names=names))
    return found


def _parsed(line: bytes) -> ast.Import | ast.ImportFrom | None:
    body = statements(line) or []
    only = body[0] if len(body) == 1 else None
    return only if isinstance(only, ast.Import | ast.ImportFrom) else None


def _framed(
    base: Sequence[_Statement], frame: Sequence[_Statement], other: Sequence[_Statement], limit: int
) -> list[Line]:
    """Return `frame` with what `other` did to `base`."""
    moved = _moved_modules(base, other)
    frame = [_from_module(one, moved, limit) for one in frame]
    moved |= _moved_modules(base, frame)
    base, other = ([_from_module(one, moved, limit) for one in side] for side in (base, other))
    was, has = {*_names(base)}, {*_names(other)}
    added = [name for name in dict.fromkeys(_names(other)) if name not in was | {*_names(frame)}]
    merged: list[_Statement] = []
    for one in frame:
        kept = [name for name in one.names if (one.module, name) not in was - has]
        joining = _joining(one, added)
        added = [name for name in added if (one.module, name[1]) != name or name[1] not in joining]
        if kept or joining or not one.names:
            merged.append(_with_names(one, (*kept, *joining), limit))
    for one in other:
        new = [name for name in one.names if (one.module, name) in added]
        if new:
            _put_in(merged, _with_names(one, new, limit))
    return [one.line for one in merged]


def _joining(statement: _Statement, added: Sequence[_Name]) -> list[str]:
    """Return the added names that come from the module of a statement."""
    if statement.module is None or "*" in statement.names:
        return []
    return [name for module, name in added if module == statement.module]


def _names(statements: Iterable[_Statement]) -> Iterator[_Name]:
    return ((one.module, name) for one in statements for name in one.names)


def _moved_modules(base: Sequence[_Statement], side: Sequence[_Statement]) -> dict[str, str]:
    """Return modules that a side imports the same names from under another name."""
    before, after = _by_module(base), _by_module(side)
    moved: dict[str, str] = {}
    for module in before.keys() - after.keys():
        shared = {
            new: len(names & before[module]) for new, names in after.items() if new not in before
        }
        best = max(shared, key=lambda new: shared[new], default=module)
        if shared.get(best):
            moved[module] = best
    return moved


def _by_module(statements: Iterable[_Statement]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for statement in statements:
        if statement.module is not None:
            found.setdefault(statement.module, set()).update(statement.names)
    return found


def _put_in(merged: list[_Statement], new: _Statement) -> None:
    """Put a statement where the order of those of its kind has it, or behind them."""
    alike = [at for at, one in enumerate(merged) if (one.module is None) == (new.module is None)]
    places = [merged[at].place for at in alike]
    position = bisect(places, new.place) if _is_sorted(places, str) else len(alike)
    at = alike[position] if position < len(alike) else alike[-1] + 1 if alike else len(merged)
    blank = b""
    if at == 0 and merged:
        blank, merged[0] = merged[0].line.blank, _with_blank(merged[0], b"")
    merged.insert(at, _with_blank(new, blank))


def _with_blank(statement: _Statement, blank: bytes) -> _Statement:
    return replace(statement, line=replace(statement.line, blank=blank))


def _with_names(statement: _Statement, names: Sequence[str], limit: int) -> _Statement:
    """Return the statement with other names, sorted where they were."""
    if (*names,) == statement.names:
        return statement
    order = _order(statement.names)
    names = names if order is None else sorted(names, key=order)
    return _rewritten(replace(statement, names=tuple(names)), limit)


def _from_module(statement: _Statement, moved: dict[str, str], limit: int) -> _Statement:
    if statement.module is None or statement.module not in moved:
        return statement
    return _rewritten(replace(statement, module=moved[statement.module]), limit)


def _rewritten(statement: _Statement, limit: int) -> _Statement:
    line = statement.line
    text = import_statement(
        statement.module,
        statement.names,
        like=raw_of(line.items).decode(errors="replace"),
        limit=limit - len(line.indent),
    )
    items = tuple(read_items(text.encode(), PYTHON))
    return replace(statement, line=replace(line, items=items))


def _order(names: Sequence[str]) -> Callable[[str], tuple[int, str]] | None:
    """Return the order that names stand in, or None where there is none."""
    orders: tuple[Callable[[str], tuple[int, str]], ...] = (
        lambda name: (0, name),
        lambda name: (0, name.casefold()),
        lambda name: (0 if name.isupper() else 1 if name[:1].isupper() else 2, name),
    )
    return next((order for order in orders if _is_sorted(names, order)), None)


def _is_sorted(names: Sequence[str], order: Callable[[str], object]) -> bool:
    return all(str(order(one)) <= str(order(other)) for one, other in pairwise(names))


def _limit(lines: Sequence[bytes]) -> int:
    """Return how long a line may be: as long as the file has them, within reason."""
    longest = max((len(line.rstrip()) for line in lines), default=0)
    return max(_SHORTEST_LIMIT, min(longest, _LONGEST_LIMIT))
