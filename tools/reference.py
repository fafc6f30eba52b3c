"""Writes docs/reference from the code, so that it cannot say anything else.

``python -m tools.reference`` writes the pages; with ``--check`` it names those that differ and
exits 1 when there are any. What a key or a word means stands in `tools.meanings`; one that is
missing there stops the tool.
"""

import argparse
import ast
import dataclasses
import json
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import click

from ropewalk import errors
from ropewalk.cli.root import root
from ropewalk.cli.table import GROUPS, VERBS
from ropewalk.epic.verdict import Evidence, Verdict, decide
from ropewalk.model.config import Config
from ropewalk.model.merge import MergedDomainStatus, MergeStatus
from ropewalk.model.plan import ResultPolicy
from ropewalk.model.result import CheckRun, Outcome, Reason
from ropewalk.model.worktree import WorktreeStatus
from ropewalk.store.schema.documents import SCHEMA_NAMES, json_schema
from tools.meanings import (
    EXIT_CODES,
    KEYS,
    MERGE,
    MERGED_DOMAINS,
    OUTCOMES,
    REASONS,
    SCHEMAS,
    TABLES,
    WORKTREES,
)

FOLDER = Path("docs/reference")
SOURCE = Path("src/ropewalk")
_NOTE = "<!-- Written by `make reference`; change the code, not this page. -->"


def pages() -> dict[str, str]:
    """Return every page: its name and its text."""
    made = {
        "cli.md": _cli(),
        "configuration.md": _configuration(),
        "errors.md": _errors(),
        "schemas.md": _schemas(),
        "statuses.md": _statuses(),
    }
    return {name: "\n".join((_NOTE, *lines)) + "\n" for name, lines in made.items()}


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


# The command line


def _cli() -> Iterator[str]:
    context = click.Context(root, info_name="ropewalk")
    everywhere = {option.name for option in _options(root)} | {"help"}
    yield from ("# Command line", "", "Options of every verb, before or behind it:", "")
    yield from _option_table(context, _options(root))
    for group in GROUPS:
        names = [name for name, verb in VERBS.items() if verb.group == group]
        yield f"{group}: {' · '.join(f'[{name}](#{name})' for name in names)}"
        yield ""
    yield "What the exit codes mean: [errors](errors.md)."
    yield ""
    for name in VERBS:
        command = root.get_command(context, name)
        if command is None:
            raise LookupError(name)
        inside = click.Context(command, parent=context, info_name=name)
        yield from (f"## {name}", "", f"`{_usage(inside)}`", "", *(command.help or "").split("\n"))
        yield ""
        own = [option for option in _options(command) if option.name not in everywhere]
        if own:
            yield from _option_table(inside, own)


def _usage(context: click.Context) -> str:
    pieces = context.command.collect_usage_pieces(context)
    return " ".join([context.command_path, *pieces])


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


def _option_table(context: click.Context, options: Sequence[click.Option]) -> Iterator[str]:
    records = (option.get_help_record(context) for option in options)
    rows = ((f"`{found[0]}`", found[1]) for found in records if found is not None)
    yield from _table(("option", "meaning"), rows)


# The configuration


def _configuration() -> Iterator[str]:
    yield from ("# Configuration: ropewalk.toml", "")
    yield "Every table and key may be left out; unknown keys are errors. `ropewalk init` writes the"
    yield "file, `ropewalk doctor` checks it."
    yield ""
    used: set[str] = set()
    for field in dataclasses.fields(Config):
        name, kind = _table_of(field.name, get_type_hints(Config)[field.name])
        yield from (f"## [{name}]", "", TABLES[name], "")
        rows = [(f"{name}.{key}", key, *rest) for key, *rest in _keys(kind)] if kind else []
        used.update(row[0] for row in rows)
        cells = ((f"`{key}`", shown, default, KEYS[full]) for full, key, shown, default in rows)
        if rows:
            yield from _table(("key", "type", "default", "meaning"), cells)
        else:
            used.add(name)
            yield from (KEYS[name], "")
    if unknown := set(KEYS) - used:
        raise LookupError(f"meanings of keys that do not exist: {', '.join(sorted(unknown))}")


