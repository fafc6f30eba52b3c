"""A tree as a model gets to know it: its files, what they define, import and change with.

The same tree, epic and history give the same text. It is never longer than its limit: where not
everything fits, what has to do with the epic goes first, and each section says what it left out.
Contents of files are not in it, only names; in a larger tree, what files define and import only
for those that the epic may concern, so that an edit elsewhere leaves the map as it is.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.planner.corpus import Corpus
from ropewalk.planner.words import stems
from ropewalk.store.fence import one_line

CHARACTERS_PER_TOKEN: Final = 4
DEFAULT_TOKENS: Final = 20_000
_SHARES: Final = (0.40, 0.35, 0.15, 0.10)
_NAMES_MAX: Final = 16
_TARGETS_MAX: Final = 12
_LINE_MAX: Final = 600
_SHOWN_WHOLE: Final = 150
_CONCERNED_MIN: Final = 8
# What a word in a heading or a definition weighs; words that are in most files concern none.
_NAMED: Final = 2.0
_COMMON: Final = 0.25
# What nobody else uses: private names, tests.
_HIDDEN: Final = re.compile(r"(?:^|\.)(?:_|[tT]est(?:_|[A-Z]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryMap:
    """The text of a map.

    `tokens` is an estimate: a token is taken for `CHARACTERS_PER_TOKEN` characters.
    """

    text: str

    @property
    def tokens(self) -> int:
        """How many tokens the map takes, about."""
        return -(-len(self.text) // CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a section; `short` says less, for where the whole does not fit."""

    path: str
    text: str
    short: str = ""


def draw_map(
    corpus: Corpus,
    epic_text: str,
    *,
    co_change: Mapping[str, Sequence[str]] | None = None,
    tokens: int = DEFAULT_TOKENS,
) -> RepositoryMap:
    """Draw the map of a tree for an epic.

    Args:
        corpus: the files that people write, read.
        epic_text: what is asked; decides what goes first where not everything fits.
        co_change: for a path, those that often changed in the same commits, the best first.
        tokens: how long the map may be, estimated.
    """
    order = _order(corpus, epic_text)
    shown = _concerned(corpus, epic_text)
    sections = (
        ("Files, by folder", tuple(_folders(corpus))),
        ("What files define", tuple(_definitions(corpus, shown))),
        ("Imports", tuple(_imports(corpus, shown))),
        ("Often changed together", tuple(_together(corpus, shown, co_change or {}))),
    )
    room = tokens * CHARACTERS_PER_TOKEN
    texts: list[str] = []
    left = 1.0
    for (title, lines), share in zip(sections, _SHARES, strict=True):
        text = _section(title, lines, order, room=int(room * share / left)) if lines else ""
        room -= len(text) + 1
        left -= share
        texts.append(text)
    return RepositoryMap(text="\n".join(text for text in texts if text))


def _order(corpus: Corpus, epic_text: str) -> Mapping[str, int]:
    """Rank the files: those that share rare words with the epic, then those that many import."""
    scores: defaultdict[str, float] = defaultdict(float)
    for stem in sorted(set(stems(epic_text))):
        rarity = corpus.rarity(stem)
        for path, strength in corpus.strengths(stem).items():
            scores[path] += rarity * strength
    importers = Counter(target for targets in corpus.imports.values() for target in targets)
    ranked = sorted(corpus.facts, key=lambda p: (-round(scores[p], 6), -importers[p], p))
    return {path: number for number, path in enumerate(ranked)}


def _concerned(corpus: Corpus, epic_text: str) -> Collection[str]:
    """Return the files whose names or definitions share words with the epic, and their neighbours.

    All files of a small tree, and where the epic shares its words with hardly any.
    """
    if len(corpus.facts) <= _SHOWN_WHOLE:
        return corpus.facts
    found = {
        path
        for stem in set(stems(epic_text))
        for path, strength in corpus.strengths(stem).items()
        if strength >= _NAMED and corpus.rarity(stem) > _COMMON
    }
    if len(found) < _CONCERNED_MIN:
        return corpus.facts
    imported = {target for path in found for target in corpus.imports.get(path, ())}
    importing = {path for path, targets in corpus.imports.items() if targets & found}
    return found | imported | importing


def _folders(corpus: Corpus) -> Iterator[_Line]:
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for path in corpus.facts:
        folder, _, name = path.rpartition("/")
        folders[folder].append(name)
    for folder, names in folders.items():
        title = f"{one_line(folder)}/" if folder else "(top)"
        count = "1 file" if len(names) == 1 else f"{len(names)} files"
        yield _Line(
            path=f"{folder}/{names[0]}" if folder else names[0],
            text=f"{title}: {' '.join(map(one_line, sorted(names)))}",
            short=f"{title}: {count}",
        )


def _definitions(corpus: Corpus, shown: Collection[str]) -> Iterator[_Line]:
    for path, facts in corpus.facts.items():
        if path not in shown:
            continue
        public = [name for name in facts.defines if not _HIDDEN.search(name)]
        names = sorted(public, key=lambda name: ("." in name, name))
        members = {name.rpartition(".")[2] for name in names if "." in name}
        listed = [name for name in names if "." in name or name not in members]
        if listed:
            yield _list(path, ": ", listed, most=_NAMES_MAX)


def _imports(corpus: Corpus, shown: Collection[str]) -> Iterator[_Line]:
    for path, targets in corpus.imports.items():
        if targets and path in shown:
            yield _list(path, " imports ", sorted(targets), most=_TARGETS_MAX)


def _together(
    corpus: Corpus, shown: Collection[str], co_change: Mapping[str, Sequence[str]]
) -> Iterator[_Line]:
    for path, others in co_change.items():
        known = [other for other in others if other in corpus.facts]
        if path in shown and known:
            yield _list(path, " with ", known, most=_TARGETS_MAX)


def _list(path: str, word: str, items: Sequence[str], *, most: int) -> _Line:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    text = f"{one_line(path)}{word}{', '.join(map(one_line, items[:most]))}{more}"
    return _Line(path=path, text=text if len(text) <= _LINE_MAX else f"{text[:_LINE_MAX]}…")


def _section(title: str, lines: Sequence[_Line], order: Mapping[str, int], *, room: int) -> str:
    """Return a section of at most ``room`` characters, its lines sorted by path; maybe nothing."""
    ranked = sorted(lines, key=lambda line: order.get(line.path, len(order)))
    head = f"# {title}"
    room -= len(head) + len(_left_out(len(lines))) + 2
    chosen = {line.path: line.short for line in _fitting(ranked, room)}
    room -= sum(len(text) + 1 for text in chosen.values())
    for line in ranked:
        needed = len(line.text) + 1 - (len(chosen[line.path]) + 1 if line.path in chosen else 0)
        if needed <= room:
            chosen[line.path] = line.text
            room -= needed
    if not chosen:
        return ""
    left_out = len(lines) - len(chosen)
    shown = [chosen[path] for path in sorted(chosen)]
    return "\n".join((head, *shown, *([_left_out(left_out)] if left_out else [])))


def _fitting(lines: Iterable[_Line], room: int) -> Iterator[_Line]:
    """Yield the lines whose short form fits, in their order; those that have none are left out."""
    for line in lines:
        if line.short and len(line.short) + 1 <= room:
            room -= len(line.short) + 1
            yield line


def _left_out(count: int) -> str:
    return f"({count} more left out)"
