"""Who imports whom inside one tree, for Python and for JavaScript and its relatives."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ropewalk.planner.sources import Facts, Import

_PYTHON = (".py", ".pyi")
_SCRIPT_ENDINGS = (
    *("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".css", ".scss"),
    *("/index.ts", "/index.tsx", "/index.js", "/index.jsx"),
)
# `import './x.js'` in TypeScript means the file x.ts.
_COMPILED = {".js": (".ts", ".tsx"), ".jsx": (".tsx",)}

ImportGraph = Mapping[str, frozenset[str]]


class Modules:
    """The Python modules of a tree by every dotted name that could mean them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            if path.endswith(_PYTHON):
                parts = module_parts(path)
                for first in range(len(parts)):
                    self._by_name[".".join(parts[first:])].append(path)

    def find(self, name: str, *, near: str = "") -> str | None:
        """Return the module called ``name``, or None; the one closest to the path ``near``."""
        found = self._by_name.get(name, ())
        return max(found, key=lambda path: (_shared(path, near), -len(path), path), default=None)


def module_parts(path: str) -> tuple[str, ...]:
    """Return the dotted name of a Python file as parts, seen from the top of the tree."""
    parts = posixpath.splitext(path)[0].split("/")
    return tuple(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(facts: Mapping[str, Facts]) -> ImportGraph:
    """Return for each file the files of the tree that it imports."""
    modules = Modules(facts)
    return {
        path: frozenset(_targets(path, found.imports, modules, facts)) - {path}
        for path, found in facts.items()
    }


def _targets(
    path: str, imports: Iterable[Import], modules: Modules, tree: Mapping[str, Facts]
) -> Iterator[str]:
    for one in imports:
        if path.endswith(_PYTHON):
            yield from _python_targets(path, one, modules)
        elif target := _script_target(path, one.module, tree):
            yield target


def _python_targets(path: str, one: Import, modules: Modules) -> Iterator[str]:
    """Yield submodules that are imported by name; the package itself only for its other names."""
    if one.level:
        folder = posixpath.dirname(path).split("/")
        base = folder[: len(folder) - one.level + 1]
        module = ".".join((*filter(None, base), *filter(None, (one.module,))))
    else:
        module = one.module
    package = modules.find(module, near=path) if module else None
    rest = False
    for name in one.names:
        submodule = modules.find(f"{module}.{name}" if module else name, near=path)
        if submodule is not None:
            yield submodule
        else:
            rest = True
    if package is not None and (rest or not one.names):
        yield package


def _script_target(path: str, written: str, tree: Mapping[str, Facts]) -> str | None:
    folder = posixpath.dirname(path)
    if written.startswith("."):
        starts = [posixpath.normpath(posixpath.join(folder, written))]
    elif written.startswith(("@/", "~/")):
        starts = [f"src/{written[2:]}", written[2:]]
    elif path.endswith((".html", ".htm")):
        starts = [posixpath.normpath(posixpath.join(folder, written.lstrip("/")))]
    else:
        return None
    for start in starts:
        stem, ending = posixpath.splitext(start)
        sources = [stem + other for other in _COMPILED.get(ending, ())]
        for candidate in (*(start + tail for tail in _SCRIPT_ENDINGS), *sources):
            if candidate in tree:
                return candidate
    return None


def _shared(path: str, near: str) -> int:
    """Count the leading folders that two paths share."""
    count = 0
    for one, other in zip(path.split("/"), near.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count
