"""`tools.sizes` finds what is too large, and nothing else."""

from pathlib import Path

import pytest

from tools.sizes import Limits, find_too_large, main


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_what_is_just_within_the_limits_passes(tmp_path: Path) -> None:
    write(tmp_path, "src/ropewalk/a/b/module.py", "def f():\n    x = 1\n    return x\n")
    write(tmp_path, "README.md", "1\n2\n3\n")

    assert list(find_too_large(tmp_path, Limits(module=3, function=3, depth=2, readme=3))) == []


def test_each_kind_of_excess_is_named_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "src/ropewalk/a/b/c/deep.py", "")
    write(tmp_path, "src/ropewalk/long.py", "x = 1\n" * 4)
    write(tmp_path, "tests/test_it.py", "\n\nasync def test_it():\n    x = 1\n    assert x\n")
    write(tmp_path, "README.md", "1\n2\n3\n4\n")

    found = list(find_too_large(tmp_path, Limits(module=3, function=2, depth=2, readme=3)))

    assert found == [
        "src/ropewalk/long.py: 4 lines, at most 3",
        "tests/test_it.py: 5 lines, at most 3",
        "tests/test_it.py:3: test_it: 3 lines, at most 2",
        "src/ropewalk/a/b/c/deep.py: 3 folders deep, at most 2",
        "README.md: 4 lines, at most 3",
    ]


def test_exit_code_says_whether_something_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main() == 0
    write(tmp_path, "tools/long.py", "x = 1\n" * 401)
    assert main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "sizes: all within the limits",
        "tools/long.py: 401 lines, at most 400",
        "sizes: 1 over the limit",
    ]
