"""Names that stand in a file once: definitions, keys of objects, locked packages. Pure.

A merge can bring a second one in without a conflict, and what reads the file then takes one of them
silently.
"""

import ast
import json
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from ropewalk.merging.resolve.parse import python_tree

# Lock files whose name does not say what they are written in.
_WRITTEN_IN = {
    **dict.fromkeys(("Cargo.lock", "poetry.lock", "uv.lock", "pdm.lock"), ".toml"),
    **dict.fromkeys(("Pipfile.lock", "composer.lock", "flake.lock"), ".json"),
}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Lines = Mapping[str, tuple[int, ...]]


def kind_of(path: str) -> str:
    """Return the ending that says how a file is written."""
    pure = PurePosixPath(path)
    return _WRITTEN_IN.get(pure.name, pure.suffix.lower())


def named_in(kind: str, content: bytes) -> Lines:
    """Return each name that should stand once, described, with the lines where it stands.

    A line is 0 where it is not known. Nothing for a kind that is not known or does not parse.
    """
    read = _READERS.get(kind)
    found: defaultdict[str, list[int]] = defaultdict(list)
    if read is not None:
        try:
            for name, line in read(content):
                found[name].append(line)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
    return {name: tuple(lines) for name, lines in found.items()}


def _python(content: bytes) -> Iterator[tuple[str, int]]:
    defined = [node for node in python_tree(content).body if isinstance(node, _DEFINITIONS)]
    decorated = {node.name for node in defined if node.decorator_list}
    for node in defined:
        if node.name not in decorated:
            yield f"'{node.name}' is defined", node.lineno


def _json(content: bytes) -> Iterator[tuple[str, int]]:
    found: list[str] = []

    def take(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _value in pairs]
        found.extend(f"the key '{key}' is" for key in set(keys) if keys.count(key) > 1)
        return dict(pairs)

    json.loads(content, object_pairs_hook=take)
    for text in sorted(found):
        yield from ((text, 0), (text, 0))


def _toml(content: bytes) -> Iterator[tuple[str, int]]:
    packages = tomllib.loads(content.decode("utf-8")).get("package", [])
    for one in packages if isinstance(packages, list) else []:
        if isinstance(one, dict) and {"name", "version"} <= one.keys():
            source = f" from {one['source']}" if "source" in one else ""
            yield f"the package {one['name']} {one['version']}{source} is locked", 0


_READERS: Mapping[str, Callable[[bytes], Iterator[tuple[str, int]]]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": _json,
    ".toml": _toml,
}
