"""What a resolution did and what it left out, in words for a person. Pure."""

import re
from collections.abc import Iterable

from ropewalk.merging.resolve.values import FileCandidate

_WAYS = {
    "ours": "as the train has it",
    "theirs": "as {domain} has it",
    "base": "as it was before both",
    "nothing": "taken out",
    "ours_then_theirs": "both kept, the train's first",
    "theirs_then_ours": "both kept, {domain}'s first",
    "ours_then_theirs_once": "both kept, each line once, the train's first",
    "theirs_then_ours_once": "both kept, each line once, {domain}'s first",
    "union": "the lines of both, each once",
    "both_sides_by_lines": "both changes, put together line by line",
    "both_sides_by_similar_lines": "both changes, put together line by line",
    "both_sides_by_tokens_of_similar_lines": "both changes, put together word by word",
    "both_sides_by_tokens": "both changes, put together word by word",
    "both_sides_by_words": "both changes, put together word by word",
    "both_sides_by_words_but_last_commas": "both changes, put together word by word",
    "woven": "the entries of both, put together",
    "imports": "the imports of both, put together",
    "members": "the definitions of both, put together",
    "sections": "the sections of both, put together",
    "rerere": "as a person resolved it before",
}
_ENDS = {
    "_ours_first": ", the train's first",
    "_theirs_first": ", {domain}'s first",
    "_ours": ", and where they clash, as the train has it",
    "_theirs": ", and where they clash, as {domain} has it",
    "_redone": ", the change of one made again in the other",
    "_replayed": ", the change of one made again in the other",
}
_NAMES = {"ours": "the train's", "theirs": "{domain}'s"}
_ELSE = ", and where they clash, "
_DRIVER = "driver "
_SIDE = re.compile(r"^(ours|theirs): ")
_AS_SIDE = re.compile(r", as (ours|theirs) has it$")
_SIDE_REMOVED = re.compile(r": (ours|theirs) removed what it was made from$")


def describe(path: str, candidate: FileCandidate, *, domain: str) -> str:
    """Return one sentence about how a file was resolved, region by region."""
    ways = _each_once(_said(method, domain) for method in candidate.methods)
    return f"{path}: {'; '.join(ways)}"


def left_out(path: str, sentence: str, *, domain: str) -> str:
    """Return what was left out of a file with the names of the sides."""
    names = {"ours": "the train", "theirs": domain}
    named = _SIDE.sub(lambda found: f"of {names[found[1]]}: ", sentence)
    named = _AS_SIDE.sub(lambda found: f", as {names[found[1]]} has it", named)
    named = _SIDE_REMOVED.sub(
        lambda found: f": {names[found[1]]} removed what it was made from", named
    )
    return f"{path}, {named}"


def _said(method: str, domain: str) -> str:
    if method.startswith(_DRIVER):
        return f"by the merge driver '{method.removeprefix(_DRIVER)}'"
    manner, _else, rest = method.partition("_else_")
    parts = [_way(part, domain) for part in (manner, rest) if part]
    return _ELSE.join(parts)


def _way(name: str, domain: str) -> str:
    if name in _WAYS:
        return _WAYS[name].format(domain=domain)
    for end, words in _ENDS.items():
        if name.endswith(end):
            return f"{_way(name.removesuffix(end), domain)}{words.format(domain=domain)}"
    plain = " ".join(_NAMES.get(word, word) for word in name.split("_"))
    return plain.format(domain=domain)


def _each_once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
