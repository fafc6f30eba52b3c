"""What a scene wants becomes a call of the tools that each program really offers."""

from pathlib import Path
from typing import Final

import pytest

from ropewalk.agents.toolspecs import TOOLS
from ropewalk.model.values import JsonObject
from tests.model_server import Call, Shell, Write, responses
from tests.model_server.exchange import Conversation, Offer, ToolCall
from tests.model_server.tools import call_for, example_of, find_folder, works

WRITE: Final = Write("sub/a.txt", "one\ntwo\n")
PATCH: Final = "*** Begin Patch\n*** Add File: sub/a.txt\n+one\n+two\n*** End Patch\n"
BY_SHELL: Final = "mkdir -p sub && printf %s 'one\ntwo\n' > sub/a.txt"


def conversation(*offers: Offer, text: str = "") -> Conversation:
    return Conversation(model="m", streams=False, offers=offers, answered=(), text=text)


def offer(name: str, *required: str, **types: str) -> Offer:
    properties = {one: {"type": types.get(one, "string")} for one in (*required, *types)}
    schema = {"type": "object", "properties": properties, "required": [*required]}
    return Offer(name=name, schema=schema)


def call(turn: Write | Shell | Call, *offers: Offer, cwd: Path | None = None) -> ToolCall | None:
    return call_for(turn, conversation(*offers), id_="1", cwd=cwd)


@pytest.mark.parametrize(
    ("writer", "arguments"),
    [
        (offer("Write", "file_path", "content"), ("file_path", "content")),
        (offer("write_file", "file_path", "content"), ("file_path", "content")),
        (offer("write", "content", "filePath"), ("filePath", "content")),
        (Offer(name="str_replace_based_edit_tool", schema={}), ("path", "file_text")),
    ],
    ids=["claude", "gemini and qwen", "opencode", "anthropic's own"],
)
def test_files_are_written_by_the_tool_for_that(
    tmp_path: Path, writer: Offer, arguments: tuple[str, str]
) -> None:
    found = call(WRITE, offer("bash", "command"), writer, cwd=tmp_path)

    assert found is not None
    assert found.name == writer.name
    got = {**found.arguments}
    assert [got.pop(name) for name in arguments] == [str(tmp_path / "sub/a.txt"), WRITE.content]
    assert got == ({"command": "create"} if "str_replace" in writer.name else {})


def test_ropewalks_own_tools_get_paths_that_are_relative(tmp_path: Path) -> None:
    own = [
        Offer(
            name=spec.name,
            schema={
                "properties": {
                    one.name: {"type": one.type, "description": one.description}
                    for one in spec.parameters
                }
            },
        )
        for spec in TOOLS
    ]

    written = call(WRITE, *own, cwd=tmp_path)
    ran = call(Shell("make"), *own, cwd=tmp_path)

    assert written is not None
    assert (written.name, written.arguments["path"]) == ("write", "sub/a.txt")
    assert ran is not None
    assert (ran.name, ran.arguments) == ("run", {"command": "make"})


def test_create_is_left_out_where_it_would_refuse(tmp_path: Path) -> None:
    offers = offer("create", "path", "file_text"), offer("bash", "command", "description")

    without_folder = call(WRITE, *offers, cwd=tmp_path)
    (tmp_path / "sub").mkdir()
    new = call(WRITE, *offers, cwd=tmp_path)
    (tmp_path / "sub" / "a.txt").touch()
    replacing = call(WRITE, *offers, cwd=tmp_path)

    names = [one.name for one in (without_folder, new, replacing) if one is not None]
    assert names == ["bash", "create", "bash"]
    assert replacing is not None
    assert replacing.arguments == {"command": BY_SHELL, "description": "text"}


