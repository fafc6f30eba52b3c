"""What a Python file defines, imports and calls; read from its text, nothing is run. Pure."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ropewalk.merging.resolve.parse import python_tree

_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WHOLE: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A name taken from a module: ``name`` is None where the module itself is imported.

    ``is_certain``: it happens whenever the file is imported, and nothing catches its failure.
    """

    module: tuple[str, ...]
    name: str | None
    line: int
    is_certain: bool

    @property
    def key(self) -> tuple[tuple[str, ...], str | None]:
        """What is imported, wherever it stands."""
        return self.module, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFile:
    """A file: names at its top by line, signatures of its functions, imports, lines of calls.

    ``is_open``: names may come from elsewhere, so that none can be said to be missing.
    """

    defined: dict[str, int]
    signatures: dict[str, str]
    imports: tuple[Import, ...]
    calls: dict[str, tuple[int, ...]]
    is_open: bool


def read_python(path: str, source: bytes) -> PythonFile | None:
    """Return what a file holds; None where it does not parse."""
    try:
        tree = python_tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    calls: dict[str, tuple[int, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls[node.func.id] = (*calls.get(node.func.id, ()), node.lineno)
    defined = dict(_defined(tree.body))
    return PythonFile(
        defined=defined,
        signatures={n.name: ast.dump(n.args) for n in tree.body if isinstance(n, _FUNCTIONS)},
        imports=tuple(_imports(path, tree)),
        calls=calls,
        is_open="*" in defined or "__getattr__" in defined,
    )


def module_of(path: str) -> tuple[str, ...]:
    """Return the parts of the longest name that the module in a file can have."""
    pure = PurePosixPath(path).with_suffix("")
    return pure.parent.parts if pure.name == "__init__" else pure.parts


def _defined(body: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """Yield the names that the statements at the top of a file bind, also in branches."""
    for node in body:
        if isinstance(node, _NAMED):
            yield node.name, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0], node.lineno
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id, node.lineno
        else:
            yield from _defined(ast.iter_child_nodes(node))


def _imports(path: str, tree: ast.Module) -> Iterator[Import]:
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            taken = [(tuple(alias.name.split(".")), _WHOLE) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            taken = [(module, alias.name) for alias in node.names] if module else []
        else:
            continue
        for module, name in taken:
            yield Import(module=module, name=name, line=node.lineno, is_certain=id(node) in top)


def _absolute(path: str, node: ast.ImportFrom) -> tuple[str, ...] | None:
    """Return the module of a ``from`` import; None where it leaves the repository."""
    named = tuple(node.module.split(".")) if node.module else ()
    if node.level == 0:
        return named
    folder = PurePosixPath(path).parent.parts
    kept = len(folder) - (node.level - 1)
    return (*folder[:kept], *named) if kept >= 0 else None
