"""Trees for the planner's tests: small ones with content, a real one as the facts of its files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.model.config import DomainRule
from ropewalk.model.plan import PlanFile, PlanningNotes
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.scan import Reader, scan
from ropewalk.planner.sources import Facts, Import
from ropewalk.planner.static import split_corpus

GOLDEN = Path(__file__).parent / "golden"
REAL = GOLDEN / "real"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Files by path."""

    files: Mapping[str, str]

    @property
    def paths(self) -> Sequence[str]:
        return sorted(self.files)

    def read(self, path: str) -> bytes | None:
        return self.files[path].encode()


def load_tree(name: str) -> Tree:
    """Read a tree in which each file follows a line `=== PATH`."""
    files: dict[str, str] = {}
    for part in (GOLDEN / f"{name}.tree").read_text().split("=== ")[1:]:
        path, _, content = part.partition("\n")
        files[path] = content
    return Tree(files=files)


def split(
    epic: str,
    *,
    paths: Sequence[str],
    read: Reader,
    rules: Sequence[DomainRule] = (),
    co_change: Mapping[str, Sequence[str]] | None = None,
) -> tuple[PlanFile, PlanningNotes]:
    """Read a tree and split an epic over it."""
    corpus = Corpus(scan(paths, read))
    return split_corpus(epic, corpus, paths=paths, rules=rules, co_change=co_change)


def split_tree(epic: str, files: Mapping[str, str]) -> tuple[PlanFile, PlanningNotes]:
    tree = Tree(files=files)
    return split(epic, paths=tree.paths, read=tree.read)


def domains_of(plan: PlanFile) -> dict[str, dict[str, list[str]]]:
    """Return what a golden file states about each domain; empty lists are left out."""
    return {
        domain.name: {
            key: list(values)
            for key, values in (
                ("files", domain.files),
                ("new_files", domain.new_files),
                ("depends_on", domain.depends_on),
            )
            if values
        }
        for domain in plan.domains
    }


def load_real() -> tuple[list[str], Corpus]:
    """Read the recorded tree: all its paths, and the facts of those that people write."""
    recorded = json.loads((REAL / "werkzeug.json").read_text())
    facts = {
        path: Facts(
            defines=frozenset(found.get("defines", ())),
            uses=frozenset(found.get("uses", ())),
            imports=tuple(
                Import(module=module, names=tuple(names), level=level)
                for module, names, level in found.get("imports", ())
            ),
            heading_words=frozenset(found.get("headings", ())),
            prose_words=frozenset(found.get("prose", ())),
            body_words=frozenset(found.get("body", ())),
            length=found["length"],
        )
        for path, found in recorded["facts"].items()
    }
    return recorded["paths"], Corpus(facts)
