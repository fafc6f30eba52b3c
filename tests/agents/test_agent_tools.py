import os
import threading
from pathlib import Path

import pytest

from ropewalk.agents.search import MAX_MATCHES, MAX_PATHS
from ropewalk.agents.tools import MAX_ANSWER, Toolbox
from ropewalk.agents.toolspecs import TOOLS, detail_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "worktree"
    (root / "api").mkdir(parents=True)
    (root / "api" / "routes.py").write_text("A = 1\nB = 2\nB = 2\n")
    (root / "api" / "tool.sh").write_text("#!/bin/sh\necho hi\n")
    (root / "api" / "tool.sh").chmod(0o755)
    (root / ".git").write_text("gitdir: /elsewhere\n")
    (tmp_path / "outside.txt").write_text("outside\n")
    return root


@pytest.fixture
def tools(root: Path) -> Toolbox:
    return Toolbox(root, env={"PATH": os.environ["PATH"], "MODE": "test"})


def test_a_file_is_read_with_line_numbers(tools: Toolbox) -> None:
    assert tools.call("read", {"path": "api/routes.py"}).text == "1\tA = 1\n2\tB = 2\n3\tB = 2"


def test_a_part_of_a_file_is_read(tools: Toolbox) -> None:
    assert tools.call("read", {"path": "api/routes.py", "offset": 2, "limit": 1}).text == (
        "2\tB = 2"
    )


def test_an_empty_file_has_no_lines(tools: Toolbox, root: Path) -> None:
    (root / "empty").touch()

    assert tools.call("read", {"path": "empty"}).text == "(no lines)"


def test_an_absolute_path_inside_the_worktree_is_taken(tools: Toolbox, root: Path) -> None:
    assert tools.call("read", {"path": str(root / "api/routes.py")}).ok


def test_a_new_file_is_written_with_its_folders(tools: Toolbox, root: Path) -> None:
    answer = tools.call("write", {"path": "web/new/page.html", "content": "<p>é</p>\n"})

    assert answer.ok
    assert (root / "web/new/page.html").read_text() == "<p>é</p>\n"
    assert (tools.created, tools.modified) == (("web/new/page.html",), ())


def test_an_existing_file_is_replaced_and_keeps_its_mode(tools: Toolbox, root: Path) -> None:
    tools.call("write", {"path": "api/tool.sh", "content": "#!/bin/sh\n"})

    assert (root / "api/tool.sh").read_text() == "#!/bin/sh\n"
    assert (root / "api/tool.sh").stat().st_mode & 0o777 == 0o755
    assert (tools.created, tools.modified) == ((), ("api/tool.sh",))


def test_an_edit_replaces_one_exact_passage(tools: Toolbox, root: Path) -> None:
    answer = tools.call("edit", {"path": "api/routes.py", "old": "A = 1", "new": "A = 3"})

    assert answer.ok
    assert (root / "api/routes.py").read_text() == "A = 3\nB = 2\nB = 2\n"
    assert tools.modified == ("api/routes.py",)


def test_an_edit_of_an_ambiguous_passage_changes_nothing(tools: Toolbox, root: Path) -> None:
    answer = tools.call("edit", {"path": "api/routes.py", "old": "B = 2", "new": "B = 3"})

    assert not answer.ok
    assert "2 times" in answer.text
    assert (root / "api/routes.py").read_text() == "A = 1\nB = 2\nB = 2\n"


def test_an_edit_of_all_passages_is_possible(tools: Toolbox, root: Path) -> None:
    arguments = {"path": "api/routes.py", "old": "B = 2", "new": "B = 3", "all": True}

    assert tools.call("edit", arguments).ok
    assert (root / "api/routes.py").read_text() == "A = 1\nB = 3\nB = 3\n"


@pytest.mark.parametrize("old", ["", "C = 4"])
def test_an_edit_of_a_passage_that_is_not_there_says_so(tools: Toolbox, old: str) -> None:
    answer = tools.call("edit", {"path": "api/routes.py", "old": old, "new": "x"})

    assert not answer.ok
    assert "does not hold" in answer.text


def test_line_ends_survive_an_edit(tools: Toolbox, root: Path) -> None:
    (root / "dos.txt").write_bytes(b"one\r\ntwo\r\n")

    tools.call("edit", {"path": "dos.txt", "old": "two", "new": "2"})

    assert (root / "dos.txt").read_bytes() == b"one\r\n2\r\n"


