"""The tools as a model is told about them, and what a call must bring along."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ropewalk.agents.search import MAX_MATCHES, MAX_PATHS
from ropewalk.errors import InvalidInput
from ropewalk.model.values import JsonObject

DEFAULT_RUN_S: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument of a tool; `type` is ``string``, ``integer`` or ``boolean``."""

    name: str
    type: str
    description: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as a model is told about it; `detail` is the argument that an event shows."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    detail: str


_PATH: Final = Parameter(
    name="path", type="string", description="path relative to the working directory"
)
TOOLS: Final = (
    ToolSpec(
        name="read",
        description="Return the lines of a text file, from `offset` (1 is the first), `limit` many",
        parameters=(
            _PATH,
            Parameter(name="offset", type="integer", description="first line", required=False),
            Parameter(name="limit", type="integer", description="number of lines", required=False),
        ),
        detail="path",
    ),
    ToolSpec(
        name="write",
        description="Write a whole text file; folders are made, an existing file is replaced",
        parameters=(
            _PATH,
            Parameter(name="content", type="string", description="the whole text"),
        ),
        detail="path",
    ),
    ToolSpec(
        name="edit",
        description="Replace `old`, which must occur exactly once in the file, by `new`",
        parameters=(
            _PATH,
            Parameter(name="old", type="string", description="the exact text to replace"),
            Parameter(name="new", type="string", description="what to put there"),
            Parameter(
                name="all", type="boolean", description="replace every occurrence", required=False
            ),
        ),
        detail="path",
    ),
    ToolSpec(
        name="glob",
        description=f"List files that match a gitignore-style pattern, {MAX_PATHS} at most",
        parameters=(Parameter(name="pattern", type="string", description="such as src/**/*.py"),),
        detail="pattern",
    ),
    ToolSpec(
        name="grep",
        description=f"Find lines by a regular expression, {MAX_MATCHES} at most",
        parameters=(
            Parameter(name="pattern", type="string", description="a regular expression"),
            Parameter(
                name="path", type="string", description="file or folder to search", required=False
            ),
        ),
        detail="pattern",
    ),
    ToolSpec(
        name="run",
        description="Run a shell command in the working directory; output and exit code return",
        parameters=(
            Parameter(name="command", type="string", description="the command line"),
            Parameter(
                name="timeout_s",
                type="integer",
                description=f"seconds until it is ended, {DEFAULT_RUN_S} unless given",
                required=False,
            ),
        ),
        detail="command",
    ),
)
READING: Final = frozenset(("read", "glob", "grep"))
_SPECS: Final = {spec.name: spec for spec in TOOLS}
_PYTHON_TYPES: Final[Mapping[str, type]] = {"string": str, "integer": int, "boolean": bool}


def require_arguments(name: str, arguments: JsonObject) -> None:
    """Hold the arguments of a call against the tool's parameters.

    Raises:
        InvalidInput: no such tool, or an argument that is missing, unknown or of the wrong type.
    """
    spec = _SPECS.get(name)
    if spec is None:
        raise InvalidInput(f"there is no tool '{name}'; tools are {', '.join(_SPECS)}")
    known = {parameter.name: parameter for parameter in spec.parameters}
    for extra in arguments.keys() - known.keys():
        raise InvalidInput(f"{name} has no argument '{extra}'")
    for parameter in spec.parameters:
        if parameter.name not in arguments:
            if parameter.required:
                raise InvalidInput(f"{name} needs the argument '{parameter.name}'")
            continue
        if type(arguments[parameter.name]) is not _PYTHON_TYPES[parameter.type]:
            raise InvalidInput(f"{name}: '{parameter.name}' is to be a {parameter.type}")


def input_schema(spec: ToolSpec) -> JsonObject:
    """Return the JSON Schema of a tool's arguments."""
    return {
        "type": "object",
        "properties": {
            one.name: {"type": one.type, "description": one.description} for one in spec.parameters
        },
        "required": [one.name for one in spec.parameters if one.required],
        "additionalProperties": False,
    }


def detail_of(name: str, arguments: JsonObject) -> str:
    """Return the argument that tells what a call is about: a path, a pattern or a command."""
    spec = _SPECS.get(name)
    return "" if spec is None else str(arguments.get(spec.detail, ""))