def test_without_a_tool_that_writes_a_patch_is_applied() -> None:
    shell = offer("exec_command", "cmd", yield_time_ms="number")
    free_form = Offer(name="apply_patch", schema={}, is_free_form=True)

    by_text = call(WRITE, shell, free_form)
    by_function = call(WRITE, shell, offer("apply_patch", "input"))
    by_shell = call(WRITE, shell)

    assert by_text == ToolCall(id="1", name="apply_patch", arguments={}, text=PATCH)
    assert by_function == ToolCall(id="1", name="apply_patch", arguments={"input": PATCH})
    assert by_shell is not None
    assert by_shell.arguments == {"cmd": BY_SHELL, "yield_time_ms": 30_000}


def test_tools_that_stand_in_groups_are_found_and_a_script_runs_commands() -> None:
    script = {"type": "custom", "name": "exec"}
    added = {"type": "additional_tools", "tools": [{"type": "namespace", "tools": [script]}]}
    found = responses.read({"model": "m", "input": [added]}, "/v1/responses")

    ran = call_for(Shell("make"), found, id_="1", cwd=None)

    assert found.offers == (Offer(name="exec", schema={}, is_free_form=True),)
    assert works(found)
    assert ran is not None
    assert ran.text == (
        'text(JSON.stringify(await tools.exec_command({"cmd": "make", "yield_time_ms": 30000})))\n'
    )


@pytest.mark.parametrize(
    ("shell", "arguments"),
    [
        (offer("Bash", "command"), {"command": "make"}),
        (
            offer("run_shell_command", "command", "is_background", is_background="boolean"),
            {"command": "make", "is_background": False},
        ),
        (
            offer("bash", "command", initial_wait="integer"),
            {"command": "make", "initial_wait": 600},
        ),
        (offer("shell", "command", command="array"), {"command": ["bash", "-c", "make"]}),
        (Offer(name="bash", schema={}), {"command": "make"}),
    ],
    ids=["claude", "gemini and qwen", "copilot", "argv", "anthropic's own"],
)
def test_commands_are_run_by_the_tool_for_that(shell: Offer, arguments: JsonObject) -> None:
    found = call(Shell("make"), offer("Read", "file_path"), shell)

    assert found == ToolCall(id="1", name=shell.name, arguments=arguments)


def test_a_conversation_works_when_it_offers_to_change_something() -> None:
    reading = offer("Read", "file_path"), offer("Grep", "pattern")

    assert not works(conversation(*reading))
    assert works(conversation(*reading, offer("Bash", "command")))
    assert call(WRITE, *reading) is None
    assert call(Shell("make"), *reading) is None


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("cd /repo/tree\n\nWrite.\nWorking directory: /elsewhere\n", "/repo/tree"),
        ("cd '/repo/a tree'\n", "/repo/a tree"),
        ("<environment_context>\n  <cwd>/repo/tree</cwd>\n", "/repo/tree"),
        (" - Primary working directory: /repo/tree\n", "/repo/tree"),
        ("I'm currently working in the directory: /repo/tree\n", "/repo/tree"),
        ("cd /repo/tree && make\nnothing else\n", None),
    ],
)
def test_the_worktree_is_found_in_what_a_program_says(text: str, folder: str | None) -> None:
    found = find_folder(conversation(text=text))

    assert found == (None if folder is None else Path(folder))


def test_examples_meet_their_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "count": {"type": ["integer", "null"]},
            "kind": {"enum": ["one", "two"]},
            "choice": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "fixed": {"const": 3},
            "some": {"type": "array", "items": {"type": "NUMBER"}, "minItems": 1},
            "none": {"type": "array"},
            "inner": {"type": "object", "properties": {"a": {}}, "required": ["a"]},
            "left_out": {"type": "string"},
        },
        "required": ["name", "count", "kind", "choice", "fixed", "some", "none", "inner"],
    }

    assert example_of(schema) == {
        "name": "text",
        "count": 1,
        "kind": "one",
        "choice": False,
        "fixed": 3,
        "some": [1],
        "none": [],
        "inner": {"a": "text"},
    }
