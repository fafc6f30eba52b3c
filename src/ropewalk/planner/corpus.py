"""A tree as the static planner knows it: what files say, who imports whom, how rare words are."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import pairwise

from ropewalk.planner.epic_text import Mention
from ropewalk.planner.imports import ImportGraph, Modules, import_graph
from ropewalk.planner.kinds import Kind, is_changelog, kind_of
from ropewalk.planner.sources import Facts
from ropewalk.planner.words import split_identifier

NAMED_MAX = 3
FOLDER_MAX = 40
_FOLDER_WEIGHTS = (1.0, 2.0)
_FILE_NAME = 3.0
_HEADING = 2.0
_PROSE = 1.0
_BODY = 0.5
_USUAL_WORDS = 300
_SMALLEST = 20
_TOPICALITY = ((_FILE_NAME, 1.0), (_HEADING, 0.7), (0.0, 0.2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a mention means in the tree.

    `sure`: it can hardly mean anything else. `folder`: all of it is meant. `by_name`: it is the
    name of something that these files define.
    """

    paths: tuple[str, ...]
    why: str
    sure: bool = True
    folder: str | None = None
    by_name: bool = False


class Corpus:
    """The files of one tree that people write, and what they say about themselves."""

    def __init__(self, facts: Mapping[str, Facts]) -> None:
        self.facts = facts
        self.kinds: Mapping[str, Kind] = {path: kind_of(path) for path in facts}

    @cached_property
    def imports(self) -> ImportGraph:
        """For each file the files that it imports."""
        return import_graph(self.facts)

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """For each folder all files below it."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path in self.facts:
            parts = path.split("/")
            for depth in range(1, len(parts)):
                found["/".join(parts[:depth])].append(path)
        return {folder: tuple(files) for folder, files in found.items()}

    @cached_property
    def defined_in(self) -> Mapping[str, tuple[str, ...]]:
        """For each identifier the files that define it."""
        return _invert((path, facts.defines) for path, facts in self.facts.items())

    @cached_property
    def used_in(self) -> Mapping[str, tuple[str, ...]]:
        """For each identifier the files in whose text it stands."""
        return _invert((path, facts.uses) for path, facts in self.facts.items())

    @cached_property
    def _modules(self) -> Modules:
        return Modules(self.facts)

    @cached_property
    def _strengths(self) -> Mapping[str, Mapping[str, float]]:
        """For each stem the files it stands in, with how much it says about each."""
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for path, facts in self.facts.items():
            for stem, strength in _fields(path, facts):
                found[stem][path] = max(strength, found[stem].get(path, 0.0))
        return found

    def rarity(self, stem: str) -> float:
        """Return how much a stem tells files apart: 1 for the rarest, 0 if it is everywhere."""
        count = sum(
            min(1.0, _BODY / 2 + strength) for strength in self._strengths.get(stem, {}).values()
        )
        total = max(len(self.facts), _SMALLEST)
        if not count:
            return 0.0
        return min(1.0, max(0.0, math.log((total + 1) / (count + 0.5)) / math.log(total + 1)))

    def topicality(self, stem: str) -> float:
        """Return how much a stem is a topic of the code: 1 if it names a file."""
        code = (
            strength
            for path, strength in self.strengths(stem).items()
            if self.kinds[path] not in {Kind.TESTS, Kind.DOCS}
        )
        best = max(code, default=0.0)
        return next(share for least, share in _TOPICALITY if best >= least)

    def defining_pair(self, pair: tuple[str, str]) -> tuple[str, ...]:
        """Return the files that define a name in which these two stems follow each other."""
        return self._pairs.get(pair, ())

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for path, facts in self.facts.items():
            for name in facts.defines:
                for pair in pairwise(split_identifier(name)):
                    found[pair].add(path)
        return {pair: tuple(sorted(paths)) for pair, paths in found.items()}

    def strengths(self, stem: str) -> Mapping[str, float]:
        """Return the files that a stem stands in, with how much it says about each."""
        return self._strengths.get(stem, {})

    def find(self, mention: Mention) -> Named | None:
        """Return what a mention means in this tree; None when it means nothing here."""
        text = mention.text.strip("/")
        if not text:
            return None
        looks_like_path = "/" in mention.text or "." in text
        if "*" in text:
            return self._find_glob(text)
        if looks_like_path and (named := self._find_file(text)):
            return named
        if (mention.quoted or mention.text.endswith("/")) and (named := self._find_folder(text)):
            return named
        return self._find_name(text, quoted=mention.quoted)

    def _find_glob(self, pattern: str) -> Named | None:
        paths = tuple(
            path
            for path in self.facts
            if fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}")
        )
        if not paths or len(paths) > FOLDER_MAX:
            return None
        return Named(paths=paths, why=f"named in the epic as {pattern}")

    def _find_file(self, text: str) -> Named | None:
        if text in self.facts:
            return Named(paths=(text,), why="named in the epic")
        paths = tuple(path for path in self.facts if path.endswith(f"/{text}"))
        if not paths or len(paths) > NAMED_MAX:
            return None
        return Named(paths=paths, why=f"named in the epic as {text}", sure=len(paths) == 1)

    def _find_folder(self, text: str) -> Named | None:
        if text in self.folders:
            folder = text
        else:
            found = [folder for folder in self.folders if folder.endswith(f"/{text}")]
            if len(found) != 1:
                return None
            folder = found[0]
        paths = self.folders[folder]
        if len(paths) > FOLDER_MAX:
            return None
        return Named(paths=paths, why=f"{folder}/ is named in the epic", folder=folder)

    def _find_name(self, text: str, *, quoted: bool) -> Named | None:
        if "." in text:
            return self._find_dotted(text)
        exact = self._definers(text)
        if exact and len(exact) <= NAMED_MAX and (quoted or not text.islower() or "_" in text):
            return Named(paths=exact, why=f"defines {text}", sure=len(exact) == 1, by_name=True)
        if quoted and (module := self._modules.find(text)) and self.kinds[module] is not Kind.TESTS:
            return Named(paths=(module,), why=f"is the module {text}")
        return None

    def _find_dotted(self, text: str) -> Named | None:
        if module := self._modules.find(text):
            return Named(paths=(module,), why=f"is the module {text}")
        parts = text.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            module = self._modules.find(".".join(parts[:cut]))
            if module and parts[cut] in self.facts[module].defines:
                return Named(paths=(module,), why=f"defines {text}", by_name=True)
        for name in (".".join(parts[-2:]), parts[-1]):
            exact = self._definers(name)
            if exact and len(exact) <= NAMED_MAX:
                return Named(paths=exact, why=f"defines {name}", sure=len(exact) == 1, by_name=True)
        return None

    def _definers(self, name: str) -> tuple[str, ...]:
        """Return the code that defines a name; tests only when nothing else does."""
        found = self.defined_in.get(name, ())
        code = tuple(p for p in found if self.kinds[p] not in {Kind.TESTS, Kind.DOCS})
        return code or found

    def changelog(self) -> str | None:
        """Return the file that lists the changes of releases, the one nearest to the top."""
        found = [path for path in self.facts if is_changelog(path)]
        return min(found, key=lambda path: (path.count("/"), path), default=None)


def _fields(path: str, facts: Facts) -> Iterator[tuple[str, float]]:
    """Yield stems with their strength; a word in a long text says less than one in a short one."""
    length = 0.5 + facts.length / _USUAL_WORDS
    yield from ((stem, min(1.0, 1 / length) * _BODY) for stem in facts.body_words)
    yield from ((stem, min(1.0, 1 / length) * _PROSE) for stem in facts.prose_words)
    yield from ((stem, _HEADING) for stem in facts.heading_words)
    *folders, name = path.split("/")
    for number, folder in enumerate(folders):
        weight = _FOLDER_WEIGHTS[number == len(folders) - 1]
        yield from ((stem, weight) for stem in split_identifier(folder))
    yield from ((stem, _FILE_NAME) for stem in split_identifier(name.partition(".")[0]))


def _invert(pairs: Iterable[tuple[str, Iterable[str]]]) -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, names in pairs:
        for name in names:
            found[name].append(path)
    return {name: tuple(sorted(paths)) for name, paths in found.items()}
