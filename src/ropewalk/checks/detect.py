"""Finds the commands by which a project checks itself; reads files, starts nothing.

A command is proposed only when a file of the project asks for it: a target of the Makefile, a
section of a configuration file, a script of package.json. What is found is a proposal for a person
to confirm, in the order from cheap to dear.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from ropewalk.errors import RopewalkError
from ropewalk.store.files import Refusal, read_untrusted

_LIMIT = 1024 * 1024
_SCRIPTS = ("lint", "typecheck", "build", "test")
_LOCK_FILES = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lockb": "bun",
    "bun.lock": "bun",
}


def detect_checks(top: Path) -> tuple[str, ...]:
    """Return the commands that check the project at ``top``; empty when none can be told.

    A Makefile with a ``test`` or ``check`` target speaks for the whole project; without one, each
    language's own way is asked.
    """
    made = _make(top)
    if made:
        return made
    ways: tuple[Callable[[Path], tuple[str, ...]], ...] = (_python, _node, _cargo, _go)
    return tuple(command for way in ways for command in way(top))


def _make(top: Path) -> tuple[str, ...]:
    for name in ("GNUmakefile", "makefile", "Makefile"):
        text = _text(top, name)
        if text is not None:
            targets = set(re.findall(r"^([A-Za-z0-9_.-]+)[ \t]*::?(?!=)", text, re.MULTILINE))
            found = tuple(f"make {target}" for target in ("lint", "test") if target in targets)
            has_proof = "test" in targets
            return (
                found if has_proof else (*found, *(("make check",) if "check" in targets else ()))
            )
    return ()


def _python(top: Path) -> tuple[str, ...]:
    if _text(top, "noxfile.py") is not None:
        return ("nox",)
    project = _toml(top, "pyproject.toml")
    tools = _table(project, "tool")
    if _text(top, "tox.ini") is not None or "tox" in tools:
        return ("tox",)
    return _ruff(top, tools) + _pytest(top, tools)


def _ruff(top: Path, tools: Mapping[str, object]) -> tuple[str, ...]:
    has_file = any(_text(top, name) is not None for name in ("ruff.toml", ".ruff.toml"))
    return ("ruff check .",) if has_file or "ruff" in tools else ()


def _pytest(top: Path, tools: Mapping[str, object]) -> tuple[str, ...]:
    has_file = _text(top, "pytest.ini") is not None or "pytest" in tools
    in_setup = "[tool:pytest]" in (_text(top, "setup.cfg") or "")
    has_tests = any(
        path.is_file() for folder in ("tests", "test") for path in (top / folder).glob("test_*.py")
    )
    return ("pytest -q",) if has_file or in_setup or has_tests else ()


def _node(top: Path) -> tuple[str, ...]:
    text = _text(top, "package.json")
    if text is None:
        return ()
    try:
        package = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    scripts = _table(package, "scripts") if isinstance(package, dict) else {}
    runner = next((use for name, use in _LOCK_FILES.items() if (top / name).is_file()), "npm")
    return tuple(
        f"{runner} run {name}"
        for name in _SCRIPTS
        if isinstance(scripts.get(name), str) and "no test specified" not in str(scripts[name])
    )


def _cargo(top: Path) -> tuple[str, ...]:
    return ("cargo test --quiet",) if _text(top, "Cargo.toml") is not None else ()


def _go(top: Path) -> tuple[str, ...]:
    return ("go vet ./...", "go test ./...") if _text(top, "go.mod") is not None else ()


def _text(top: Path, name: str) -> str | None:
    try:
        data = read_untrusted(top, name, _LIMIT)
    except RopewalkError:
        return None
    return None if isinstance(data, Refusal) else data.decode(errors="replace")


def _toml(top: Path, name: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(_text(top, name) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _table(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}
