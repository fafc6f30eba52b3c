"""The rules of ruff that keep programs, folders and environment in their one home."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUFF = Path(sys.executable).with_name("ruff")


def find_codes(checkout: Path, name: str, text: str) -> set[str]:
    ended = subprocess.run(
        [RUFF, "check", "--no-cache", "--output-format=json", f"--stdin-filename={name}", "-"],
        cwd=checkout,
        input=f'"""Text."""\n\n{text}\n',
        capture_output=True,
        check=False,
        text=True,
    )
    return {finding["code"] for finding in json.loads(ended.stdout)}


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess\n\nsubprocess.run(['true'], check=True)",
        "import os\n\nos.chdir('x')",
        "import os\n\nos.system('x')",
        "import os\n\nos.popen('x')",
        "import importlib\n\nimportlib.import_module('x')",
        "from unittest import" + " mock\n\nmock.patch('x')",
    ],
)
def test_banned_in_the_source(checkout: Path, text: str) -> None:
    assert "TID251" in find_codes(checkout, "src/ropewalk/epic/life.py", text)


@pytest.mark.parametrize(
    "name", ["git/command.py", "process.py", "process/pump.py", "_supervise.py"]
)
def test_programs_are_started_where_they_may_be(checkout: Path, name: str) -> None:
    text = 'import subprocess\n\nsubprocess.run(["/bin/true"], check=True)'

    assert find_codes(checkout, f"src/ropewalk/{name}", text) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("def f(x: int, y: bool) -> int:\n    return x if y else 0", "FBT001"),
        ("from . import model", "TID252"),
        ("def f():\n    return 1", "ANN201"),
        ("# TODO: later", "FIX002"),
        ("print('hello')", "T201"),
    ],
)
def test_house_style_is_held(checkout: Path, text: str, code: str) -> None:
    assert code in find_codes(checkout, "src/ropewalk/epic/life.py", text)


@pytest.mark.parametrize(("branches", "expected"), [(7, False), (8, True)])
def test_complexity_ends_at_eight(checkout: Path, branches: int, *, expected: bool) -> None:
    body = "".join(f"    if x == {n}:\n        y += {n}\n" for n in range(branches))
    text = f"def _f(x: int) -> int:\n    y = 0\n{body}    return y"

    assert ("C901" in find_codes(checkout, "src/ropewalk/a.py", text)) is expected
