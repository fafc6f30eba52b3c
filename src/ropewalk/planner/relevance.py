"""Which files of a tree an epic is about, why, and how sure that is.

First what the epic names, then what shares its rare words, then what hangs together with those:
their tests, what usually changed with them. A file that only mentions a common word is not chosen;
one that nearly was is reported with the reason.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ropewalk.planner.corpus import Corpus
from ropewalk.planner.epic_text import EpicText
from ropewalk.planner.kinds import Kind, is_migration
from ropewalk.planner.mentioned import Found, Homes, NewFile, Pick, take_named
from ropewalk.planner.related_tests import find_tests
from ropewalk.planner.scan import is_old
from ropewalk.planner.words import spell, split_identifier

CHOSEN_MAX = 60
_LEFT_OUT_MAX = 8
_HOME_MAX = 4
_SAYS_MUCH = 2.0
_RARE = 0.55
_COMMON = 0.2
_USERS_MAX = 6
_TITLE_WEIGHT = 2.0
_USE_BONUS = 0.35
_PAIR_BONUS = 1.5
_SHARE_OF_BEST = 0.5
_SHARE_OF_NAMED = 0.6
_SHARE_OF_WORDS = 0.4
_SHARE_NEAR = 0.7
_SHARE_SURE = 0.8
_SPEAKS_OF_DOCS = re.compile(
    r"\b(?:documentation|docs|manual|guides?|readme|tutorials?|how-?to"
    r"|document (?:the|it|this|that|how|them|what|all|every|each|both))\b",
    re.IGNORECASE,
)
_CHANGELOG_WORDS = ("changelog", "change log", "newsfragment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an epic is about; `left_out` are sentences on files that nearly were chosen."""

    picks: Mapping[str, Pick]
    new_files: tuple[NewFile, ...]
    left_out: tuple[str, ...]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """Files that are ranked against each other by the same words.

    `domain`: the section that asks; `wanted`: whether the epic wants such files at all.
    """

    scores: Mapping[str, float]
    weights: Mapping[str, float]
    spelled: Mapping[str, str]
    title: frozenset[str]
    domain: str | None = None
    wanted: bool = True


def select(
    epic: EpicText, corpus: Corpus, *, homes: Homes, co_change: Mapping[str, Sequence[str]]
) -> Selection:
    """Find the files that an epic is about.

    Args:
        epic: the epic, read.
        corpus: the tree.
        homes: for a domain that a section of the epic names, which paths could belong to it.
        co_change: for a path, those that often changed in the same commits, the best first.
    """
    found = Found()
    take_named(epic, corpus, homes, found)
    everything = _make_pool(epic, corpus, found.names)
    _take_paraphrased(epic, corpus, everything, found)
    _take_sections(epic, corpus, homes, found)
    _take_scored(epic, corpus, everything, found)
    _take_linked(corpus, everything.scores, co_change, found)
    _take_tests(corpus, everything.scores, found)
    kept = sorted(
        found.picks.values(),
        key=lambda pick: (not pick.sure, -everything.scores.get(pick.path, 0.0), pick.path),
    )
    left_out = list(found.left_out.items())[:_LEFT_OUT_MAX]
    return Selection(
        picks={pick.path: pick for pick in sorted(kept[:CHOSEN_MAX], key=lambda p: p.path)},
        new_files=tuple(found.new_files),
        left_out=tuple(f"{path} ({why})" for path, why in left_out),
        scores=everything.scores,
    )


def _make_pool(epic: EpicText, corpus: Corpus, names: Iterable[str]) -> _Pool:
    """Score all files by the words of an epic and by the names of which they make use."""
    weights = _weigh(epic, corpus)
    scores: defaultdict[str, float] = defaultdict(float)
    for stem, weight in weights.items():
        for path, strength in corpus.strengths(stem).items():
            scores[path] += weight * strength
    for pair in _word_pairs(epic):
        for path in corpus.defining_pair(pair):
            scores[path] += _PAIR_BONUS * (weights.get(pair[0], 0.0) + weights.get(pair[1], 0.0))
    scale = max(scores.values(), default=0.0)
    for name in names:
        users = [path for path in corpus.used_in.get(name, ()) if _is_code(corpus, path)]
        for path in users if len(users) <= _USERS_MAX else ():
            scores[path] += _USE_BONUS * scale
    text = " ".join((epic.title, *(passage.text for passage in epic.passages)))
    return _Pool(
        scores={path: score / scale for path, score in scores.items()} if scale else {},
        weights=weights,
        spelled=spell(text),
        title=frozenset(epic.title_words),
    )


