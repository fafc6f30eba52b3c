"""`tools.coverage_gate` lets nothing below its floor pass."""

import json
from pathlib import Path

import pytest

from tools.coverage_gate import Counts, build_table, load_counts, main


def write_report(path: Path, files: dict[str, tuple[int, int, int, int]]) -> None:
    names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    entries = {
        name: {"summary": dict(zip(names, numbers, strict=True))} for name, numbers in files.items()
    }
    path.write_text(json.dumps({"files": entries}))


def test_branches_count_like_lines(tmp_path: Path) -> None:
    write_report(tmp_path / "c.json", {"src/ropewalk/git/refs.py": (10, 9, 4, 1)})

    assert load_counts(tmp_path / "c.json") == {"git/refs.py": Counts(possible=14, run=10)}


def test_parts_are_summed_and_the_total_is_last() -> None:
    rows = build_table(
        {
            "errors.py": Counts(possible=10, run=10),
            "git/a.py": Counts(possible=50, run=50),
            "git/b/c.py": Counts(possible=50, run=40),
        }
    )

    assert [(row.name, row.counts.possible, row.counts.run, row.is_low) for row in rows] == [
        ("(top)", 10, 10, False),
        ("git", 100, 90, True),
        ("total", 110, 100, False),
    ]


def test_no_code_is_not_low() -> None:
    assert Counts(possible=0, run=0).percent == 100.0


@pytest.mark.parametrize(
    ("covered", "expected"),
    [(100, 0), (95, 0), (94, 1)],
)
def test_exit_code_follows_the_floor_of_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, covered: int, expected: int
) -> None:
    monkeypatch.chdir(tmp_path)
    write_report(
        Path("coverage.json"),
        {"src/ropewalk/store/a.py": (100, covered, 0, 0), "src/ropewalk/cli/b.py": (100, 90, 0, 0)},
    )

    assert main() == expected


def test_low_part_is_marked_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_report(Path("coverage.json"), {"src/ropewalk/store/a.py": (100, 80, 0, 0)})

    main()

    assert capsys.readouterr().out.splitlines() == [
        "store         80.00 %  at least 95 LOW",
        "total         80.00 %  at least 90 LOW",
    ]


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"files": {"a": {}}}'])
def test_without_a_usable_report_nothing_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("coverage.json").write_text(content)

    assert main() == 2