def test_text_that_is_not_utf8_is_not_edited(tools: Toolbox, root: Path) -> None:
    (root / "latin.txt").write_bytes(b"caf\xe9 old\n")

    answer = tools.call("edit", {"path": "latin.txt", "old": "old", "new": "new"})

    assert not answer.ok
    assert (root / "latin.txt").read_bytes() == b"caf\xe9 old\n"


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "api/../../outside.txt",
        "/etc/passwd",
        "",
        "a\0b",
        ".git",
        ".git/config",
        ".GIT/config",
        "git~1/config",
        "vendor/.git/hooks/pre-commit",
        "link-out",
        "link-folder/outside.txt",
        "link-git",
        "loop",
        "x" * 300,
    ],
)
@pytest.mark.parametrize("tool", ["read", "write", "edit", "grep"])
def test_no_tool_leaves_the_worktree(
    tools: Toolbox, root: Path, tmp_path: Path, tool: str, path: str
) -> None:
    (root / "link-out").symlink_to(tmp_path / "outside.txt")
    (root / "link-folder").symlink_to(tmp_path)
    (root / "link-git").symlink_to(".git")
    (root / "loop").symlink_to("loop")
    arguments = {
        "read": {"path": path},
        "write": {"path": path, "content": "broken\n"},
        "edit": {"path": path, "old": "outside", "new": "broken"},
        "grep": {"path": path, "pattern": "o"},
    }

    answer = tools.call(tool, arguments[tool])

    assert not answer.ok or answer.text == "(no lines)"
    assert (tmp_path / "outside.txt").read_text() == "outside\n"
    assert (root / ".git").read_text() == "gitdir: /elsewhere\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside.txt", "worktree"]


def test_a_link_inside_the_worktree_is_followed(tools: Toolbox, root: Path) -> None:
    (root / "short.py").symlink_to("api/routes.py")

    tools.call("edit", {"path": "short.py", "old": "A = 1", "new": "A = 5"})

    assert (root / "short.py").is_symlink()
    assert (root / "api/routes.py").read_text().startswith("A = 5\n")
    assert tools.modified == ("api/routes.py",)


def test_a_file_with_a_second_name_outside_is_neither_read_nor_written(
    tools: Toolbox, root: Path, tmp_path: Path
) -> None:
    (root / "twin").hardlink_to(tmp_path / "outside.txt")

    assert not tools.call("read", {"path": "twin"}).ok
    assert not tools.call("write", {"path": "twin", "content": "broken"}).ok
    assert (tmp_path / "outside.txt").read_text() == "outside\n"


def test_a_pipe_does_not_block(tools: Toolbox, root: Path) -> None:
    os.mkfifo(root / "pipe")

    assert not tools.call("read", {"path": "pipe"}).ok
    assert not tools.call("write", {"path": "pipe", "content": "x"}).ok
    assert tools.call("grep", {"pattern": "x", "path": "pipe"}).text == "(no lines)"


def test_a_folder_is_not_a_file(tools: Toolbox) -> None:
    assert not tools.call("read", {"path": "api"}).ok
    assert not tools.call("write", {"path": "api", "content": "x"}).ok
    assert not tools.call("write", {"path": "api/routes.py/x", "content": "x"}).ok


def test_large_and_binary_files_are_not_read(tools: Toolbox, root: Path) -> None:
    (root / "large").write_bytes(b"x" * 2_000_000)
    (root / "binary").write_bytes(b"a\0b")

    assert "grep" in tools.call("read", {"path": "large"}).text
    assert "binary" in tools.call("read", {"path": "binary"}).text
    assert not tools.call("write", {"path": "new", "content": "x" * 2_000_000}).ok


def test_a_missing_file_is_called_missing(tools: Toolbox) -> None:
    assert "no such file" in tools.call("read", {"path": "nothing.py"}).text


def test_files_are_found_by_pattern(tools: Toolbox, root: Path) -> None:
    (root / "node_modules").mkdir()
    (root / "node_modules" / "x.py").touch()
    (root / "link.py").symlink_to("api/routes.py")

    assert tools.call("glob", {"pattern": "*.py"}).text == "api/routes.py"
    assert tools.call("glob", {"pattern": "api/**"}).text == "api/routes.py\napi/tool.sh"
    assert tools.call("glob", {"pattern": "*.rs"}).text == "(no files)"


