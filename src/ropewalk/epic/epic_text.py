"""What a person means by an epic on the command line: a file, standard input, or a sentence."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.errors import InvalidInput

EPIC_LIMIT = 1024 * 1024
NAME_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicText:
    """What is asked: the text, the id and title that its source suggests, and its file if any."""

    text: str
    epic_id: str | None = None
    title: str = ""
    file: Path | None = None


def read_epic(argument: str, *, stdin: str | None, cwd: Path) -> EpicText:
    """Return the epic that ``argument`` means: a file, ``-`` for standard input, or a sentence.

    Raises:
        InvalidInput: the file is not there or not text, or the argument is empty.
    """
    if argument == "-":
        return _titled(stdin or "", None)
    path = cwd / argument
    if len(argument) < NAME_LIMIT and "\n" not in argument and path.is_file():
        return replace(_titled(_read_text(path), _id_from(path.stem)), file=path.resolve())
    if not any(character.isspace() for character in argument.strip()):
        raise InvalidInput(
            f"there is no file '{argument}'",
            hint="give a markdown file, - for standard input, or a sentence in quotes with --id",
        )
    return _titled(argument, None)


def _read_text(path: Path) -> str:
    if path.stat().st_size > EPIC_LIMIT:
        raise InvalidInput(f"{path.name} is larger than 1 MiB", hint="shorten the epic")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path.name} is not UTF-8 text", hint="write the epic as plain text or markdown"
        ) from error


def _titled(text: str, epic_id: str | None) -> EpicText:
    first = next((line.strip("# \t") for line in text.splitlines() if line.strip("# \t")), "")
    return EpicText(text=text, epic_id=epic_id, title=first[:100])


def _id_from(stem: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")[:64]
