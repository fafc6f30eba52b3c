"""Variables in briefings: `{{ domain }}` and the like, filled in when a prompt is built.

A text without `{{` is never touched. Only variables mean something: there are no conditions, loops
or comments. A variable that does not exist is an error before anything starts. What comes out is
bounded.
"""

from collections.abc import Mapping
from typing import Final

from minijinja import Environment, TemplateError

from ropewalk.errors import InvalidInput

VARIABLES: Final = ("domain", "epic", "files", "checks", "neighbours", "base")
MAX_FILLED: Final = 256 * 1024
_OPEN: Final = "{{"
_PLAIN: Final = "{{ '{{' }}"
# Nobody writes these: what is a block or a comment to the engine stays plain text.
_NEVER: Final = "\x00\x01"
_FUEL: Final = 100_000


def require_known(text: str, *, place: str) -> None:
    """Raise unless a text can be filled in.

    Args:
        text: of a briefing.
        place: the file, for people.

    Raises:
        InvalidInput: a variable does not exist, or something is open; names file and line.
    """
    fill(text, dict.fromkeys(VARIABLES, ""), place=place)


def fill(text: str, values: Mapping[str, str], *, place: str) -> str:
    """Return the text with its variables filled in; the values are taken as they are.

    Raises:
        InvalidInput: as for `require_known`, or what comes out is too long.
    """
    if _OPEN not in text:
        return text
    try:
        filled: str = _engine().render_str(text, **values)
    except TemplateError as error:
        what = " ".join(str(error.message).split())
        raise InvalidInput(
            f"{place}:{error.line}: {what.split(' (in <string>')[0]}",
            hint=f"variables are {', '.join(VARIABLES)}; write {_PLAIN} for two plain braces",
        ) from error
    if len(filled) > MAX_FILLED:
        raise InvalidInput(f"{place} is longer than {MAX_FILLED // 1024} KiB when it is filled in")
    return filled


def _engine() -> Environment:
    engine = Environment()
    engine.undefined_behavior = "strict"
    engine.keep_trailing_newline = True
    engine.fuel = _FUEL
    engine.auto_escape_callback = _escape_nothing
    engine.block_start_string, engine.block_end_string = f"{_NEVER}b", f"{_NEVER}e"
    engine.comment_start_string, engine.comment_end_string = f"{_NEVER}c", f"{_NEVER}d"
    return engine


def _escape_nothing(_name: str) -> bool:
    return False
