"""Which tests belong to which code: by name first, then by import and the words of the epic."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ropewalk.planner.corpus import Corpus
from ropewalk.planner.kinds import Kind

_LINKED_SHARE = 0.6
_ENDINGS = (
    *(".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".go", ".rs", ".rb", ".java", ".kt"),
    *(".php", ".cs", ".c", ".cc", ".cpp", ".sh", ".swift", ".scala", ".ex", ".exs", ".sql"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedTest:
    """A test file and the code it tests; `by_name` when their names say so."""

    path: str
    of: str
    by_name: bool


def find_tests(
    code: Sequence[str], corpus: Corpus, scores: Mapping[str, float]
) -> Iterator[RelatedTest]:
    """Yield the tests of these files; one that only imports them must also fit the epic."""
    tests = [path for path, kind in corpus.kinds.items() if kind is Kind.TESTS]
    best = max((scores.get(test, 0.0) for test in tests), default=0.0)
    wanted = set(code)
    namesakes = code_by_name(corpus)
    for test in tests:
        subject = find_subject(test, corpus, namesakes)
        if not test.endswith(_ENDINGS):
            continue
        if subject and (covered := _covered(subject, wanted)):
            yield RelatedTest(path=test, of=covered, by_name=True)
        elif subject is None and scores.get(test, 0.0) >= best * _LINKED_SHARE:
            imported = sorted(wanted & corpus.imports[test])
            if imported:
                yield RelatedTest(path=test, of=imported[0], by_name=False)


def _covered(subject: str, wanted: set[str]) -> str | None:
    """Return what of the wanted code a test of this file covers: a package's test all of it."""
    if subject in wanted:
        return subject
    folder, name = posixpath.split(subject)
    inside = name.partition(".")[0] in {"__init__", "index"} and folder
    return folder if inside and any(path.startswith(f"{folder}/") for path in wanted) else None


def find_subject(test: str, corpus: Corpus, namesakes: Mapping[str, Sequence[str]]) -> str | None:
    """Return the file that a test is named after; of several the one that it is closest to.

    Args:
        test: the path of the test.
        corpus: the tree.
        namesakes: `code_by_name` of that tree.
    """
    name = _subject(test)
    found = namesakes.get(name) or namesakes.get(name.removesuffix("s")) or ()
    folders = set(test.split("/")[:-1])
    return max(
        found,
        key=lambda path: (
            posixpath.dirname(path) == posixpath.dirname(test),
            len(folders.intersection(path.split("/")[:-1])),
            path in corpus.imports[test],
            -len(path),
            path,
        ),
        default=None,
    )


def _subject(test: str) -> str:
    """Return the name that a test has without what makes it a test's name."""
    plain = posixpath.basename(test).partition(".")[0].lower()
    if plain.startswith("test_"):
        return plain.removeprefix("test_")
    for ending in ("_test", "_spec", "test"):
        if plain.endswith(ending) and plain != ending:
            return plain.removesuffix(ending)
    return plain


def code_by_name(corpus: Corpus) -> Mapping[str, Sequence[str]]:
    """Return the code of a tree by the names that its tests would have."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, kind in corpus.kinds.items():
        if kind not in {Kind.TESTS, Kind.DOCS}:
            stem = posixpath.basename(path).partition(".")[0].lower()
            if stem in {"__init__", "index"}:
                stem = posixpath.basename(posixpath.dirname(path)).lower()
            found[stem].append(path)
    return found
