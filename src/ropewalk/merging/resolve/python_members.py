"""Definitions and statements of a block merged as members with names, in any order.

Two definitions that both sides added stand both, one that both sides added under one name once; a
member that one side moved and the other changed is changed where it was moved to. Read with
Python's own parser; a region that is no sequence of whole statements is left alone.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ropewalk.merging.resolve.elements import Policy, Side, Traits, merge
from ropewalk.merging.resolve.enclosing import enclosed
from ropewalk.merging.resolve.languages import PYTHON, language_of
from ropewalk.merging.resolve.python_block import statements
from ropewalk.merging.resolve.reading import read
from ropewalk.merging.resolve.syntax import Text
from ropewalk.merging.resolve.values import Offer, Region
from ropewalk.merging.resolve.weave import Weaver

_POLICIES = (
    ("members", Policy()),
    ("members_theirs_first", Policy(first=Side.THEIRS)),
    ("members_ours", Policy(winner=Side.OURS)),
    ("members_theirs", Policy(first=Side.THEIRS, winner=Side.THEIRS)),
)
_MOST_LINES = 1_500
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A statement with the comments above it; ``name`` is what it defines or assigns, or empty."""

    text: Text
    name: str
    defines: bool
    key: bytes = field(default=b"")


def members(region: Region) -> Iterator[Offer]:
    """Offer the members of both sides."""
    lines = (*region.ours, *region.theirs)
    if language_of(region.path) is not PYTHON or len(lines) > _MOST_LINES:
        return
    around = enclosed(region, PYTHON)
    versions = [_members(version) for version in around.versions]
    base, ours, theirs = versions
    if base is None or ours is None or theirs is None:
        return
    if not any(one.defines for one in (*ours, *theirs)):
        return
    base, ours, theirs = _in_one_order(base, ours, theirs)
    merges = (
        (method, merge(base, ours, theirs, traits=_traits(policy), policy=policy))
        for method, policy in _POLICIES
    )
    yield from around.offers(
        (method, _joined(merged, [*ours, *theirs]))
        for method, merged in merges
        if merged is not None
    )


def _members(content: bytes) -> list[_Member] | None:
    """Return the statements of a block, or None where it does not parse by itself."""
    body = statements(content)
    if body is None:
        return None
    lines = content.splitlines(keepends=True)
    ends = [(node.end_lineno or node.lineno) - 1 for node in body[:-1]]
    bounds = zip(body, (0, *ends), (*ends, len(lines)), strict=False)
    return [_member(node, b"".join(lines[start:end])) for node, start, end in bounds if start < end]


def _member(node: ast.stmt, raw: bytes) -> _Member:
    text = read(raw, PYTHON)
    return _Member(
        text=text,
        name=_name(node),
        defines=isinstance(node, _Definition),
        key=b"\n".join(line.key for line in text.lines),
    )


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return " ".join((node.name, *map(ast.unparse, node.decorator_list)))
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return ""


def _traits(policy: Policy) -> Traits[_Member]:
    weaver = Weaver(policy=policy, language=PYTHON)

    def combine(base: _Member, ours: _Member, theirs: _Member) -> _Member | None:
        text = weaver.text(base.text, ours.text, theirs.text)
        if text is None:
            return None
        return _Member(text=text, name=ours.name, defines=ours.defines)

    return Traits(
        key=lambda one: one.key,
        alike=lambda one, other: 0.9 if one.name and one.name == other.name else 0.0,
        combine=combine,
        distinct=lambda one: one.name if one.defines else None,
    )


def _in_one_order(
    base: list[_Member], ours: list[_Member], theirs: list[_Member]
) -> tuple[list[_Member], list[_Member], list[_Member]]:
    """Bring all versions into the order of the side that moved members about, if only one did."""
    if _order(ours, theirs) == _order(theirs, ours):
        return base, ours, theirs
    if _order(ours, base) == _order(base, ours):
        return _ordered_as(theirs, base), _ordered_as(theirs, ours), theirs
    if _order(theirs, base) == _order(base, theirs):
        return _ordered_as(ours, base), ours, _ordered_as(ours, theirs)
    return base, ours, theirs


def _order(side: Sequence[_Member], other: Sequence[_Member]) -> list[str]:
    """Return the names in `side` that `other` has too."""
    shared = {one.name for one in other}
    return [one.name for one in side if one.name in shared]


def _ordered_as(model: Sequence[_Member], side: Sequence[_Member]) -> list[_Member]:
    """Return `side` in the order of `model`; what that does not have stays behind its neighbour."""
    places = {one.name: at for at, one in enumerate(model) if one.name}
    keyed: list[tuple[int, int, _Member]] = []
    place = -1
    for at, one in enumerate(side):
        place = places.get(one.name, place)
        keyed.append((place, at, one))
    return [one for _, _, one in sorted(keyed, key=lambda entry: entry[:2])]


def _joined(merged: Sequence[_Member], sides: Sequence[_Member]) -> bytes:
    """Return the members one below the other, definitions as far apart as they are elsewhere."""
    gaps = [one.text.lines[0].blank for one in sides if one.defines and one.text.lines]
    gap = max(gaps, key=len, default=b"")
    content = b""
    for one in merged:
        raw = one.text.raw
        if content and one.defines and not one.text.lines[0].blank:
            content = content.rstrip(b"\r\n") + b"\n" + (gap or b"\n")
        content += raw
    return content
