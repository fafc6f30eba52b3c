"""Two programs that write code by reading code: the generator and the test writer of the trial.

`python -m tools.real_writers` is not imported by the product: `tools.acceptance_real` starts it
inside a worktree of another project, as the command of a domain. Reads and writes below the
current directory only; needs the standard library and, for the tests, the project itself.
"""

import ast
import inspect
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from pprint import pformat

SMALL = (2, 3, 5)
MOST_PARAMETERS = 3

INDEX_HEAD = '''"""Every public name of the algorithms and the module that defines it; generated."""

PUBLIC = '''
INDEX_TAIL = '''

def find_public(name):
    """Return the modules that define the public name `name`, sorted."""
    return PUBLIC.get(name, [])
'''
TEST_HEAD = '''"""What the classic generators build for small numbers, as recorded."""

import pytest

import networkx as nx

RECORDED = '''
TEST_TAIL = """

@pytest.mark.parametrize(("name", "arguments", "degrees"), RECORDED)
def test_generator_builds_what_it_built(name, arguments, degrees):
    graph = getattr(nx, name)(*arguments)

    assert sorted(degree for _, degree in graph.degree()) == degrees
"""


def write_index(package: Path, module: Path, page: Path) -> int:
    """Write `module` and `page`: where each public name below `package` is defined."""
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        if "tests" not in path.parts:
            dotted = ".".join(path.with_suffix("").parts)
            for name in _public_names(path):
                found.setdefault(name, []).append(dotted)
    module.write_text(INDEX_HEAD + _literal(dict(sorted(found.items()))) + "\n" + INDEX_TAIL)
    page.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return len(found)


def write_recorded_tests(names: Iterator[tuple[str, Callable[..., object]]], path: Path) -> int:
    """Write tests to `path`: what each function answers for small numbers, as it answers now."""
    recorded = [case for name, function in names for case in _record(name, function)]
    path.write_text(TEST_HEAD + _literal(recorded) + "\n" + TEST_TAIL)
    return len(recorded)


def _public_names(path: Path) -> tuple[str, ...]:
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            names = ast.literal_eval(node.value)
            return tuple(str(name) for name in names)
    return ()


def _record(
    name: str, function: Callable[..., object]
) -> Iterator[tuple[str, tuple[int, ...], list[int]]]:
    needed = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if not 0 < len(needed) <= MOST_PARAMETERS:
        return
    for arguments in itertools.product(SMALL, repeat=len(needed)):
        degrees = _degrees(function, arguments)
        if degrees:
            yield name, arguments, degrees


def _degrees(function: Callable[..., object], arguments: tuple[int, ...]) -> list[int]:
    try:
        graph = function(*arguments)
        return sorted(int(degree) for _, degree in graph.degree())  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001  code of another project may raise what it likes
        return []


def _literal(value: object) -> str:
    return pformat(value, indent=4, width=88, compact=True, sort_dicts=False)


def _classic_generators() -> Iterator[tuple[str, Callable[..., object]]]:
    sys.path.insert(0, str(Path.cwd()))
    from networkx.generators import classic  # type: ignore[import-untyped]  # noqa: PLC0415

    for name in sorted(classic.__all__):
        yield name, inspect.unwrap(getattr(classic, name))


def main() -> int:
    """Write the index or the tests, as the first argument says."""
    networkx = Path("networkx")
    match sys.argv[1:]:
        case ["index"]:
            page = Path("doc/reference/public_names.json")
            module = networkx / "utils/public_names.py"
            print(write_index(networkx / "algorithms", module, page), "public names")
        case ["tests"]:
            path = networkx / "generators/tests/test_recorded_classic.py"
            print(write_recorded_tests(_classic_generators(), path), "recorded cases")
        case _:
            print("usage: real_writers index|tests", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
