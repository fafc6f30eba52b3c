"""Rules that hold for domains wherever they are written: in a plan or in the configuration."""

import graphlib
from collections.abc import Callable, Collection, Iterator, Sequence

from ropewalk.errors import InvalidInput
from ropewalk.store.schema.names import fold_name, show
from ropewalk.store.schema.source import Location, Source

_LONGEST_CYCLE_SHOWN = 12


def check_at(source: Source, at: Location, check: Callable[[str], str], text: str) -> None:
    """Run a check of one text and tell its place when it fails.

    Raises:
        InvalidInput: the check's own, with the place.
    """
    try:
        check(text)
    except InvalidInput as error:
        raise source.error(error.message, at=at, hint=error.hint, code=error.code) from error


def check_each(
    source: Source, at: Location, check: Callable[[str], str], texts: Sequence[str]
) -> None:
    """Run a check of each text of a list and tell the place when it fails.

    Raises:
        InvalidInput: the check's own, with the place.
    """
    for index, text in enumerate(texts):
        check_at(source, (*at, index), check, text)


def require_commands(source: Source, at: Location, commands: Sequence[str]) -> None:
    """Refuse commands that say nothing.

    Raises:
        InvalidInput: one is empty.
    """
    for index, command in enumerate(commands):
        if not command.strip():
            raise source.error("a command is empty", at=(*at, index))


def require_unique(source: Source, at: Location, names: Sequence[str]) -> None:
    """Refuse names that are the same on some file system.

    Raises:
        InvalidInput: two are.
    """
    seen: dict[str, str] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(fold_name(name), name)
        if len(seen) == index + 1:
            continue
        is_same = first == name
        raise source.error(
            f"domain {show(name)} is there twice"
            if is_same
            else f"domains {show(first)} and {show(name)} are the same on some file systems",
            at=(*at, index, "name"),
            hint="rename one of them",
            code="duplicate_name",
        )


def require_order(source: Source, at: Location, depends_on: dict[str, tuple[str, ...]]) -> None:
    """Refuse dependencies that cannot be met.

    Args:
        source: where the domains were read.
        at: the location of their list, in the order of ``depends_on``.
        depends_on: for each domain, the names of others.

    Raises:
        InvalidInput: one is unknown, the domain itself, named twice, or part of a cycle.
    """
    for problem in find_order_problems(source, at, depends_on):
        raise problem


def find_order_problems(
    source: Source, at: Location, depends_on: dict[str, tuple[str, ...]]
) -> Iterator[InvalidInput]:
    """Yield what `require_order` refuses; a cycle only where every dependency is known."""
    is_known = True
    for index, (name, needed) in enumerate(depends_on.items()):
        seen: set[str] = set()
        for number, other in enumerate(needed):
            problem, hint = _dependency_problem(name, other, seen, depends_on)
            if problem:
                is_known = False
                place = (*at, index, "depends_on", number)
                yield source.error(problem, at=place, hint=hint, code="dependency")
            seen.add(other)
    if is_known:
        yield from _find_cycle(source, at, depends_on)


def _dependency_problem(
    name: str, other: str, seen: Collection[str], known: Collection[str]
) -> tuple[str, str]:
    if other == name:
        return f"domain '{name}' depends on itself", "remove it from depends_on"
    if other not in known:
        problem = f"domain '{name}' needs {show(other)}, which is not in the plan"
        return problem, f"add {show(other)} or remove it from depends_on"
    if other in seen:
        return f"domain '{name}' depends on '{other}' twice", "remove one of them"
    return "", ""


def _find_cycle(
    source: Source, at: Location, depends_on: dict[str, tuple[str, ...]]
) -> Iterator[InvalidInput]:
    try:
        graphlib.TopologicalSorter(depends_on).prepare()
    except graphlib.CycleError as error:
        cycle = tuple(reversed(error.args[1]))
        index = tuple(depends_on).index(cycle[0])
        yield source.error(
            f"domains depend on each other in a circle: {_draw(cycle)}",
            at=(*at, index, "depends_on"),
            hint="remove one of these dependencies",
            code="cycle",
        )


def _draw(cycle: Sequence[str]) -> str:
    if len(cycle) > _LONGEST_CYCLE_SHOWN:
        left_out = len(cycle) - _LONGEST_CYCLE_SHOWN
        cycle = (*cycle[: _LONGEST_CYCLE_SHOWN - 1], f"({left_out} more)", cycle[-1])
    return " -> ".join(cycle)
