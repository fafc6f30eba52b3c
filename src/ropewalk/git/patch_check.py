"""Whether a patch from an agent touches nothing but some files and applies to them. Reads only.

A patch is text from outside: it is looked at line by line before git sees it, and git sees it in an
empty folder that holds copies of the files.
"""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ropewalk.git.command import run
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place

# Nothing but lines of a plain text file is to change.
_FORBIDDEN: Final = (
    *("rename ", "copy ", "old mode", "new mode", "similarity ", "deleted file"),
    *("GIT binary patch", "Binary files "),
)
_NEW_FILE: Final = re.compile(r"new file mode (?!100644$)")
_NAME: Final = re.compile(r"(?:---|\+\+\+) (?P<path>[^\t]*)(?:\t.*)?")
_HEADER: Final = re.compile(r"diff --git a/(?P<one>\S+) b/(?P<other>\S+)")


def why_not_applicable(place: Place, patch: str, files: Mapping[str, bytes], *, below: str) -> str:
    """Say why a patch cannot be proposed, empty where it can.

    Args:
        place: the repository.
        patch: a unified diff with paths from the top of the repository.
        files: the files that it may change, by path.
        below: the folder that it may make files in, without a slash at its end.
    """
    allowed = re.compile(rf"(?:[ab]/)?({re.escape(below)}/[A-Za-z0-9][A-Za-z0-9._-]*\.md)")
    touched = set()
    in_hunk = False
    for line in patch.splitlines():
        in_hunk = _goes_on(line, in_hunk=in_hunk)
        if in_hunk:
            continue
        if line.startswith(_FORBIDDEN) or _NEW_FILE.match(line):
            return f"it does more than change lines: {line[:80]}"
        for path in _paths(line):
            found = allowed.fullmatch(path)
            if found is None and path != "/dev/null":
                return f"it changes {path[:80]}, which is not in {below}/"
            touched |= {found[1]} if found else set()
    if not touched:
        return "it is no patch"
    return _try(place, patch, {path: files[path] for path in touched & files.keys()})


def _goes_on(line: str, *, in_hunk: bool) -> bool:
    """Whether a line belongs to the changes of a file, given that the line before did."""
    if line.startswith("@@"):
        return True
    # A line of a file that begins with two dashes looks like a header when it is removed: those
    # that could be either are taken for headers, so that no path goes unseen.
    return in_hunk and line[:1] in {" ", "+", "-", "\\", ""} and _NAME.fullmatch(line) is None


def _paths(line: str) -> tuple[str, ...]:
    header = _HEADER.fullmatch(line)
    if header is not None:
        return header["one"], header["other"]
    if line.startswith("diff "):
        return (line.removeprefix("diff "),)
    name = _NAME.fullmatch(line)
    return () if name is None else (name["path"],)


def _try(place: Place, patch: str, files: Mapping[str, bytes]) -> str:
    with tempfile.TemporaryDirectory(prefix="ropewalk-patch-") as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        context = own_context(place, work_tree=Path(folder))
        text = patch if patch.endswith("\n") else f"{patch}\n"
        stdin = text.encode("utf-8", errors="surrogateescape")
        output = run(context, "apply", "--check", "-", stdin=stdin, allowed=(0, 1, 128))
    return "" if output.code == 0 else "it does not apply to the briefings as they are"
