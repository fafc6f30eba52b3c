"""Reads an epic: its title, its sections, and the files, folders and names it speaks of.

Markdown as people write it. A heading (`## Backend`) or a bullet (`- frontend: …`) that names a
domain gives its text to that domain; a heading such as `Out of scope`, or a sentence that says to
leave something alone, takes what it names out of the plan.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ropewalk.planner.words import stems

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_BULLET = re.compile(
    r"^(\s*)(?:[-*+]|\d{1,2}[.)])\s+(?:\*\*|__|`)?([\w][\w /&.-]{0,40}?)"
    r"(?::(?:\*\*|__|`)|(?:\*\*|__|`)?\s*(?::|\s[—–-]\s))\s*(.*)$"
)
_OUT_OF_SCOPE = re.compile(
    r"\b(?:out of scope|not in scope|non-?goals?|not (?:now|included|part)|later|future work)\b",
    re.IGNORECASE,
)
_LEAVE_ALONE = re.compile(
    r"\b(?:(?:do(?:es)?|must|should|will|shall|is|are)(?: not|n't)|never|without|no need to)\b"
    r"[\s\S]{0,60}?\b(?:touch|chang|modif|alter|edit|rewrit|affect)"
    r"|\bleave\b[\s\S]{0,80}?\b(?:alone|untouched|unchanged|as (?:it is|they are|is))\b"
    r"|\b(?:stays?|remains?|is|are)\b\s(?:as (?:it is|they are|is)|unchanged|untouched)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?])\s+(?=[A-Z`*\"(])|(?<=;)\s+|\n{2,}|\n(?=\s*(?:[-*+]|\d+[.)])\s)"
    r"|,?\s+but\s+(?=(?:do|does|must|never|leave|not|without|should)\b)"
    r"|,?\s+(?=without\s+(?:touch|chang|modif|alter|edit))"
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_QUOTED = re.compile(r"`([^`\n]{1,200})`")
_PATH = re.compile(
    r"(?<![\w/.@-])(?:\.{0,2}/)?(?:[\w.@*\[\]+-]+/)+[\w.@*\[\]+-]*"
    r"|(?<![\w/.@-])[\w*-][\w.*-]*\.[A-Za-z]\w{0,9}\b"
)
_FILE = re.compile(r"(?:[\w.@*-]+/)+(?:[\w@*-]+\.\w+|(?=\W|$))|\b[\w-]+\.[a-z]{2,4}\b")
_NAME = re.compile(
    r"(?<![\w.`/-])(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z]+(?:_[A-Za-z0-9]+)+"
    r"|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z]{2,}[a-z][A-Za-z]+)(?![\w/-])"
)
_MAKES_NEW = re.compile(
    r"\b(?:new|add|adds|create|creates|introduce|introduces|write)\b[^.]{0,80}$", re.IGNORECASE
)
# What stands after these words is an example or is merely used.
_USES = (
    r"\b(?:rais(?:es?|ed|ing)|reports?|reported|throws?|thrown|catch(?:es)?|like|such as|as in|see"
    r"|than|similar to|same as|unlike|existing|already in|already has)\s+"
    r"(?:an?\s+|the\s+)?[(`]*"
)
_MERELY_USED = re.compile(rf"{_USES}$", re.IGNORECASE)
_USE = re.compile(rf"{_USES}(?:(?<=`)[^`]+|[\w-]*[./_][\w./-]+|[A-Z]\w*[a-z][A-Z]\w+)")
_TITLE_PREFIX = re.compile(
    r"^(?:epic|feature|story|task|rfc)\s*:?\s+(?:[\w-]+\s*:\s*)?", re.IGNORECASE
)
_TITLE_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A file, folder, pattern or name that the epic speaks of.

    `quoted`: it stood between backticks. `made`: the words before it say that it is to be created.
    `used`: they say that it is an example or is only used.
    """

    text: str
    quoted: bool = False
    made: bool = False
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A sentence or line of the epic; `domain` when it stands in a section that names one."""

    text: str
    domain: str | None = None
    excluded: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The stems of what the passage says, without paths and what it only uses."""
        return stems(_FILE.sub(" ", _USE.sub(" ", _URL.sub(" ", self.text))))

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """What the passage names, in order, each once."""
        return tuple(dict.fromkeys(_find_mentions(self.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicText:
    """An epic that was read; `passages` without the title."""

    title: str
    passages: tuple[Passage, ...]

    @property
    def title_words(self) -> tuple[str, ...]:
        """The stems of the title, without the files it names."""
        return Passage(text=self.title).words

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that sections of the epic name, in order."""
        return tuple(dict.fromkeys(p.domain for p in self.passages if p.domain))


@dataclass(slots=True)
class _Place:
    """Where the reader of lines is: the section it is in, and how deep that one is."""

    domain: str | None = None
    excluded: bool = False
    level: int = 0
    bullet: str | None = None
    indent: int = 0


def read_epic(text: str, *, name_domain: Callable[[str], str | None]) -> EpicText:
    """Read an epic.

    Args:
        text: the epic, markdown or a sentence.
        name_domain: says which domain a heading or bullet label names; None: it is just text.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    title, rest = _take_title(lines)
    passages: list[Passage] = []
    for block, domain, excluded in _blocks(rest, name_domain):
        for sentence in _SENTENCE_END.split(block):
            if sentence.strip():
                alone = bool(_LEAVE_ALONE.search(sentence))
                passages.append(
                    Passage(text=sentence.strip(), domain=domain, excluded=excluded or alone)
                )
    return EpicText(title=title, passages=tuple(passages))


def _take_title(lines: list[str]) -> tuple[str, list[str]]:
    """Return the first heading or sentence, and the lines that follow; a sentence stays in them."""
    for number, line in enumerate(lines):
        if not line.strip() or line.strip() == "---":
            continue
        if match := _HEADING.match(line):
            return _clean_title(match[2]), lines[number + 1 :]
        first = _SENTENCE_END.split(line.strip())[0]
        return _clean_title(first.strip("*_# ").rstrip(".")), lines[number:]
    return "", []


def _clean_title(text: str) -> str:
    plain = _TITLE_PREFIX.sub("", text.strip()) or text.strip()
    return plain.replace("`", "")[:_TITLE_MAX]


def _blocks(
    lines: list[str], name_domain: Callable[[str], str | None]
) -> Iterator[tuple[str, str | None, bool]]:
    """Yield runs of lines that belong to the same section, with its domain."""
    place = _Place()
    gathered: list[str] = []
    state: tuple[str | None, bool] = (None, False)
    fenced = False
    for line in lines:
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        content = line if fenced else _enter(line, place, name_domain)
        now = (place.bullet or place.domain, place.excluded)
        if now != state and gathered:
            yield "\n".join(gathered), *state
            gathered = []
        state = now
        gathered.append(content)
    yield "\n".join(gathered), *state


def _enter(line: str, place: _Place, name_domain: Callable[[str], str | None]) -> str:
    """Follow one line into the section it opens; return what of it is text."""
    if heading := _HEADING.match(line):
        place.bullet = None
        level = len(heading[1])
        if level <= place.level or not (place.domain or place.excluded):
            place.domain = name_domain(heading[2])
            place.excluded = bool(_OUT_OF_SCOPE.search(heading[2]))
            place.level = level
        return "" if place.domain or place.excluded else f"{heading[2]}\n"
    indent = len(line) - len(line.lstrip())
    if place.bullet and line.strip() and indent <= place.indent:
        place.bullet = None
    if (bullet := _BULLET.match(line)) and (named := name_domain(bullet[2])):
        place.bullet, place.indent = named, indent
        return bullet[3]
    return line


def _find_mentions(text: str) -> Iterator[Mention]:
    plain = _URL.sub(" ", text)
    for match in _QUOTED.finditer(plain):
        words = match[1].split()
        for word in words if len(words) <= 3 else ():  # noqa: PLR2004 - longer ones are code
            yield _mention(_bare(word), plain[: match.start()], quoted=True)
    without = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), plain)
    for match in (*_PATH.finditer(without), *_NAME.finditer(without)):
        yield _mention(_bare(match[0]), plain[: match.start()], quoted=False)


def _mention(text: str, before: str, *, quoted: bool) -> Mention:
    return Mention(
        text=text,
        quoted=quoted,
        made=bool(_MAKES_NEW.search(before)),
        used=bool(_MERELY_USED.search(before)),
    )


def _bare(word: str) -> str:
    return re.sub(r"\(.*$", "", word).strip("\"',;:!?()").removeprefix("./").rstrip(".")
