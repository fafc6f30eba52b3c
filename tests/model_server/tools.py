"""Puts what a scene wants into a call of a tool that the program offers.

One table of names for each thing that can be wanted. Names of arguments are found in the schema of
the tool; what else the schema requires is filled in by its types.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ropewalk.agents.fields import below, text_at
from ropewalk.model.values import JsonObject
from tests.model_server.exchange import Conversation, Offer, ToolCall
from tests.model_server.scene import Call, Shell, Write

_SCRIPTS: Final = ("exec",)  # runs JavaScript that may use a tool exec_command
_ANSWERERS: Final = ("StructuredOutput", "structured_output")
_WRITERS: Final = (
    "Write",
    "write_file",
    "write",
    "create",
    "create_file",
    "Create",
    "str_replace_based_edit_tool",
    "str_replace_editor",
)
_PATCHERS: Final = ("apply_patch",)
_SHELLS: Final = (
    "Bash",
    "bash",
    "exec_command",
    "shell_command",
    "shell",
    "run_shell_command",
    "run",
    "execute_command",
    "Execute",
)
_PATHS: Final = ("file_path", "filePath", "path", "filename")
_CONTENTS: Final = ("content", "file_text", "fileText", "contents", "text")
_PATCHES: Final = ("input", "patch", "patchText")
_COMMANDS: Final = ("command", "cmd", "script")
_PATIENCE: Final = {"yield_time_ms": 30_000, "initial_wait": 600}  # else a command is left alone
_FOLDER: Final = re.compile(
    r"""^cd[ ](?P<ours>/\S+|'/[^'\n]+')$
    |<cwd>(?P<marked>/[^<\n]+)</cwd>
    |[Ww]orking[ ](?:in[ ]the[ ])?directory:[ ]*(?P<named>/[^\n]+)""",
    re.MULTILINE | re.VERBOSE,
)
_EXAMPLES: Final[Mapping[str, object]] = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": False,
    "null": None,
}


def works(conversation: Conversation) -> bool:
    """Whether the program offers a tool that changes something."""
    return any(
        _find(conversation, names) is not None for names in (_WRITERS, _PATCHERS, _SHELLS, _SCRIPTS)
    )


def find_answerer(conversation: Conversation) -> Offer | None:
    """Return the tool by which the program takes an answer of a schema."""
    return _find(conversation, _ANSWERERS)


def find_folder(conversation: Conversation) -> Path | None:
    """Return where the program works, as the first text that says so has it."""
    found = _FOLDER.search(conversation.text)
    if found is None:
        return None
    named = found["named"] or found["marked"]
    return Path(named.strip() if named else shlex.split(found["ours"])[0])


def call_for(
    turn: Write | Shell | Call, conversation: Conversation, *, id_: str, cwd: Path | None
) -> ToolCall | None:
    """Return the call that does what the turn wants, None when no tool on offer can."""
    match turn:
        case Call():
            return ToolCall(id=id_, name=turn.name, arguments=turn.arguments)
        case Shell():
            return _shell(turn.command, conversation, id_)
        case Write():
            return (
                _write(turn, conversation, id_, cwd)
                or _patch(turn, conversation, id_)
                or _shell(_writing(turn), conversation, id_)
            )


def example_of(schema: JsonObject) -> object:
    """Return some data that meets a schema: the first of each choice, only what is required."""
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    match schema.get("enum") or schema.get("anyOf") or schema.get("oneOf"):
        case [dict(first), *_]:
            return example_of(first)
        case [first, *_]:
            return first
        case _:
            return _example_of_type(schema)


def _example_of_type(schema: JsonObject) -> object:
    match schema.get("type"):
        case "object":
            return _required(schema)
        case "array":
            return [example_of(below(schema, "items"))] if schema.get("minItems") else []
        case [str(first), *_] | str(first):
            return _EXAMPLES.get(first.lower(), {})
        case _:
            return "text"


def _write(turn: Write, conversation: Conversation, id_: str, cwd: Path | None) -> ToolCall | None:
    offer = _find(conversation, _WRITERS)
    if offer is None or (cwd is not None and _refuses(offer, cwd / turn.path)):
        return None
    path = _argument(offer, _PATHS, "path")
    wants_relative = "relative" in text_at(below(offer.schema, "properties", path), "description")
    given = {
        path: turn.path if cwd is None or wants_relative else str(cwd / turn.path),
        _argument(offer, _CONTENTS, "file_text"): turn.content,
    }
    if offer.name.startswith("str_replace"):
        given["command"] = "create"
    return ToolCall(id=id_, name=offer.name, arguments={**_required(offer.schema), **given})


def _refuses(offer: Offer, path: Path) -> bool:
    """Whether a tool is known not to write there: `create` makes no folder, replaces nothing."""
    return offer.name == "create" and (path.exists() or not path.parent.is_dir())


def _patch(turn: Write, conversation: Conversation, id_: str) -> ToolCall | None:
    offer = _find(conversation, _PATCHERS)
    if offer is None:
        return None
    added = "".join(f"+{line}\n" for line in turn.content.splitlines())
    patch = f"*** Begin Patch\n*** Add File: {turn.path}\n{added}*** End Patch\n"
    if offer.is_free_form:
        return ToolCall(id=id_, name=offer.name, arguments={}, text=patch)
    given = {_argument(offer, _PATCHES, "input"): patch}
    return ToolCall(id=id_, name=offer.name, arguments={**_required(offer.schema), **given})


def _shell(command: str, conversation: Conversation, id_: str) -> ToolCall | None:
    offer = _find(conversation, _SHELLS)
    if offer is None:
        return _script(command, conversation, id_)
    name = _argument(offer, _COMMANDS, "command")
    is_argv = text_at(below(offer.schema, "properties", name), "type").lower() == "array"
    properties = below(offer.schema, "properties")
    patience = {wait: most for wait, most in _PATIENCE.items() if wait in properties}
    given = {name: ["bash", "-c", command] if is_argv else command, **patience}
    return ToolCall(id=id_, name=offer.name, arguments={**_required(offer.schema), **given})


def _script(command: str, conversation: Conversation, id_: str) -> ToolCall | None:
    offer = _find(conversation, _SCRIPTS)
    if offer is None or not offer.is_free_form:
        return None
    given = json.dumps({"cmd": command, "yield_time_ms": _PATIENCE["yield_time_ms"]})
    text = f"text(JSON.stringify(await tools.exec_command({given})))\n"
    return ToolCall(id=id_, name=offer.name, arguments={}, text=text)


def _writing(turn: Write) -> str:
    folder = PurePosixPath(turn.path).parent
    path = shlex.quote(turn.path)
    return f"mkdir -p {shlex.quote(str(folder))} && printf %s {shlex.quote(turn.content)} > {path}"


def _find(conversation: Conversation, names: Sequence[str]) -> Offer | None:
    offers = {offer.name: offer for offer in conversation.offers}
    return next((offers[name] for name in names if name in offers), None)


def _argument(offer: Offer, names: Sequence[str], fallback: str) -> str:
    properties = below(offer.schema, "properties")
    return next((name for name in names if name in properties), fallback)


def _required(schema: JsonObject) -> JsonObject:
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    return {str(name): example_of(below(schema, "properties", str(name))) for name in names}
