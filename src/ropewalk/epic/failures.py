"""Whether two failing checks fail in the same way, so that asking again would be in vain."""

import re

from ropewalk.epic.mend_parts import end_of_log
from ropewalk.model.result import CheckRun

# What differs between two runs of the same program that do the same.
_CHANGING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]?(?:\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?"), "DATE"),
    (re.compile(r"\b\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?\b"), "TIME"),
    (re.compile(r"\b\d+(?:[.,]\d+)? ?(?:ns|us|µs|ms|s|sec|secs|seconds|min|minutes)\b"), "SPAN"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "ADDRESS"),
    (re.compile(r"/_check-\d+\b"), "/_check"),
    (re.compile(r"(?:/private)?/(?:var/folders|tmp)/\S+"), "TEMPORARY"),
    (re.compile(r"\b(?:pid|PID)[ =:]*\d+\b"), "PID"),
)


def is_same_failure(one: CheckRun, other: CheckRun) -> bool:
    """Whether the same command ended in the same way and printed the same, times aside."""
    if (one.command, one.exit_code) != (other.command, other.exit_code):
        return False
    return plain_output(end_of_log(one.log)) == plain_output(end_of_log(other.log))


def plain_output(text: str) -> str:
    """Return what a check printed without what differs from one run to the next."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return " ".join(text.split())
