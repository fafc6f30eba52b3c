"""The files that the demo brings along; each has ``.txt`` behind its own name."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

_SUFFIX: Final = ".txt"


def read_files(*folders: str) -> Mapping[str, str]:
    """Return the text of each file in a folder of the demo, by its path in the repository."""
    root = resources.files(__package__)
    for folder in folders:
        root /= folder
    return dict(_walk(root, ""))


def read_recording() -> Mapping[str, list[dict[str, object]]]:
    """Return the recorded turns of each domain; what they write is left out."""
    text = (resources.files(__package__) / "recording.json").read_text(encoding="utf-8")
    turns: dict[str, list[dict[str, object]]] = json.loads(text)
    return turns


def fill_in(text: str, *, pace_s: float) -> str:
    """Put this Python, as a shell has it, and the pace of the agents into a text."""
    return text.replace("@PYTHON@", shlex.quote(sys.executable)).replace("@PACE@", f"{pace_s:g}")


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            name = entry.name.removesuffix(_SUFFIX)
            yield f"{prefix}{name}", entry.read_text(encoding="utf-8")