def _word_pairs(epic: EpicText) -> Iterable[tuple[str, str]]:
    """Return the words that follow each other in the epic, each pair once."""
    lines = (epic.title_words, *(p.words for p in epic.passages if not p.excluded))
    return dict.fromkeys(pair for line in lines for pair in pairwise(line))


def _weigh(epic: EpicText, corpus: Corpus) -> dict[str, float]:
    """Return the stems of an epic that tell files apart, with how much each one counts."""
    counts = Counter(stem for p in epic.passages if not p.excluded for stem in p.words)
    title = frozenset(epic.title_words)
    weights: dict[str, float] = {}
    for stem in sorted(set(counts) | title):
        rarity = corpus.rarity(stem)
        if rarity > _COMMON:
            often = 1 + math.log(max(1, counts[stem]))
            much = _TITLE_WEIGHT if stem in title else 1.0
            weights[stem] = rarity**2 * often * much * corpus.topicality(stem)
    return weights


def _is_code(corpus: Corpus, path: str) -> bool:
    return corpus.kinds[path] not in {Kind.TESTS, Kind.DOCS}


def _take_paraphrased(epic: EpicText, corpus: Corpus, everything: _Pool, found: Found) -> None:
    """Choose code that two words of the epic call by its name, alone or with its folder.

    `search box` is search/box.js, `form parsing` is formparser.py.
    """
    pairs = [pair for pair in _word_pairs(epic) if set(pair) <= everything.weights.keys()]
    spoken = {frozenset(pair): pair for pair in pairs}
    joined = {"".join(pair): pair for pair in pairs}
    for path in corpus.facts:
        if path in found.picks or path in found.excluded or not _is_code(corpus, path):
            continue
        *_, folder, name = ("", *path.split("/"))
        stem, near = split_identifier(name.partition(".")[0]), split_identifier(folder)
        both = [spoken.get(frozenset((one, other))) for one in near for other in stem]
        called = next(filter(None, (*both, *map(joined.get, stem))), None)
        if called and not is_old(path) and not is_migration(path):
            words = " ".join(everything.spelled.get(word, word) for word in called)
            found.picks[path] = Pick(path=path, why=f"terms: {words}", sure=True)
            found.left_out.pop(path, None)


def _take_sections(epic: EpicText, corpus: Corpus, homes: Homes, found: Found) -> None:
    """Choose the files of each section that names a domain, by the section's own words."""
    for domain, is_home in homes.items():
        passages = tuple(p for p in epic.passages if p.domain == domain and not p.excluded)
        names = [mention.text for passage in passages for mention in passage.mentions]
        pool = _make_pool(EpicText(title=epic.title, passages=passages), corpus, names)
        own = {path: score for path, score in pool.scores.items() if is_home(path)}
        _take_best(replace(pool, scores=own, domain=domain), corpus, found)
        if not any(domain in pick.domains for pick in found.picks.values()):
            _take_home(domain, [path for path in corpus.facts if is_home(path)], found)


def _take_home(domain: str, home: Sequence[str], found: Found) -> None:
    """Choose the whole home of a section that no word leads to a file, if it is small."""
    able = [path for path in home if not is_migration(path) and not is_old(path)]
    for path in able if len(able) <= _HOME_MAX else ():
        if path not in found.picks and path not in found.excluded:
            why = "the epic has a section for it"
            found.picks[path] = Pick(path=path, why=why, sure=False, domains=frozenset((domain,)))


def _take_scored(epic: EpicText, corpus: Corpus, everything: _Pool, found: Found) -> None:
    """Choose files by the epic's words, the code by itself and documents by themselves."""
    said = " ".join((epic.title, *(p.text for p in epic.passages if not p.excluded)))
    wants_docs = bool(_SPEAKS_OF_DOCS.search(said))
    scores = everything.scores
    code = {path: score for path, score in scores.items() if _is_code(corpus, path)}
    docs = {path: score for path, score in scores.items() if corpus.kinds[path] is Kind.DOCS}
    _take_best(replace(everything, scores=code), corpus, found)
    _take_best(replace(everything, scores=docs, wanted=wants_docs), corpus, found)
    asked = any(word in said.lower() for word in _CHANGELOG_WORDS)
    if asked and (path := corpus.changelog()) and path not in found.excluded:
        found.left_out.pop(path, None)
        pick = Pick(path=path, why="the epic asks for a change log", sure=True)
        found.picks.setdefault(path, pick)


