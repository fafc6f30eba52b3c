"""The contracts in pyproject.toml break when an import goes where it must not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FLOORS = (
    *("cli", "api", "epic", "flow", "compare", "report", "planner", "merging", "agents", "checks"),
    *("engine", "git", "sandbox", "store", "process", "model", "errors"),
)
LINT = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def package(checkout: Path, tmp_path: Path) -> Path:
    """A package with every floor and no imports, under the contracts of this project."""
    root = tmp_path / "ropewalk"
    for floor in FLOORS:
        (root / floor).mkdir(parents=True)
        (root / floor / "__init__.py").touch()
    (root / "__init__.py").touch()
    (root / "_supervise.py").touch()
    (tmp_path / "pyproject.toml").write_text((checkout / "pyproject.toml").read_text())
    return root


def lint(package: Path) -> tuple[int, str]:
    ended = subprocess.run(
        [str(LINT), "--no-cache"],
        cwd=package.parent,
        env=os.environ | {"PYTHONPATH": str(package.parent)},
        capture_output=True,
        check=False,
        text=True,
    )
    return ended.returncode, ended.stdout


def test_floors_without_imports_pass(package: Path) -> None:
    code, output = lint(package)

    assert code == 0, output
    assert "0 broken" in output


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("cli/show.py", "import click\nimport rich\nfrom ropewalk import api, errors\n"),
        ("store/schema.py", "import pydantic\n"),
        ("git/library.py", "import git\n"),
        ("agents/loop.py", "def call():\n    import anthropic\n    return anthropic\n"),
        ("planner/model.py", "import pydantic\nimport anthropic\n"),
        ("__main__.py", "import ropewalk.cli\n"),
    ],
)
def test_what_is_allowed_passes(package: Path, module: str, text: str) -> None:
    (package / module).write_text(text)

    code, output = lint(package)

    assert code == 0, output


@pytest.mark.parametrize(
    ("module", "text", "contract"),
    [
        ("store/files.py", "import ropewalk.engine\n", "Imports go down only"),
        ("store/files.py", "def f():\n    import ropewalk.git\n", "Imports go down only"),
        ("epic/life.py", "import ropewalk.flow\n", "Imports go down only"),
        ("_supervise.py", "import ropewalk.errors\n", "Imports go down only"),
        ("attic.py", "", "Imports go down only"),
        ("report/html.py", "import rich\n", "Only cli talks to the terminal"),
        ("store/files.py", "import pydantic\n", "Outside data is parsed in store"),
        ("merging/train.py", "import git\n", "GitPython stays behind the one door to git"),
        ("epic/life.py", "import anthropic\n", "The model API is called by agents and planner"),
    ],
)
def test_what_is_not_allowed_breaks_its_contract(
    package: Path, module: str, text: str, contract: str
) -> None:
    (package / module).write_text(text)

    code, output = lint(package)

    assert code == 1
    assert any(line.startswith(contract) and "BROKEN" in line for line in output.splitlines())


def test_a_cycle_inside_a_floor_is_found(package: Path) -> None:
    (package / "git" / "a.py").write_text("import ropewalk.git.b\n")
    (package / "git" / "b.py").write_text("def f():\n    import ropewalk.git.a\n")

    code, output = lint(package)

    assert code == 1
    assert "No cycles inside a floor BROKEN" in output
