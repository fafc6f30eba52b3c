"""A three-way merge of sequences whose elements have an identity.

Elements are matched with those of the base: first by key, then, in what is left between two
matches, by likeness. What one side removed stays removed, what a side added is added, what one side
changed is taken as changed, and what both changed is handed to ``combine``. Where the two sides
exclude each other the policy says whose stretch is taken; without a winner there is no result.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Generic, TypeVar

from ropewalk.merging.resolve.matching import matches

T = TypeVar("T")
_LEAST_SORTED = 3


class Side(StrEnum):
    """One of the two sides of a merge."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whose additions stand first, and who wins where only one can; ``winner`` None gives up.

    With `joined`, what both wrote in one place is taken for two versions of one text: what bears
    one mark stands once, as the winner has it, and what only one of them has stays.
    """

    first: Side = Side.OURS
    winner: Side | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits(Generic[T]):
    """What a merge must know of its elements.

    Attributes:
        key: Elements with equal keys are the same element.
        alike: From 0 to 1, how likely two elements of different keys are versions of one.
        combine: Merges base, ours and theirs of an element that both hold; None where it cannot.
        distinct: Two additions of one mark cannot stand beside each other; None stands anywhere.
        meet: Merges two additions of one mark; None where it cannot.
        follows: Whether the second run of additions keeps its meaning behind the first.
        orders: What a sequence may be sorted by; sorted additions are put where they belong.
    """

    key: Callable[[T], Hashable]
    alike: Callable[[T, T], float]
    combine: Callable[[T, T, T], T | None]
    distinct: Callable[[T], Hashable] = lambda _one: None
    meet: Callable[[T, T], T | None] = lambda _one, _other: None
    follows: Callable[[Sequence[T], Sequence[T]], bool] = lambda _run, _other: True
    orders: tuple[Callable[[T], bytes], ...] = ()


def merge(
    base: Sequence[T],
    ours: Sequence[T],
    theirs: Sequence[T],
    *,
    traits: Traits[T],
    policy: Policy,
) -> tuple[T, ...] | None:
    """Merge two versions of a sequence.

    Args:
        base: What both sides started from.
        ours: Our version of it.
        theirs: Their version of it.
        traits: Identity, likeness and merge of single elements.
        policy: The order of additions, and who wins.

    Returns:
        The merged sequence, or None where the sides exclude each other and nobody wins.
    """
    from_ours, from_theirs = (
        _Version(elements=side, matched=matches(base, side, key=traits.key, alike=traits.alike))
        for side in (ours, theirs)
    )
    return _Merge(
        base=base, ours=from_ours, theirs=from_theirs, traits=traits, policy=policy
    ).merged()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version(Generic[T]):
    """One side's elements, and which element of the base each one is."""

    elements: Sequence[T]
    matched: dict[int, int]

    def at(self, index: int) -> T:
        return self.elements[self.matched[index]]

    def span(self, start: int, stop: int) -> range:
        """Return where all stands that became of ``base[start:stop]``; the bounds are matched."""
        low = self.matched[start - 1] + 1 if start > 0 else 0
        return range(low, self.matched.get(stop, len(self.elements)))

    def added(self, start: int, stop: int) -> dict[int, list[T]]:
        """Return what was added before each element of ``base[start : stop + 1]``."""
        places = {
            self.matched[index]: index for index in range(start, stop) if index in self.matched
        }
        added: dict[int, list[T]] = {}
        at = start
        for position in self.span(start, stop):
            if position in places:
                at = places[position] + 1
            else:
                added.setdefault(at, []).append(self.elements[position])
        return added


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merge(Generic[T]):
    """Walks the base from one element that both sides kept to the next."""

    base: Sequence[T]
    ours: _Version[T]
    theirs: _Version[T]
    traits: Traits[T]
    policy: Policy

    def merged(self) -> tuple[T, ...] | None:
        kept = [at for at in self.ours.matched if at in self.theirs.matched]
        merged: list[T] = []
        start = 0
        for at in [*kept, len(self.base)]:
            between = self._between(start, at)
            if between is None:
                return None
            merged.extend(between)
            if at < len(self.base):
                one = self._kept(at)
                if one is None:
                    return None
                merged.append(one)
            start = at + 1
        return tuple(merged)

    def _kept(self, at: int) -> T | None:
        one = self.traits.combine(self.base[at], self.ours.at(at), self.theirs.at(at))
        if one is not None or self.policy.winner is None:
            return one
        return (self.ours if self.policy.winner is Side.OURS else self.theirs).at(at)

    def _between(self, start: int, stop: int) -> Sequence[T] | None:
        """Merge a stretch of which no element of the base is left on both sides."""
        ours, theirs = (
            [version.elements[at] for at in version.span(start, stop)]
            for version in (self.ours, self.theirs)
        )
        our_keys, their_keys = self._keys(ours), self._keys(theirs)
        base_keys = self._keys(self.base[start:stop])
        if their_keys in (base_keys, our_keys):
            return ours
        if our_keys == base_keys:
            return theirs
        if self.policy.joined and self.policy.winner and ours and theirs:
            return self._joined(ours, theirs, self.policy.winner)
        woven = self._woven(start, stop)
        if woven is not None or self.policy.winner is None:
            return woven
        return ours if self.policy.winner is Side.OURS else theirs

    def _joined(self, ours: Sequence[T], theirs: Sequence[T], winner: Side) -> Sequence[T] | None:
        common = matches(ours, theirs, key=self.traits.key, alike=self._is_one)
        base = (
            [theirs[at] for at in common.values()]
            if winner is Side.OURS
            else [ours[at] for at in common]
        )
        policy = replace(self.policy, joined=False)
        return merge(base, ours, theirs, traits=self.traits, policy=policy)

    def _is_one(self, one: T, other: T) -> float:
        mark = self.traits.distinct(one)
        return float(mark is not None and mark == self.traits.distinct(other))

    def _woven(self, start: int, stop: int) -> list[T] | None:
        """Apply the edits of both sides, which may touch but not overlap."""
        our_added, their_added = self.ours.added(start, stop), self.theirs.added(start, stop)
        woven: list[T] = []
        for at in range(start, stop + 1):
            in_ours, in_theirs = at in self.ours.matched, at in self.theirs.matched
            removed = at < stop and not in_ours and not in_theirs
            added = self._added(our_added.get(at, []), their_added.get(at, []))
            if added is None or (removed and at in our_added and at in their_added):
                return None
            woven.extend(added)
            if at == stop or removed:
                continue
            left = (self.ours if in_ours else self.theirs).at(at)
            if self.traits.key(left) != self.traits.key(self.base[at]):
                return None  # removed by one side and changed by the other
        return woven

    def _added(self, ours: Sequence[T], theirs: Sequence[T]) -> Sequence[T] | None:
        """Return what was added at one place, what both sides added once."""
        ours_first = self.policy.first is Side.OURS
        first, second = (ours, theirs) if ours_first else (theirs, ours)
        if not first or not second:
            return first or second
        if _holds(self._keys(first), self._keys(second)):
            return first
        if ours_first and _holds(self._keys(second), self._keys(first)):
            return second
        if not self.traits.follows(first, second):
            return None
        return self._both(first, second)

    def _both(self, first: Sequence[T], second: Sequence[T]) -> Sequence[T] | None:
        places = {self.traits.distinct(one): at for at, one in enumerate(first)}
        both = [*first]
        for one in second:
            at = places.get(mark) if (mark := self.traits.distinct(one)) is not None else None
            if at is None:
                both.append(one)
                continue
            met = self._met(first[at], one)
            if met is None:
                return None
            both[at] = met
        order = self._order()
        return both if order is None else sorted(both, key=order)

    def _order(self) -> Callable[[T], bytes] | None:
        """Return what the elements of both sides are sorted by, if they are."""
        sides = (self.ours.elements, self.theirs.elements)
        if min(map(len, sides)) < _LEAST_SORTED:
            return None
        return next(
            (order for order in self.traits.orders if all(_is_sorted(one, order) for one in sides)),
            None,
        )

    def _met(self, first: T, second: T) -> T | None:
        if self.traits.key(first) == self.traits.key(second):
            return first
        met = self.traits.meet(first, second)
        if met is not None or self.policy.winner is None:
            return met
        return first if self.policy.winner is self.policy.first else second

    def _keys(self, elements: Sequence[T]) -> list[Hashable]:
        return [self.traits.key(one) for one in elements]


def _is_sorted(elements: Sequence[T], order: Callable[[T], bytes]) -> bool:
    return all(order(one) <= order(other) for one, other in pairwise(elements))


def _holds(all_of: Sequence[Hashable], some: Sequence[Hashable]) -> bool:
    """Tell whether `some` stands in `all_of`, in order."""
    left = iter(all_of)
    return all(any(one == key for one in left) for key in some)
