"""What a domain's agent is told to do: the epic's title and the sentences about its files."""

from ropewalk.planner.corpus import Corpus
from ropewalk.planner.epic_text import EpicText, Passage
from ropewalk.planner.grouping import Group
from ropewalk.planner.kinds import Kind, kind_named
from ropewalk.planner.relevance import Selection
from ropewalk.planner.words import stems

_LONGEST = 900
_SENTENCES_MAX = 6
_SAYS_MUCH = 2.0
_RARE = 0.35
_PART_OF = {
    Kind.DATABASE: "schema, migrations and models",
    Kind.BACKEND: "code",
    Kind.FRONTEND: "user interface",
    Kind.INFRA: "build, packaging and deployment",
    Kind.TESTS: "tests",
    Kind.DOCS: "documentation",
}


def describe(
    epic: EpicText, name: str, group: Group | None, corpus: Corpus, selection: Selection
) -> str:
    """Return the description of a domain, at most some hundred characters."""
    kind = group.kind if group else kind_named(name) or Kind.BACKEND
    title = epic.title.rstrip(".")
    start = f"{title}: the {_PART_OF[kind]}" + (f" of {name}." if kind is Kind.BACKEND else ".")
    own = [p for p in epic.passages if p.domain == name and not p.excluded]
    if not own and group:
        own = _concerning(epic, group, corpus, selection)
    own = own or [p for p in epic.passages if p.domain is None and not p.excluded]
    text = start
    for passage in own[:_SENTENCES_MAX]:
        sentence = _plain(passage)
        if sentence and sentence.rstrip(".") != title and len(text) + len(sentence) < _LONGEST:
            text = f"{text} {sentence}"
    return text


def _concerning(
    epic: EpicText, group: Group, corpus: Corpus, selection: Selection
) -> list[Passage]:
    """Return the sentences that name a file of the group, or speak of its kind or its words."""
    paths = set(group.paths)
    found: list[Passage] = []
    for passage in epic.passages:
        if passage.excluded or passage.domain not in {None, group.name}:
            continue
        named = {p for m in passage.mentions if (n := corpus.find(m)) for p in n.paths}
        about_others = named & set(selection.picks)
        if named & paths or (not about_others and _speaks_of(passage, paths, corpus)):
            found.append(passage)
    return found


def _speaks_of(passage: Passage, paths: set[str], corpus: Corpus) -> bool:
    """Whether a rare word of the passage is in a name or definition of one of the files."""
    return any(
        corpus.strengths(stem).get(path, 0.0) >= _SAYS_MUCH
        for stem in stems(passage.text)
        if corpus.rarity(stem) >= _RARE
        for path in paths
    )


def _plain(passage: Passage) -> str:
    text = " ".join(passage.text.split()).lstrip("-*+#> ").rstrip("; ")
    return text if not text or text[-1] in ".!?:;" else f"{text}."