def test_found_files_are_bounded(tools: Toolbox, root: Path) -> None:
    for number in range(MAX_PATHS + 10):
        (root / f"{number}.txt").touch()

    assert len(tools.call("glob", {"pattern": "*.txt"}).text.splitlines()) == MAX_PATHS


def test_lines_are_found_by_expression(tools: Toolbox, root: Path) -> None:
    (root / "api" / "binary").write_bytes(b"\0B = 2")

    assert tools.call("grep", {"pattern": r"^B\b"}).text == (
        "api/routes.py:2: B = 2\napi/routes.py:3: B = 2"
    )
    assert tools.call("grep", {"pattern": "hi", "path": "api/tool.sh"}).text == (
        "api/tool.sh:2: echo hi"
    )
    assert tools.call("grep", {"pattern": "nowhere"}).text == "(no lines)"


def test_found_lines_are_bounded(tools: Toolbox, root: Path) -> None:
    (root / "many.txt").write_text("hit and more\n" * (MAX_MATCHES + 5))
    (root / "zz.txt").write_text("hit\n")

    assert len(tools.call("grep", {"pattern": "hit"}).text.splitlines()) == MAX_MATCHES


def test_a_broken_expression_is_an_answer(tools: Toolbox) -> None:
    assert "regular expression" in tools.call("grep", {"pattern": "("}).text


def test_a_command_answers_with_output_and_exit_code(tools: Toolbox) -> None:
    answer = tools.call("run", {"command": "echo $MODE; echo err >&2; exit 3"})

    assert not answer.ok
    assert answer.text == "test\nerr\n[exit code 3]"


def test_a_command_runs_in_the_worktree(tools: Toolbox) -> None:
    assert tools.call("run", {"command": "ls api"}).text == "routes.py\ntool.sh\n[exit code 0]"


def test_a_command_that_hangs_is_ended(tools: Toolbox) -> None:
    answer = tools.call("run", {"command": "sleep 60", "timeout_s": 1})

    assert not answer.ok
    assert "timeout" in answer.text


def test_a_command_that_a_signal_ends_says_so(tools: Toolbox) -> None:
    assert "signal 9" in tools.call("run", {"command": "kill -9 $$"}).text


def test_a_command_ends_when_its_agent_is_cancelled(root: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    tools = Toolbox(root, env={"PATH": os.environ["PATH"]}, cancel=cancel)

    assert "cancelled" in tools.call("run", {"command": "sleep 60"}).text


def test_a_long_answer_is_cut_in_its_middle(tools: Toolbox) -> None:
    answer = tools.call("run", {"command": "seq 1 100000"})

    assert len(answer.text) < MAX_ANSWER + 100
    assert answer.text.startswith("1\n2\n")
    assert answer.text.endswith("100000\n[exit code 0]")


def test_a_long_file_is_cut_in_its_middle(tools: Toolbox, root: Path) -> None:
    (root / "long.txt").write_text("word " * 20_000)

    answer = tools.call("read", {"path": "long.txt"})

    assert "characters left out" in answer.text
    assert len(answer.text) < MAX_ANSWER + 100


@pytest.mark.parametrize(
    ("name", "arguments", "word"),
    [
        ("delete", {}, "no tool"),
        ("write", {}, "needs"),
        ("write", {"path": "a"}, "content"),
        ("write", {"path": "a", "content": 1}, "string"),
        ("read", {"path": "a", "offset": True}, "integer"),
        ("read", {"path": "a", "mode": "x"}, "no argument"),
    ],
)
def test_wrong_calls_are_answered_with_a_sentence(
    tools: Toolbox, name: str, arguments: dict[str, object], word: str
) -> None:
    answer = tools.call(name, arguments)

    assert not answer.ok
    assert word in answer.text


def test_every_tool_that_is_offered_exists(tools: Toolbox) -> None:
    for spec in TOOLS:
        assert "no tool" not in tools.call(spec.name, {}).text
        assert spec.detail in {parameter.name for parameter in spec.parameters}


def test_the_detail_of_a_call_is_what_it_is_about() -> None:
    assert detail_of("run", {"command": "ls"}) == "ls"
    assert detail_of("unknown", {"command": "ls"}) == ""
