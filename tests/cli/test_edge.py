import io
import json
import os
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import click
import pytest

from ropewalk.cli.main import main
from ropewalk.cli.session import peek, with_flags
from ropewalk.errors import LandingRefused
from tests.cli.running import PROGRAM, program, ropewalk


def test_an_unknown_verb_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, "stauts")

    assert ended.code == 2
    assert ended.err == (
        "error: there is no verb 'stauts'; did you mean status?\nhint: ropewalk --help\n"
    )
    assert not ended.out


def test_no_verb_at_all_shows_help_and_no_error() -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([])

    assert (code, out.getvalue()) == (2, "")
    assert err.getvalue().startswith("Usage: ropewalk ")
    assert err.getvalue().endswith("More about a verb: ropewalk VERB --help\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--json", "nonsense"), "usage"),
        (("nonsense", "--json"), "usage"),
        (("plan", "--json"), "usage"),
        (("--json", "plan", "--no-such-option"), "usage"),
        (("--json", "run"), "usage"),
        (("status", "--json"), "not_a_repository"),
        (("--json", "doctor", "extra"), "usage"),
        (("--json", "schema", "nonsense"), "invalid_input"),
        (("--json", "schema"), "usage"),
    ],
)
def test_with_json_an_error_is_one_document(
    arguments: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    ended = ropewalk(tmp_path, *arguments)

    assert ended.code == 2
    error = ended.json["error"]
    assert set(error) == {"code", "message", "hint", "where"}
    assert error["code"] == code
    assert ended.err.startswith(f"error: {error['message']}")


def test_flags_are_guessed_from_arguments_that_cannot_be_parsed(tmp_path: Path) -> None:
    session = peek(["-C", str(tmp_path), "diff", "x", "-qv", "--", "--json"])

    assert (Path(session.directory), session.as_json) == (tmp_path, False)
    assert (session.quiet, session.verbose) == (True, True)
    assert Path(peek(["-C"]).directory) == Path.cwd()


@click.command()
@with_flags
def broken() -> int:
    raise ValueError("the \x1b[31mnumber\nis odd")


@click.command()
def stopped() -> int:
    raise KeyboardInterrupt


@click.command()
def refused() -> int:
    raise LandingRefused("main moved", hint="ropewalk merge x", where="main")


def test_a_defect_is_one_line_and_a_report_that_git_does_not_see(repository: Path) -> None:
    runs = repository / ".workflow" / "runs"
    runs.mkdir(parents=True)

    with chdir(repository):
        ended = ropewalk(repository, command=broken)

    (report,) = runs.iterdir()
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "error: this is a defect of ropewalk: ValueError: the number",
        f"hint: please report it, with {report}",
    ]
    assert "Traceback" in report.read_text()


def test_a_defect_is_told_whole_when_asked_for(tmp_path: Path) -> None:
    with chdir(tmp_path):
        ended = ropewalk(tmp_path, "-v", "--json", command=broken)

    assert ended.code == 1
    assert ended.err.startswith("Traceback")
    assert ended.json["error"]["code"] == "internal"
    Path(ended.err.rstrip().rpartition(" ")[2]).unlink()


def test_a_stopped_command_exits_with_130(tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, command=stopped)

    assert (ended.code, ended.out) == (130, "")
    assert ended.err.endswith("error: interrupted\n")


def test_an_error_says_where_and_what_to_type_next(tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, command=refused)

    assert ended.code == 5
    assert ended.err == "error: main moved (main)\nhint: ropewalk merge x\n"


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    ended = subprocess.run(
        [PROGRAM, "schema", "phase1c_merge_results"],
        cwd=tmp_path,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (1, "")


def test_an_error_that_nobody_can_read_is_quiet(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    ended = subprocess.run(
        [PROGRAM, "status"], cwd=tmp_path, stdout=writer, stderr=writer, check=False
    )
    os.close(writer)

    assert ended.returncode == 1


def test_a_directory_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    ended = program(tmp_path, "-C", "missing", "status")

    assert ended.code == 2
    assert "'missing' does not exist" in ended.err


def test_an_error_is_told_with_its_trace_when_asked_for(tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, "-v", "status")

    assert ended.code == 2
    assert "Traceback" in ended.err


def test_schemas_are_json(tmp_path: Path) -> None:
    ended = ropewalk(tmp_path, "schema", "status")

    assert json.loads(ended.out)["title"] == "status"
    assert ropewalk(tmp_path, "--json", "schema", "--list").json["schemas"][0] == "plan"
