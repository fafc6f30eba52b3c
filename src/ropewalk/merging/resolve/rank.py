"""How likely it is that a person would have resolved a region this way.

A log-linear score over `features`, with weights that were measured on real conflicts
(`rank_table`). The chances of all that is offered for a region add up to one, so that those of
several regions can be multiplied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from ropewalk.merging.resolve.features import account, features, unspaced
from ropewalk.merging.resolve.rank_table import WEIGHTS
from ropewalk.merging.resolve.values import Lines, Offer, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to fill a region: ``texts`` are the same but for white space, the best first.

    ``chance`` is the logarithm of a probability.
    """

    texts: tuple[Lines, ...]
    methods: tuple[str, ...]
    features: Mapping[str, float]
    chance: float = 0.0


def options(region: Region, offers: Sequence[Offer]) -> tuple[Option, ...]:
    """Return what the offers amount to, each once, without rank."""
    known = account(region)
    alike: dict[bytes, list[Offer]] = {}
    for offer in offers:
        alike.setdefault(unspaced(offer.lines), []).append(offer)
    return tuple(
        Option(
            texts=_texts(group),
            methods=tuple(dict.fromkeys(offer.method for offer in group)),
            features=features(known, group, group[0].lines),
        )
        for group in alike.values()
    )


def ranked(
    given: Sequence[Option], *, weights: Mapping[str, float] = WEIGHTS
) -> tuple[Option, ...]:
    """Return the options with their chances, the likeliest first."""
    scores = [score(option.features, weights) for option in given]
    top = max(scores, default=0.0)
    whole = top + log(sum(exp(each - top) for each in scores)) if scores else 0.0
    rated = [
        Option(
            texts=option.texts,
            methods=option.methods,
            features=option.features,
            chance=each - whole,
        )
        for option, each in zip(given, scores, strict=True)
    ]
    return tuple(sorted(rated, key=lambda option: (-option.chance, option.texts)))


def score(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the sum of the weights of what was found."""
    return sum(weights.get(name, 0.0) * value for name, value in found.items())


def _texts(group: Sequence[Offer]) -> tuple[Lines, ...]:
    """Return the texts that differ, those that most methods agree on first."""
    votes: dict[Lines, int] = {}
    for offer in group:
        votes[offer.lines] = votes.get(offer.lines, 0) + 1
    return tuple(sorted(votes, key=lambda lines: -votes[lines]))
