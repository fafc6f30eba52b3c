"""What is known of a resolution before any check ran: how it was made, and what it keeps.

Pure counting of words and lines. The names are those of the weights in `rank_table`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ropewalk.merging.resolve.tokens import words
from ropewalk.merging.resolve.values import Lines, Offer, Region

_SPACE = re.compile(rb"[ \t\r\n\f\v]+")
_MANNER = re.compile(r"^(?:patience_)?(?:close_)?|_laid_out_(?:ours|theirs)$")
# Shorter lines, such as brackets, stand twice in any file.
_SHORTEST = 4


def unspaced(lines: Iterable[bytes]) -> bytes:
    """Return the text without its white space: what two texts are the same by."""
    return _SPACE.sub(b"", b"".join(lines))


def way(method: str) -> str:
    """Return what a method does, whatever aligned the versions and whichever side laid it out."""
    return _MANNER.sub("", method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The words of a side, and those that it added to the base and removed from it."""

    words: Counter[bytes]
    added: Counter[bytes]
    removed: Counter[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The words of a region, counted once for all that is offered for it.

    ``most`` says how often a side has a line; ``same`` holds the texts that are named if met.
    """

    ours: Side
    theirs: Side
    all: Counter[bytes]
    most: Mapping[bytes, int]
    same: Mapping[str, bytes]


def account(region: Region) -> Account:
    """Return the account of a region."""
    base, ours, theirs = map(_words, (region.base, region.ours, region.theirs))
    return Account(
        ours=Side(words=ours, added=ours - base, removed=base - ours),
        theirs=Side(words=theirs, added=theirs - base, removed=base - theirs),
        all=base | ours | theirs,
        most=_long(region.ours) | _long(region.theirs),
        same={
            "is_ours": unspaced(region.ours),
            "is_theirs": unspaced(region.theirs),
            "is_base": unspaced(region.base),
            "is_empty": b"",
        },
    )


def features(known: Account, offers: Iterable[Offer], lines: Lines) -> dict[str, float]:
    """Return what is known of ``lines``, which all of ``offers`` give but for white space.

    ``kept_…`` is the share of a side's additions that is still there, ``gone_…`` that of its
    removals that is still honoured, ``new`` the share of words that no version has.
    """
    found = {f"by_{way(offer.method)}": 1.0 for offer in offers}
    has = _words(lines)
    kept = [_share(side.added, has) for side in (known.ours, known.theirs)]
    gone = [
        _share(side.removed, side.removed - (has - side.words))
        for side in (known.ours, known.theirs)
    ]
    text = unspaced(lines)
    found |= {
        "kept_ours": kept[0],
        "kept_theirs": kept[1],
        "kept_least": min(kept),
        "gone_ours": gone[0],
        "gone_theirs": gone[1],
        "gone_least": min(gone),
        "new": (has - known.all).total() / max(has.total(), 1),
        "twice": float(
            any(count > max(known.most.get(line, 0), 1) for line, count in _long(lines).items())
        ),
    }
    found |= {name: 1.0 for name, same in known.same.items() if same == text}
    return found


def _words(lines: Lines) -> Counter[bytes]:
    return Counter(word.text for word in words(b"".join(lines)))


def _long(lines: Lines) -> Counter[bytes]:
    stripped = (line.strip() for line in lines)
    return Counter(line for line in stripped if len(line) >= _SHORTEST)


def _share(wanted: Counter[bytes], has: Counter[bytes]) -> float:
    count = wanted.total()
    return (wanted & has).total() / count if count else 1.0
