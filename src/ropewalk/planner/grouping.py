"""From the files an epic is about to domains: who works on what.

First what the epic says itself, then the rules of the configuration, then the conventions of
folders. Code that no convention divides is split along its packages and imports, so that files that
use each other stay together. A file belongs to one domain unless the epic names it in the sections
of several.
"""

import math
import posixpath
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ropewalk.model.config import DomainRule
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.kinds import Kind, is_backend_by_convention, kind_named
from ropewalk.planner.labels import make_name
from ropewalk.planner.mentioned import Homes, Pick
from ropewalk.planner.related_tests import code_by_name, find_subject
from ropewalk.planner.relevance import Selection
from ropewalk.store.patterns import Patterns

CODE_DOMAINS_MAX = 4
_SPLIT_FROM = 4
_LAYERED_SPLIT_FROM = 13
_SAME_STEM = 2.0
_ROOTS = frozenset(("src", "lib", "source", "python", "packages"))
_TEST_ROOTS = frozenset(("tests", "test", "spec", "specs", "e2e", "integration_tests"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The files of one domain to be; `rule` when it is one of the configuration's."""

    name: str
    kind: Kind
    paths: tuple[str, ...]
    rule: DomainRule | None = None


def make_groups(
    selection: Selection,
    corpus: Corpus,
    *,
    rules: Sequence[DomainRule],
    homes: Homes,
) -> tuple[Group, ...]:
    """Divide the chosen files into domains, sorted by kind and name."""
    members: defaultdict[str, set[str]] = defaultdict(set)
    rule_patterns = {rule.name: Patterns(rule.files) for rule in rules}
    code: list[str] = []
    beside: list[str] = []
    for path, pick in selection.picks.items():
        names = _assign(pick, rule_patterns, homes)
        if not names and _is_beside_code(path, corpus):
            beside.append(path)
        elif not names and corpus.kinds[path] is Kind.BACKEND:
            code.append(path)
        for name in names or (() if path in (*code, *beside) else (corpus.kinds[path].value,)):
            members[name].add(path)
    layered = bool({Kind.DATABASE.value, Kind.FRONTEND.value, *homes} & set(members))
    layered = layered or any(map(is_backend_by_convention, code))
    parts = split_code(code, corpus, selection, layered=layered)
    for name, paths in parts.items():
        members[name].update(paths)
    for test in beside:
        members[_home_of_test(test, members, corpus)].add(test)
    by_name = {rule.name: rule for rule in rules}
    groups = (
        Group(
            name=name,
            kind=Kind.BACKEND if name in parts else _kind(name, paths, corpus),
            paths=tuple(sorted(paths)),
            rule=by_name.get(name),
        )
        for name, paths in members.items()
    )
    return tuple(sorted(groups, key=lambda group: (list(Kind).index(group.kind), group.name)))


def _assign(pick: Pick, rules: Mapping[str, Patterns], homes: Homes) -> tuple[str, ...]:
    if pick.domains:
        return tuple(sorted(pick.domains))
    for name, patterns in rules.items():
        if patterns.has(pick.path):
            return (name,)
    return next(((name,) for name, is_home in homes.items() if is_home(pick.path)), ())


def split_code(
    paths: Sequence[str], corpus: Corpus, selection: Selection, *, layered: bool
) -> dict[str, list[str]]:
    """Split plain code along packages and imports; a few files or one layer of several stay."""
    if not paths:
        return {}
    units: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        units[_unit(path)].append(path)
    if layered and len(paths) < _LAYERED_SPLIT_FROM:
        return {Kind.BACKEND.value: list(paths)}
    if len(paths) < _SPLIT_FROM or len(units) == 1:
        return {make_name(_name_whole(paths, units, selection)): list(paths)}
    clusters = _merge_units(list(units.items()), corpus)
    named: dict[str, list[str]] = {}
    for cluster in clusters:
        name = make_name(_best_unit(cluster, selection))
        name = f"{name}-code" if name in named or kind_named(name) in _OTHER_KINDS else name
        named[name] = sorted(path for _, files in cluster for path in files)
    return named


def _name_whole(paths: Sequence[str], units: Mapping[str, list[str]], selection: Selection) -> str:
    """Name all code after the part that has most of it, else after the package around it."""
    name = _best_unit(list(units.items()), selection)
    if 2 * len(units[name]) > len(paths):
        return name
    folders = posixpath.commonpath([posixpath.dirname(path) for path in paths]).split("/")
    inner = [folder for folder in folders if folder and folder not in _ROOTS]
    return inner[0] if inner else Kind.BACKEND.value


_OTHER_KINDS = frozenset((Kind.TESTS, Kind.DOCS, Kind.INFRA))
_Unit = tuple[str, list[str]]


def _unit(path: str) -> str:
    """Return the part of the project that a file is in: a package, else the module itself."""
    parts = path.split("/")
    while len(parts) > 1 and parts[0] in _ROOTS:
        parts = parts[1:]
    if len(parts) > 2:  # noqa: PLR2004 - package, part, file
        return parts[1]
    return parts[-1].partition(".")[0].strip("_")


def _merge_units(units: Sequence[_Unit], corpus: Corpus) -> list[list[_Unit]]:
    """Merge the smallest cluster into the one it hangs together with most, until few are left.

    A single file stays alone when several other clusters import it, or none has to do with it.
    """
    clusters = [[unit] for unit in sorted(units)]
    while len(clusters) > 1:
        clusters.sort(key=lambda cluster: (_size(cluster), cluster[0][0]))
        many = len(clusters) > CODE_DOMAINS_MAX
        lonely = [c for c in clusters if many or _is_lonely(c, clusters, corpus)]
        if not lonely:
            break
        smallest = lonely[0]
        nearest = max(
            (other for other in clusters if other is not smallest),
            key=lambda other: (_links(smallest, other, corpus), -_size(other)),
        )
        clusters = [c for c in clusters if c is not nearest and c is not smallest]
        clusters.append([*nearest, *smallest])
    return clusters


def _is_lonely(
    cluster: Sequence[_Unit], clusters: Sequence[Sequence[_Unit]], corpus: Corpus
) -> bool:
    """Whether a cluster is one file that belongs to another cluster rather than to several."""
    others = [other for other in clusters if other is not cluster]
    if _size(cluster) > 1 or not any(_links(cluster, other, corpus) for other in others):
        return False
    (path,) = (path for _, files in cluster for path in files)
    users = [
        other
        for other in others
        if any(path in corpus.imports[user] for _, files in other for user in files)
    ]
    return len(users) <= 1


def _size(cluster: Sequence[_Unit]) -> int:
    return sum(len(files) for _, files in cluster)


def _links(one: Sequence[_Unit], other: Sequence[_Unit], corpus: Corpus) -> float:
    """Measure how much two clusters hang together: imports either way, and equal names."""
    weight = 0.0
    for left in (path for _, files in one for path in files):
        for right in (path for _, files in other for path in files):
            weight += (right in corpus.imports[left]) + (left in corpus.imports[right])
            weight += _SAME_STEM * (_stem(left) == _stem(right) != "__init__")
    return weight / math.sqrt(_size(one) * _size(other))


def _stem(path: str) -> str:
    return posixpath.basename(path).partition(".")[0]


def _best_unit(cluster: Sequence[_Unit], selection: Selection) -> str:
    """Return the unit with most files, then the one the epic is most about; never gladly `test`."""
    return max(
        cluster,
        key=lambda unit: (
            kind_named(unit[0]) is None,
            len(unit[1]),
            max(selection.scores.get(path, 0.0) for path in unit[1]),
            unit[0],
        ),
    )[0]


def _is_beside_code(path: str, corpus: Corpus) -> bool:
    """Whether a test stands next to the code it tests, not in a tree of tests."""
    return corpus.kinds[path] is Kind.TESTS and _TEST_ROOTS.isdisjoint(path.split("/")[:-1])


def _home_of_test(test: str, members: Mapping[str, set[str]], corpus: Corpus) -> str:
    """Return the domain of the code that a test is about; a domain of tests when there is none."""
    counts: Counter[str] = Counter()
    subject = find_subject(test, corpus, code_by_name(corpus))
    for name, paths in members.items():
        for path in paths:
            counts[name] += 2 * (path == subject) + (path in corpus.imports[test])
    best = max(sorted(counts), key=lambda name: counts[name], default="")
    return best if counts[best] else Kind.TESTS.value


def _kind(name: str, paths: set[str], corpus: Corpus) -> Kind:
    """Return the kind of a domain: what its name says, else what most of its files are."""
    if named := kind_named(name.replace("-", " ")):
        return named
    counts = Counter(corpus.kinds[path] for path in sorted(paths))
    return max(counts, key=lambda kind: (counts[kind], -list(Kind).index(kind)))