def _table_of(name: str, hint: Any) -> tuple[str, type | None]:  # noqa: ANN401 - any type hint
    members = [one for one in get_args(hint) if dataclasses.is_dataclass(one)]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return name, hint
    if get_origin(hint) is tuple:
        return f"[{name}]", _as_type(members[0])
    if members:
        return f"{name}.{'MODEL' if name == 'prices' else 'NAME'}", _as_type(members[0])
    return name, None


def _as_type(found: object) -> type:
    if not isinstance(found, type):
        raise TypeError(found)
    return found


def _keys(kind: type) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        yield field.name, _type_name(hints[field.name]), _default(field)


_NAMES: Mapping[object, str] = {str: "text", int: "integer", float: "number", bool: "true, false"}


def _type_name(hint: Any) -> str:  # noqa: ANN401 - any type hint
    arguments = [one for one in get_args(hint) if one not in (type(None), Ellipsis)]
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(_type_name(one) for one in arguments)
    if get_origin(hint) is tuple:
        return f"list of {_type_name(arguments[0])}"
    if arguments:
        return f"{_type_name(arguments[0])} to {_type_name(arguments[1])}"
    if issubclass(hint, StrEnum):
        return ", ".join(f"`{member}`" for member in hint)
    return _NAMES[hint]


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "none" if field.default_factory is not dataclasses.MISSING else "needed"
    if field.default in (None, ()):
        return "none"
    value = str(field.default) if isinstance(field.default, StrEnum) else field.default
    return f"`{json.dumps(value)}`"


# Errors


def _errors() -> Iterator[str]:
    yield from ("# Errors and exit codes", "")
    yield "An error is one line on standard error that says what is wrong, and a line `hint:` with"
    yield "what to type next. With `--json` it is also a document on standard output:"
    yield '`{"error": {"code": …, "message": …, "hint": …, "where": …}}`.'
    yield from ("", "## Exit codes", "")
    yield from _table(("code", "meaning"), iter(EXIT_CODES.items()))
    yield from ("## Classes", "", "What `ropewalk.api` raises; the code is for programs.", "")
    rows = (
        (
            f"{'&nbsp;&nbsp;' * depth}`{kind.__name__}`",
            kind.exit_code,
            f"`{kind.default_code}`",
            said,
        )
        for kind, depth, said in _classes(errors.RopewalkError, 0)
    )
    yield from _table(("class", "exit code", "code", "meaning"), rows)
    yield from ("## Further codes", "")
    yield "Where a program may want to know more, an error has a code of its own."
    yield ""
    own = ((f"`{code}`", f"`{kind}`") for code, kind in sorted(_own_codes()))
    yield from _table(("code", "class"), own)


def _classes(
    kind: type[errors.RopewalkError], depth: int
) -> Iterator[tuple[type[errors.RopewalkError], int, str]]:
    yield kind, depth, (kind.__doc__ or "").split("\n")[0].rstrip(".")
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _classes(child, depth + 1)


