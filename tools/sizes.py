"""Holds the limits of size: lines of a module, lines of a function, depth of folders, README.

Prints one line per finding and exits 1 when there is one. Reads only; needs the standard library.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CODE = ("src", "tests", "tools", "benchmarks")
PACKAGE = Path("src/ropewalk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a thing may be, in lines and in folders."""

    module: int = 400
    function: int = 60
    depth: int = 2
    readme: int = 150


def find_too_large(root: Path, limits: Limits) -> Iterator[str]:
    """Yield one sentence for each file, function or folder below `root` that is over its limit."""
    for folder in CODE:
        for path in sorted((root / folder).rglob("*.py")):
            yield from _in_module(path, path.relative_to(root), limits)
    for path in sorted((root / PACKAGE).rglob("*.py")):
        depth = len(path.relative_to(root / PACKAGE).parent.parts)
        if depth > limits.depth:
            yield f"{path.relative_to(root)}: {depth} folders deep, at most {limits.depth}"
    readme = root / "README.md"
    if readme.exists() and (lines := _count_lines(readme)) > limits.readme:
        yield f"README.md: {lines} lines, at most {limits.readme}"


def _in_module(path: Path, name: Path, limits: Limits) -> Iterator[str]:
    if (lines := _count_lines(path)) > limits.module:
        yield f"{name}: {lines} lines, at most {limits.module}"
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > limits.function:
                where = f"{name}:{node.lineno}: {node.name}"
                yield f"{where}: {length} lines, at most {limits.function}"


def _count_lines(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def main() -> int:
    """Check the current directory."""
    findings = list(find_too_large(Path.cwd(), Limits()))
    for finding in findings:
        print(finding)
    print(f"sizes: {len(findings)} over the limit" if findings else "sizes: all within the limits")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
