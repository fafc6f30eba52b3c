"""Names that become refs, folders and files: refused when they do not fit, never rewritten.

One name must mean the same on every file system and to every git: lower case, no separators, no
words that git or Windows keep for themselves.
"""

import re
import unicodedata

from ropewalk.errors import InvalidInput

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_CONFIG_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_NAME_RULE = (
    "use 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit"
)
_LONGEST_SHOWN = 80
_WINDOWS = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
_GIT_WORDS = frozenset(
    (
        *("head", "fetch_head", "orig_head", "merge_head", "rebase_head", "revert_head"),
        *("cherry_pick_head", "bisect_head", "auto_merge", "stash"),
    )
)
# Their result files would have the names of the phases' own documents.
_PHASES = frozenset(("phase1_parallel", "phase1c_merge", "phase2_validation", "phase3_postmortem"))
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
# Characters that some file systems drop: they would make one name of two.
_IGNORED = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def check_epic_id(text: str) -> str:
    """Return ``text`` when it can be the id of an epic.

    Raises:
        InvalidInput: it cannot; the message says why.
    """
    return _check_name(text, "epic id")


def check_domain_name(text: str) -> str:
    """Return ``text`` when it can be the name of a domain.

    Raises:
        InvalidInput: it cannot; the message says why.
    """
    _check_name(text, "domain name")
    if text in _PHASES:
        raise _bad_name(text, "domain name", "is the name of a document of ropewalk")
    return text


def check_briefing_name(text: str) -> str:
    """Return ``text`` when it can be the name of a briefing, which is a file name.

    Raises:
        InvalidInput: it cannot; the message says why.
    """
    return _check_name(text, "briefing name")


def check_agent_name(text: str) -> str:
    """Return ``text`` when it can be the name of an agent in the configuration.

    Raises:
        InvalidInput: it cannot.
    """
    if not _CONFIG_NAME.fullmatch(text) or ".." in text:
        raise InvalidInput(
            f"agent name {show(text)} is not usable",
            hint="use 1 to 64 letters, digits, '.', '_' and '-'",
            code="invalid_name",
        )
    return text


def check_pattern(text: str) -> str:
    """Return ``text`` when it can be a gitignore-style pattern of files in the repository.

    Raises:
        InvalidInput: it is empty, absolute, leaves the repository, or names git's own files.
    """
    body = text.removeprefix("!")
    parts = body.split("/")
    if not body.strip():
        raise _bad_pattern(text, "is empty", "name a file or a pattern such as 'src/**'")
    if body.startswith(("/", "~/")) or _DRIVE.match(body):
        raise _bad_pattern(text, "is absolute", "name files relative to the repository")
    if ".." in parts:
        raise _bad_pattern(text, "leaves the repository", "name files relative to the repository")
    if "." in parts:
        raise _bad_pattern(text, "holds a '.' component", "leave out './'")
    if any(_is_git_folder(part) for part in parts):
        raise _bad_pattern(text, "is inside git's own folder", "name files of the project only")
    return text


def fold_name(text: str) -> str:
    """Return what two names share when some file system takes them for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def show(text: str) -> str:
    """Quote ``text`` for a message: one line, nothing in it that acts, not too long."""
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return repr(cut)


def _check_name(text: str, what: str) -> str:
    if not _NAME.fullmatch(text):
        problem = "is empty" if not text else "is not usable"
        raise _bad_name(text, what, problem, hint=_NAME_RULE)
    if ".." in text:
        raise _bad_name(text, what, "holds '..', which git does not take")
    if text.endswith(".lock"):
        raise _bad_name(text, what, "ends in '.lock', which git does not take")
    if text in _GIT_WORDS:
        raise _bad_name(text, what, "is a word of git")
    if text.split(".", maxsplit=1)[0] in _WINDOWS:
        raise _bad_name(text, what, "is a device on Windows")
    return text


def _bad_name(
    text: str, what: str, problem: str, *, hint: str = "choose another name"
) -> InvalidInput:
    return InvalidInput(f"{what} {show(text)} {problem}", hint=hint, code="invalid_name")


def _bad_pattern(text: str, problem: str, hint: str) -> InvalidInput:
    return InvalidInput(f"file {show(text)} {problem}", hint=hint, code="invalid_path")


def _is_git_folder(part: str) -> bool:
    plain = _IGNORED.sub("", unicodedata.normalize("NFKC", part)).casefold().rstrip(". ")
    return plain == ".git" or bool(re.fullmatch(r"git~\d+", plain)) or plain.startswith(".git:")
