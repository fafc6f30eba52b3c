import json
from pathlib import Path

import pytest

from ropewalk.checks.detect import detect_checks


def write(top: Path, **files: str) -> None:
    for name, text in files.items():
        (top / name.replace("__", ".")).write_text(text, encoding="utf-8")


def test_an_unknown_project_has_no_checks(tmp_path: Path) -> None:
    write(tmp_path, README__md="# Nothing\n")

    assert detect_checks(tmp_path) == ()


def test_a_makefile_speaks_for_the_whole_project(tmp_path: Path) -> None:
    write(tmp_path, Makefile="VAR := 1\nlint: x\n\ttrue\ntest:\n\ttrue\n", go__mod="module x\n")

    assert detect_checks(tmp_path) == ("make lint", "make test")


def test_the_check_target_stands_in_for_test(tmp_path: Path) -> None:
    write(tmp_path, Makefile="check:\n\ttrue\n")

    assert detect_checks(tmp_path) == ("make check",)


def test_a_makefile_without_such_targets_is_not_used(tmp_path: Path) -> None:
    write(tmp_path, Makefile="build:\n\ttrue\ntest := 1\n", Cargo__toml="[package]\n")

    assert detect_checks(tmp_path) == ("cargo test --quiet",)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("noxfile.py", "", ("nox",)),
        ("tox.ini", "[tox]\n", ("tox",)),
        ("pyproject.toml", "[tool.tox]\n", ("tox",)),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", ("pytest -q",)),
        ("pyproject.toml", "[tool.ruff]\n[tool.pytest.x]\n", ("ruff check .", "pytest -q")),
        ("pyproject.toml", "not toml", ()),
        ("pyproject.toml", "tool = 3\n", ()),
        ("pytest.ini", "[pytest]\n", ("pytest -q",)),
        ("setup.cfg", "[tool:pytest]\n", ("pytest -q",)),
        ("ruff.toml", "", ("ruff check .",)),
        ("go.mod", "module x\n", ("go vet ./...", "go test ./...")),
    ],
)
def test_configuration_files_name_the_tools(
    tmp_path: Path, name: str, text: str, expected: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert detect_checks(tmp_path) == expected


def test_a_folder_of_tests_asks_for_pytest(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text("", encoding="utf-8")

    assert detect_checks(tmp_path) == ("pytest -q",)


@pytest.mark.parametrize(
    ("lock", "runner"),
    [("package-lock.json", "npm"), ("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn")],
)
def test_scripts_of_a_package_run_with_its_own_tool(tmp_path: Path, lock: str, runner: str) -> None:
    scripts = {"test": "vitest", "build": "tsc", "lint": "eslint .", "start": "node x"}
    write(tmp_path, package__json=json.dumps({"scripts": scripts}))
    (tmp_path / lock).write_text("", encoding="utf-8")

    assert detect_checks(tmp_path) == tuple(
        f"{runner} run {name}" for name in ("lint", "build", "test")
    )


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"scripts": []}',
        '{"scripts": {"test": 3}}',
        '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}',
    ],
)
def test_a_package_without_usable_scripts_has_no_checks(tmp_path: Path, text: str) -> None:
    write(tmp_path, package__json=text)

    assert detect_checks(tmp_path) == ()


def test_a_linked_configuration_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("test:\n\ttrue\n", encoding="utf-8")
    top = tmp_path / "top"
    top.mkdir()
    (top / "Makefile").symlink_to(outside)

    assert detect_checks(top) == ()
