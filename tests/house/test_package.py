"""What is built and installed is whole."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import ropewalk


def test_wheel_ships_every_file_of_the_package(checkout: Path, tmp_path: Path) -> None:
    package = checkout / "src" / "ropewalk"
    expected = {
        path.relative_to(checkout / "src").as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=checkout, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as opened:
        shipped = {name for name in opened.namelist() if name.startswith("ropewalk/")}

    assert shipped == expected
    assert {"ropewalk/py.typed", "ropewalk/__init__.py"} <= shipped


def test_version_is_said_once(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())

    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/ropewalk/__init__.py"
    assert ropewalk.__version__.count(".") == 2


def test_each_dependency_has_a_lower_and_an_upper_bound(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]

    for requirement in project["dependencies"]:
        assert ">=" in requirement
        assert ",<" in requirement


@pytest.mark.parametrize("module", ["anthropic", "git", "pydantic", "rich"])
def test_importing_the_package_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, ropewalk; sys.exit({module!r} in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=False)

    assert ended.returncode == 0
