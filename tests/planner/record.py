"""Records a source tree for the planner's golden tests: `python -m tests.planner.record DIR`.

The record holds no content: paths, imports inside the tree, and of the words and identifiers of
each file those that the three epics beside it speak of. The planner looks at nothing else for these
epics.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from ropewalk.planner.scan import scan
from ropewalk.planner.sources import Facts
from ropewalk.planner.words import identifiers, split_identifier, stems
from tests.planner.trees import REAL


def record(root: Path) -> dict[str, object]:
    """Return the record of the files below a folder."""
    paths = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    epics = "\n".join(path.read_text() for path in sorted(REAL.glob("*.md")))
    words, names = set(stems(epics)), identifiers(epics)
    facts = scan(paths, lambda path: (root / path).read_bytes())
    parts = {part.removesuffix(".py") for path in paths for part in path.split("/")}
    reduced = {path: _reduce(found, words, names, parts) for path, found in facts.items()}
    return {"paths": paths, "facts": reduced}


def _reduce(
    facts: Facts, words: set[str], names: frozenset[str], parts: set[str]
) -> dict[str, object]:
    inside = [one for one in facts.imports if one.level or one.module.split(".")[0] in parts]
    kept = {
        "defines": _sorted(n for n in facts.defines if words.intersection(split_identifier(n))),
        "uses": _sorted(facts.uses & names),
        "imports": [[one.module, list(one.names), one.level] for one in inside],
        "headings": _sorted(facts.heading_words & words),
        "prose": _sorted(facts.prose_words & words),
        "body": _sorted(facts.body_words & words),
    }
    return {key: value for key, value in kept.items() if value} | {"length": facts.length}


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names)


if __name__ == "__main__":
    lines = json.dumps(record(Path(sys.argv[1])), indent=None, separators=(",", ":"))
    (REAL / "werkzeug.json").write_text(lines.replace("},", "},\n") + "\n")
