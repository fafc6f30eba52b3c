"""What an agent is told about its kind of work: one page of Markdown per kind of domain.

The repository's own ``briefings/<name>.md`` come before the shipped ones of the same name. A
briefing is chosen by name, then by the domain's name, then by what kind of files it has. Variables
in it are filled in when a prompt is built (`agents/template.py`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Final

from ropewalk.agents.template import require_known
from ropewalk.errors import InvalidInput
from ropewalk.model.plan import Domain
from ropewalk.store.files import Refusal, read_untrusted, safe_text

MAX_BRIEFING_BYTES: Final = 64 * 1024
DEFAULT: Final = "default"
# In the order in which a tie is decided.
_KINDS: Final = ("database", "tests", "docs", "frontend", "backend")
_FOLDERS: Final = {
    "database": frozenset(("migrations", "migration", "sql", "models", "schema", "db", "database")),
    "tests": frozenset(("test", "tests", "spec", "specs", "__tests__", "e2e")),
    "docs": frozenset(("doc", "docs", "documentation")),
    "frontend": frozenset(
        ("web", "ui", "frontend", "components", "pages", "static", "templates", "public")
    ),
}
_SUFFIXES: Final = {
    "database": frozenset((".sql", ".prisma")),
    "docs": frozenset((".md", ".rst", ".adoc")),
    "frontend": frozenset((".tsx", ".jsx", ".vue", ".svelte", ".css", ".scss", ".html")),
    "backend": frozenset(
        (
            *(".py", ".go", ".rs", ".java", ".kt", ".scala", ".rb", ".php", ".cs", ".ts", ".js"),
            *(".c", ".h", ".cc", ".cpp", ".hpp", ".swift", ".ex", ".exs", ".clj", ".sh"),
        )
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """A page for agents, and the name it goes by."""

    name: str
    text: str


def choose_briefing(domain: Domain, briefings: Path | None) -> Briefing:
    """Return the briefing for a domain.

    Args:
        domain: the domain; its ``briefing`` decides when it is set.
        briefings: the repository's own folder of briefings, None or missing when it has none.

    Raises:
        InvalidInput: there is no briefing of the name that the plan gives, or the repository's file
            is a link, is too large, cannot be read, or holds a variable that does not exist.
    """
    known = list_briefings(briefings)
    if domain.briefing is not None:
        if domain.briefing not in known:
            raise InvalidInput(
                f"domain '{domain.name}' wants the briefing '{domain.briefing}', "
                "which does not exist",
                hint=f"briefings are {', '.join(known)}; or write briefings/{domain.briefing}.md",
            )
        return _load(domain.briefing, briefings)
    candidates = (domain.name, kind_of_files((*domain.paths, *domain.files, *domain.new_files)))
    chosen = next((name for name in candidates if name in known), DEFAULT)
    return _load(chosen, briefings)


def list_briefings(briefings: Path | None) -> tuple[str, ...]:
    """Return the names of all briefings that can be chosen, sorted."""
    own = () if briefings is None else (path.name for path in briefings.glob("*.md"))
    shipped = (entry.name for entry in _shipped().iterdir() if entry.name.endswith(".md"))
    return tuple(sorted({name.removesuffix(".md") for name in (*own, *shipped)}))


def kind_of_files(paths: Iterable[str]) -> str:
    """Return the kind that most of the paths or patterns belong to, ``default`` for none of all."""
    votes = Counter(filter(None, map(_kind_of_file, paths)))
    most = max(votes.values(), default=0)
    return next((kind for kind in _KINDS if most and votes[kind] == most), DEFAULT)


def _kind_of_file(path: str) -> str | None:
    pure = PurePosixPath(path)
    folders = {part.casefold() for part in pure.parts}
    stem = pure.name.casefold()
    suffix = pure.suffix.casefold()
    if folders & _FOLDERS["tests"] or stem.startswith("test_") or ".test." in stem:
        return "tests"
    if suffix in _SUFFIXES["database"] or folders & _FOLDERS["database"]:
        return "database"
    if suffix in _SUFFIXES["docs"] or folders & _FOLDERS["docs"]:
        return "docs"
    if suffix in _SUFFIXES["frontend"] or folders & _FOLDERS["frontend"]:
        return "frontend"
    return "backend" if suffix in _SUFFIXES["backend"] else None


def _load(name: str, briefings: Path | None) -> Briefing:
    file_name = f"{name}.md"
    if briefings is not None and (briefings / file_name).exists():
        content = read_untrusted(briefings.resolve(), file_name, MAX_BRIEFING_BYTES)
        if isinstance(content, Refusal):
            raise InvalidInput(
                f"the briefing {briefings / file_name} cannot be used: "
                f"{content.reason.replace('_', ' ')}",
                hint=f"make it a plain file of at most {MAX_BRIEFING_BYTES // 1024} KiB",
            )
        text = safe_text(content.decode("utf-8", errors="replace"))
        require_known(text, place=f"{briefings.name}/{file_name}")
    else:
        text = safe_text((_shipped() / file_name).read_text(encoding="utf-8"))
    return Briefing(name=name, text=text.strip() + "\n")


def _shipped() -> Traversable:
    return resources.files("ropewalk.agents") / "briefings"