def _take_best(pool: _Pool, corpus: Corpus, found: Found) -> None:
    """Choose from a pool what comes near to its best; report what nearly does."""
    ranked = sorted(pool.scores, key=lambda path: (-pool.scores[path], path))
    if not ranked:
        return
    best = pool.scores[ranked[0]]
    limit = _limit(best, [pool.scores[path] for path in ranked if path in found.picks])
    words = {path: _strong_words(pool, corpus, path) for path in ranked}
    enough = _SHARE_OF_WORDS * max(sum(strong.values()) for strong in words.values())
    for path in ranked:
        score, strong = pool.scores[path], words[path]
        if path in found.picks or path in found.excluded or score < limit * _SHARE_NEAR:
            continue
        if not _is_telling(strong, pool, corpus, path):
            continue
        terms = ", ".join(pool.spelled.get(stem, stem) for stem in list(strong)[:3])
        if score >= limit and sum(strong.values()) >= enough:
            _take_or_leave(path, terms, pool, found, sure=score >= best * _SHARE_SURE)
        elif pool.wanted and pool.domain is None:
            found.left_out.setdefault(path, f"shares only the words {terms}")


def _limit(best: float, named: Sequence[float]) -> float:
    """Return the score a file needs: half of the best, more when the epic names files itself."""
    if not named:
        return best * _SHARE_OF_BEST
    middle = sorted(named)[len(named) // 2]
    return max(best * _SHARE_OF_BEST, middle * _SHARE_OF_NAMED)


def _strong_words(pool: _Pool, corpus: Corpus, path: str) -> dict[str, float]:
    """Return the epic's words in a file's name or definitions, the weightiest first."""
    strong = [stem for stem in pool.weights if corpus.strengths(stem).get(path, 0.0) >= _SAYS_MUCH]
    strong.sort(key=lambda stem: (-pool.weights[stem], stem))
    return {stem: pool.weights[stem] for stem in strong}


def _is_telling(strong: Mapping[str, float], pool: _Pool, corpus: Corpus, path: str) -> bool:
    """Whether these words say enough: two of them, a rare one, or one of the title's in a name.

    In a section that names a domain any of them does.
    """
    return len(strong) > (0 if pool.domain else 1) or any(
        corpus.rarity(stem) >= _RARE
        or (stem in pool.title and corpus.strengths(stem)[path] > _SAYS_MUCH)
        for stem in strong
    )


def _take_or_leave(path: str, terms: str, pool: _Pool, found: Found, *, sure: bool) -> None:
    if is_migration(path):
        found.left_out[path] = "a migration that exists is not changed"
    elif is_old(path):
        found.left_out[path] = "its path says that it is old code"
    elif not pool.wanted:
        found.left_out.setdefault(path, "the epic does not speak of documentation")
    else:
        found.left_out.pop(path, None)
        domains = frozenset((pool.domain,)) if pool.domain else frozenset[str]()
        found.picks[path] = Pick(path=path, why=f"terms: {terms}", sure=sure, domains=domains)


def _take_linked(
    corpus: Corpus,
    scores: Mapping[str, float],
    co_change: Mapping[str, Sequence[str]],
    found: Found,
) -> None:
    """Choose what often changed together with a sure file and shares words with the epic."""
    for path in [pick.path for pick in found.picks.values() if pick.sure]:
        for other in co_change.get(path, ())[:3]:
            known = other in corpus.facts and other not in found.picks
            if known and other not in found.excluded and scores.get(other, 0) > 0:
                found.left_out.pop(other, None)
                why = f"often changed together with {path}"
                found.picks[other] = Pick(path=other, why=why, sure=False)


def _take_tests(corpus: Corpus, scores: Mapping[str, float], found: Found) -> None:
    code = [path for path in found.picks if _is_code(corpus, path)]
    for test in find_tests(code, corpus, scores):
        if test.path not in found.picks and test.path not in found.excluded:
            why = f"tests {test.of}" if test.by_name else f"imports {test.of}"
            found.picks[test.path] = Pick(path=test.path, why=why, sure=test.by_name)
