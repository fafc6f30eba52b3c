"""What a program complains about in plain words, and what the words of its provider mean.

Words of OpenAI's protocol and of those who speak it: there, a quota that is used up is a matter of
the account, and asking again does not help.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ropewalk.agents.base import MAX_TEXT, Finish
from ropewalk.agents.troubles import judge_words
from ropewalk.model.result import Outcome

_BY_WORDS: Final = (
    (Outcome.AUTH, re.compile(r"billing|insufficient_quota|no auth type", re.IGNORECASE)),
    (Outcome.LIMIT, re.compile(r"max_output_tokens")),
    (Outcome.RATE_LIMITED, re.compile(r"usage limit", re.IGNORECASE)),
)
_UNEXPLAINED: Final = frozenset((Outcome.CRASHED, Outcome.ERROR, Outcome.AUTH, Outcome.LIMIT))


def judge_openai_words(text: str) -> Outcome | None:
    """Return what the message of an error means, None where it says nothing more."""
    found = (outcome for outcome, words in _BY_WORDS if words.search(text))
    return next(found, None) or judge_words(text)


def with_complaint(finish: Finish, tail: Sequence[str]) -> Finish:
    """Return the end of an attempt; where nothing explains it, the last plain line does.

    Args:
        finish: how the attempt ended.
        tail: the last lines that the program printed.
    """
    if finish.summary or finish.outcome not in _UNEXPLAINED:
        return finish
    plain = (line.strip() for line in reversed(tail) if not _is_event(line))
    return replace(finish, summary=next((line for line in plain if line), "")[:MAX_TEXT])


def _is_event(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
