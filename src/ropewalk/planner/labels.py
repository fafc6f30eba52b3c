"""Which domain a heading or bullet of an epic names, and which paths could belong to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ropewalk.errors import InvalidInput
from ropewalk.model.config import DomainRule
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.kinds import Kind, kind_named
from ropewalk.planner.words import split_identifier
from ropewalk.store.patterns import Patterns
from ropewalk.store.schema.names import check_domain_name

# Labels that are good names themselves; others get the name of their kind.
_KEPT = frozenset(
    (
        "api",
        "server",
        "ui",
        "web",
        "client",
        "db",
        "migrations",
        "models",
        "ci",
        "docker",
        "packaging",
    )
)
_DEEPEST = 4
_LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A domain that a label of the epic names; `has` says which paths could belong to it."""

    name: str
    has: Callable[[str], bool]


class Labels:
    """Reads labels such as `Backend`, `Front end`, a rule's name or the name of a folder."""

    def __init__(self, corpus: Corpus, rules: Sequence[DomainRule]) -> None:
        self._corpus = corpus
        self._rules = {rule.name: Patterns(rule.files) for rule in rules}
        self._folders: dict[tuple[str, ...], str] = {}
        for folder in sorted(corpus.folders, key=lambda path: (-path.count("/"), path)):
            name = folder.rpartition("/")[2]
            if folder.count("/") < _DEEPEST and corpus.kinds[corpus.folders[folder][0]] not in {
                Kind.TESTS,
                Kind.DOCS,
            }:
                self._folders[split_identifier(name)] = folder

    def find(self, text: str) -> Label | None:
        """Return the domain that a label names, None when it is an ordinary heading."""
        plain = re.sub(r"^\d+[.)]\s*", "", text).strip(" :*_`#")
        slug = make_name(plain)
        if slug in self._rules:
            return Label(name=slug, has=self._rules[slug].has)
        if kind := kind_named(plain):
            name = slug if slug in _KEPT else kind.value
            return Label(name=name, has=lambda path: self._corpus.kinds[path] is kind)
        words = split_identifier(plain.replace(" ", "_"))
        if words and (folder := self._folders.get(words)):
            return Label(name=slug, has=lambda path: path.startswith(f"{folder}/"))
        return None

    def names(self, text: str) -> str | None:
        """Return only the name of the domain that a label names."""
        found = self.find(text)
        return found.name if found else None

    def homes(self, names: Sequence[str]) -> Mapping[str, Callable[[str], bool]]:
        """Return which paths could belong to each of these domains."""
        found = {name: self.find(name) for name in names}
        return {name: label.has for name, label in found.items() if label}


def make_name(text: str) -> str:
    """Return a valid domain name made of the words of a text; `part` when there are none."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    name = "-".join(words)[:_LONGEST].strip("-") or "part"
    try:
        return check_domain_name(name)
    except InvalidInput:
        return f"part-{name}"
