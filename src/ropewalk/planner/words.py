"""Words of epics, paths and code, brought to a common form so that they can be compared.

A stem is not a word of any language: it only has to be the same for `cache`, `caches`, `cached` and
`caching`. Identifiers count as the words they are made of.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_SHORTEST = 2
_ENDINGS = (
    ("ies", "y", 5),
    ("ie", "y", 5),
    ("sses", "ss", 6),
    ("ations", "", 9),
    ("ation", "", 8),
    ("ators", "", 8),
    ("ator", "", 7),
    ("ings", "", 7),
    ("ing", "", 6),
    ("ates", "", 7),
    ("ated", "", 7),
    ("ate", "", 6),
    ("ions", "", 7),
    ("ion", "", 6),
    ("ers", "", 7),
    ("er", "", 6),
    ("ors", "", 8),
    ("or", "", 7),
    ("ches", "ch", 6),
    ("shes", "sh", 6),
    ("xes", "x", 5),
    ("ed", "", 5),
    ("ss", "ss", 0),
    ("us", "us", 0),
    ("is", "is", 0),
    ("s", "", 4),
)
_SAME = {
    "auth": "authentic",
    "authn": "authentic",
    "config": "configur",
    "db": "databas",
    "docs": "document",
    "doc": "document",
    "msg": "messag",
    "param": "paramet",
    "params": "paramet",
    "repo": "repositor",
    "req": "request",
    "resp": "respons",
}
STOP_WORDS = frozenset(
    """
    a able about above across add added adding adds after again all allow allowed allows along
    already also although always an and another any anything are around as at available away
    back based be because been before being below besides better between both brings build but
    by call called calls can cannot case cases change changed changes class code come comes
    complete contain contains could create created creates current currently default do does
    doing don done down each easily either else end ends enough epic etc even every everything
    everywhere exactly example exist existing exists fail feature few find first fix fixed
    following for from full fully function functions further get gets give given gives go goes
    good had handle handled handles has have having help helps here how however if implement
    implementation implemented implements import important in include included includes
    including instead into introduce is it item its itself just keep keeps kept kind know
    largest last later lead least leave less let lets like longer look made main make makes
    making many may mean means method methods might more most move much must name named names
    need needed needs never new next no non none nor not nothing now of off often old on once
    one only onto or other others our out over own part parts per please possible present
    provide provided provides put rather read really remove removed result return returned
    returns run running runs same say says see self separate set sets several shall should
    show shown shows simple simply since single small so some something stay still such sure
    support supported supports take takes tests than that the their them then there therefore
    these they thing things this those three through thus time to today together too two under
    unless until up update updated upon us use used useful uses using usual value values very
    via want wanted wants was way we well were what when where whether which while who whole
    whose why will with within without work works would write written yes yet you your
    """.split()  # noqa: SIM905 - a paragraph of words, not a list of 300 lines
)


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of all words of ``text``, in order, stop words left out."""
    return tuple(stem for word in _IDENTIFIER.findall(text) for stem in split_identifier(word))


def stem_set(identifiers: Iterable[str]) -> frozenset[str]:
    """Return the stems that a collection of identifiers is made of."""
    return frozenset(stem for name in identifiers for stem in split_identifier(name))


def spell(text: str) -> dict[str, str]:
    """Return for each stem of ``text`` the first word that has it, to show to people."""
    words = (part for word in _IDENTIFIER.findall(text) for part in _PART.findall(word))
    spelled: dict[str, str] = {}
    for word in words:
        for stem in split_identifier(word):
            spelled.setdefault(stem, word.lower())
    return spelled


def identifiers(text: str) -> frozenset[str]:
    """Return every distinct identifier-like word of ``text``."""
    return frozenset(_IDENTIFIER.findall(text))


@lru_cache(maxsize=200_000)
def split_identifier(identifier: str) -> tuple[str, ...]:
    """Return the stems of the words that an identifier is made of."""
    words = (part.lower() for part in _PART.findall(identifier))
    return tuple(_stem(word) for word in words if len(word) >= _SHORTEST and word not in STOP_WORDS)


def _stem(word: str) -> str:
    if word in _SAME:
        return _SAME[word]
    for ending, replacement, longer in _ENDINGS:
        if word.endswith(ending) and len(word) >= longer:
            return _without_e(word.removesuffix(ending) + replacement)
    return _without_e(word)


def _without_e(word: str) -> str:
    bare = word.removesuffix("e") if len(word) > 4 else word  # noqa: PLR2004 - `type` stays
    doubled = len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] not in "lsz"  # noqa: PLR2004
    return bare[:-1] if doubled else bare