def _own_codes() -> set[tuple[str, str]]:
    """Find the literal codes of errors that are raised somewhere."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and (code := _code_of(node)):
                name = node.func.id if isinstance(node.func, ast.Name) else "InvalidInput"
                kind = getattr(errors, name, None)
                if isinstance(kind, type) and issubclass(kind, errors.RopewalkError):
                    found.add((code, name))
    return found


def _code_of(call: ast.Call) -> str | None:
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg == "code" and isinstance(value, ast.Constant):
            return value.value if isinstance(value.value, str) else None
    return None


# Schemas


def _schemas() -> Iterator[str]:
    yield from ("# Documents", "")
    yield "`ropewalk schema NAME` prints the JSON Schema of a document. New fields may come; none"
    yield "is renamed or removed within a `schema_version`."
    yield ""
    for name in SCHEMA_NAMES:
        schema = json_schema(name)
        yield from (f"## {name}", "", SCHEMAS[name], "")
        parts = _objects(schema.get("$defs"))
        yield from _fields(schema, parts)
        for part, inner in sorted(parts.items()):
            if "properties" in inner:
                yield from (f"`{part}`:", "")
                yield from _fields(inner, parts)


def _fields(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    needed = schema.get("required", [])
    rows = (
        (f"`{name}`", _kind(inner, parts), "yes" if name in needed else "no")
        for name, inner in _objects(schema.get("properties")).items()
    )
    yield from _table(("field", "type", "always there"), rows)


def _objects(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kind(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one, parts) for one in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return _kind(parts[name], parts) if "enum" in parts[name] else f"`{name}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(_objects(schema.get('items')), parts)}"
    return str(schema.get("type", "any value"))


# Statuses


def _statuses() -> Iterator[str]:
    yield from ("# Statuses and reasons", "", "## A domain", "")
    yield "The status of a domain is decided from git and the checks; the first line that fits"
    yield "counts. What the agent says about itself does not matter."
    yield ""
    yield from _table(("what was seen", "status", "reason"), _decisions())
    yield from ("How an attempt ends:", "")
    ends = ((f"`{one}`", OUTCOMES[one.value]) for one in Outcome)
    yield from _table(("outcome", "meaning"), ends)
    yield from ("Why a domain has its status:", "")
    reasons = ((f"`{one}`", REASONS[one.value]) for one in Reason)
    yield from _table(("reason", "meaning"), reasons)
    yield from _words("## A merge", MergeStatus, MERGE)
    yield from _words("## A domain in a merge", MergedDomainStatus, MERGED_DOMAINS)
    yield from _words("## A worktree", WorktreeStatus, WORKTREES)


def _words(title: str, kind: type[StrEnum], meanings: Mapping[str, str]) -> Iterator[str]:
    yield from (title, "")
    yield from _table(("status", "meaning"), ((f"`{one}`", meanings[one.value]) for one in kind))


def _decisions() -> Iterator[Sequence[str]]:
    yield "something outside its worktree was changed", *_said(decide(Evidence(tampered=True)))
    rewritten = Evidence(history_rewritten=True)
    yield "its history no longer starts at its base", *_said(decide(rewritten))
    yield "what it builds on did not succeed", *_said(decide(Evidence(blocked=True)))
    stopped = Evidence(outcome=Outcome.INTERRUPTED)
    yield f"outcome `{Outcome.INTERRUPTED}`", *_said(decide(stopped))
    for problem, text in (("missing", "there is none"), ("unreadable", "it cannot be read")):
        silent = Evidence(result_policy=ResultPolicy.REQUIRED, claim_problem=problem)
        yield f"the plan requires an account, and {text}", *_said(decide(silent))
    for outcome in _ENDED:
        without = decide(Evidence(outcome=outcome))
        work = decide(Evidence(outcome=outcome, has_commits=True))
        yield f"outcome `{outcome}`, no work", *_said(without)
        yield f"outcome `{outcome}`, work left", *_said(work)
    outside = Evidence(has_commits=True, outside=("a",))
    yield 'changes outside its files, with `scope = "strict"`', *_said(decide(outside))
    broken = CheckRun(command="a", exit_code=1, duration_s=0.0, log="")
    failed = Evidence(has_commits=True, checks=(broken,))
    yield "a check of the domain failed", *_said(decide(failed))
    nonzero = Evidence(outcome=Outcome.NONZERO_EXIT)
    yield "exit code other than 0, no work", *_said(decide(nonzero))
    with_work = dataclasses.replace(nonzero, has_commits=True)
    yield "exit code other than 0, work left, no check passed", *_said(decide(with_work))
    yield "no work", *_said(decide(Evidence()))
    nothing = Evidence(said_nothing_to_do=True)
    yield "no work, and the agent said that nothing was to be done", *_said(decide(nothing))
    yield "work, and no check of the domain failed", *_said(decide(Evidence(has_commits=True)))


_ENDED = (
    *(Outcome.TIMEOUT, Outcome.IDLE, Outcome.BUDGET, Outcome.CANCELLED, Outcome.RATE_LIMITED),
    *(Outcome.REFUSED, Outcome.LIMIT, Outcome.AUTH, Outcome.CRASHED, Outcome.ERROR),
)


def _said(verdict: Verdict) -> tuple[str, str]:
    return f"`{verdict.status}`", f"`{verdict.reason}`" if verdict.reason else ""


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true")
    only_check = parser.parse_args().check
    stale = [name for name, text in pages().items() if _current(FOLDER / name) != text]
    for name, text in pages().items():
        if not only_check and name in stale:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{FOLDER / name}: {'not up to date: make reference' if only_check else 'written'}")
    return 1 if only_check and stale else 0


def _current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
