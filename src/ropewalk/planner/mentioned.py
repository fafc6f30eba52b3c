"""What an epic names itself: files and folders of the tree, names of code, files to be made."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ropewalk.planner.corpus import Corpus, Named
from ropewalk.planner.epic_text import EpicText, Mention, Passage

_NEW_FILE = (
    *(".py", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".sql", ".html", ".css", ".scss", ".vue"),
    *(".svelte", ".go", ".rs", ".rb", ".java", ".kt", ".php", ".cs", ".c", ".h", ".cpp", ".md"),
    *(".rst", ".txt", ".yaml", ".yml", ".toml", ".json", ".sh", ".prisma"),
)

Homes = Mapping[str, Callable[[str], bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A file that the epic is about; `domains` are those whose sections name it."""

    path: str
    why: str
    sure: bool
    domains: frozenset[str] = frozenset()
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that the epic names and the tree does not have."""

    path: str
    domain: str | None = None


@dataclass(slots=True)
class Found:
    """What has been found so far, in the order of finding."""

    picks: dict[str, Pick] = field(default_factory=dict)
    new_files: dict[NewFile, None] = field(default_factory=dict)
    excluded: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def take_named(epic: EpicText, corpus: Corpus, homes: Homes, found: Found) -> None:
    """Take in what the epic names, and leave out what it says to leave alone."""
    for passage in (Passage(text=epic.title), *epic.passages):
        for mention in passage.mentions:
            named = corpus.find(mention)
            if named is None:
                _add_new(mention, passage, corpus, found)
            elif passage.excluded:
                found.excluded.update(dict.fromkeys(named.paths))
            elif mention.used or _is_context(named, passage, homes):
                why = "named, but not as something to change"
                found.left_out.update(dict.fromkeys(named.paths, why))
            else:
                _add_named(named, mention, passage, found)
    for path in found.excluded:
        found.picks.pop(path, None)
        found.left_out[path] = "the epic says to leave it alone"
    for path in found.picks:
        found.left_out.pop(path, None)


def _is_context(named: Named, passage: Passage, homes: Homes) -> bool:
    """Whether a section names something that is defined outside its own part of the tree."""
    is_home = homes.get(passage.domain or "")
    return is_home is not None and named.by_name and not any(is_home(path) for path in named.paths)


def _add_named(named: Named, mention: Mention, passage: Passage, found: Found) -> None:
    found.names.setdefault(mention.text.split(".")[-1].split("/")[-1])
    domains = frozenset((passage.domain,)) if passage.domain else frozenset[str]()
    for path in named.paths:
        known = found.picks.get(path)
        pick = known or Pick(path=path, why=named.why, sure=named.sure)
        found.picks[path] = replace(
            pick,
            sure=pick.sure or named.sure,
            domains=pick.domains | domains,
            folder=pick.folder or named.folder,
        )


def _add_new(mention: Mention, passage: Passage, corpus: Corpus, found: Found) -> None:
    if not passage.excluded and not mention.used and (path := _new_path(mention, corpus)):
        found.new_files.setdefault(NewFile(path=path, domain=passage.domain))


def _new_path(mention: Mention, corpus: Corpus) -> str | None:
    """Return where a named file that does not exist would be; None when that is no file's name."""
    text = mention.text
    if not text.endswith(_NEW_FILE) or text.startswith(("/", "~")) or set("*?[]\\!#") & set(text):
        return None
    parts = text.split("/")
    if any(part in {"", ".", ".."} or part.startswith(".git") for part in parts):
        return None
    folder = posixpath.dirname(text)
    if not folder:
        return text if mention.made and mention.quoted else None
    while folder and folder not in corpus.folders:
        folder = posixpath.dirname(folder)
    return text if folder or mention.quoted else None
