"""How the words, strings and comments of a language look, found by the name of a file.

Only as much as is needed to see where a statement ends and what belongs between two brackets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ropewalk.merging.resolve.versions import PATTERN

CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}
_TRIPLE = rb"[rRbBuUfF]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?''')"
_DOUBLE = rb"[rRbBuUfF]{0,2}\"(?:[^\"\\\n]|\\.)*\""
_SINGLE = rb"[rRbBuUfF]{0,2}'(?:[^'\\\n]|\\.)*'"
_BACKTICK = rb"`(?:[^`\\]|\\.)*`"
_HASH = rb"#[^\n]*"
_SLASHES = rb"//[^\n]*|/\*.*?\*/"
_LONG_VERSION = rb"\d+(?:\.\w+){2,}"
_WORD = rb"[\w\x80-\xff]+"
_SIGN = rb"\*\*=?|//=?|->|=>|:=|::|[=!<>]=|[-+*/%&|^]=|&&|\|\||\.\.\.|[^\s]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How the text of a kind of file falls into statements and tokens.

    Attributes:
        token: What a token can be.
        scan: Brackets and line ends, and whatever can hide one.
        comments: What a comment begins with.
        joins: The brackets in which a line end is white space.
        closes: Those that close them.
        prose: A paragraph is one line.
        lists: Indented lines below a key are its values.
        sorted: Lines may stand in the order of the alphabet.
        commas: Every line but the last between two brackets ends in one.
    """

    token: re.Pattern[bytes]
    scan: re.Pattern[bytes]
    comments: tuple[bytes, ...]
    joins: frozenset[bytes]
    closes: frozenset[bytes]
    prose: bool = False
    lists: bool = False
    commas: bool = False
    sorted: bool = False

    def is_comment(self, text: bytes) -> bool:
        """Tell whether a token is a comment."""
        return text.startswith(self.comments)


def language_of(path: str, lines: Sequence[bytes] = ()) -> Language | None:
    """Return the language of a file, or None where its text has no known structure.

    Args:
        path: The file: its name says most.
        lines: Some of it: tells a list of requirements from prose.
    """
    name = PurePosixPath(path)
    if name.suffix not in _MAY_BE_PROSE:
        return _BY_SUFFIX.get(name.suffix.lower())
    if name.name.startswith(".") or name.name.lower() in _OF_LINES:
        return _LINES
    said = [line for line in lines if line.strip() and not line.startswith(b"#")]
    is_list = bool(said) and all(map(_REQUIREMENT.fullmatch, said))
    return _SETTINGS if is_list else _PROSE


def _language(
    *opaque: bytes, comments: tuple[bytes, ...], joins: bytes, **traits: bool
) -> Language:
    opening = frozenset(joins[at : at + 1] for at in range(len(joins)))
    return Language(
        token=re.compile(b"|".join((*opaque, _LONG_VERSION, _WORD, _SIGN)), re.DOTALL),
        scan=re.compile(b"|".join((*opaque, rb"\\\r?\n|[][(){}]|\n")), re.DOTALL),
        comments=comments,
        joins=opening,
        closes=frozenset(CLOSING[sign] for sign in opening),
        **traits,
    )


PYTHON = _language(_TRIPLE, _DOUBLE, _SINGLE, _HASH, comments=(b"#",), joins=b"([{")
_BRACES = _language(_DOUBLE, _SINGLE, _BACKTICK, _SLASHES, comments=(b"//", b"/*"), joins=b"([")
_RUST = _language(_DOUBLE, _SLASHES, comments=(b"//", b"/*"), joins=b"([")
_HASHED = _language(_DOUBLE, _SINGLE, _HASH, comments=(b"#",), joins=b"([")
_JSON = _language(_DOUBLE, _SLASHES, comments=(b"//", b"/*"), joins=b"([{", commas=True)
_SETTINGS = _language(_HASH, PATTERN, comments=(b"#",), joins=b"", lists=True, sorted=True)
_LINES = _language(_HASH, PATTERN, comments=(b"#",), joins=b"", sorted=True)
_PROSE = _language(rb"`+", PATTERN, comments=(), joins=b"", prose=True)
_MAY_BE_PROSE = frozenset(("", ".txt"))
_OF_LINES = frozenset(
    ("makefile", "dockerfile", "gemfile", "rakefile", "procfile", "jenkinsfile", "codeowners")
)
_REQUIREMENT = re.compile(rb"(?:-\w+ \S+|[\w.-]+(?:\[.*\])?(?:\s*[<>=~!;@].*)?)\s*", re.DOTALL)
_BY_SUFFIX = {
    **dict.fromkeys((".py", ".pyi", ".pyx", ".pxd"), PYTHON),
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".hpp", ".cxx", ".java", ".kt", ".cs"), _BRACES),
    **dict.fromkeys((".scala", ".swift", ".dart", ".go", ".php", ".css", ".scss"), _BRACES),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx"), _BRACES),
    ".rs": _RUST,
    **dict.fromkeys((".sh", ".bash", ".rb", ".pl", ".r", ".toml", ".tf", ".ex", ".exs"), _HASHED),
    **dict.fromkeys((".json", ".jsonc", ".json5"), _JSON),
    **dict.fromkeys((".cfg", ".ini", ".in", ".conf", ".properties", ".yaml", ".yml"), _SETTINGS),
    **dict.fromkeys((".rst", ".md", ".adoc"), _PROSE),
}
