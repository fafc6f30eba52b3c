"""The report that a supervisor leaves for a later coordinator."""

import json
from pathlib import Path

import pytest

from ropewalk.process import EndedBy, Usage, read_report, run, shell_argv
from tests.process.trees import plain_environment

WHOLE = {
    "exit_code": 0,
    "signal": None,
    "ended_by": "exit",
    "duration_s": 1.5,
    "cpu_s": 0.25,
    "max_rss_kb": 1000,
    "block_reads": 1,
    "block_writes": 2,
    "swept": 3,
    "survivors": [4, 5],
}


def test_the_report_is_what_run_returned(tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    ended = run(shell_argv("echo x; exit 3"), cwd=tmp_path, env=plain_environment(), report=report)

    read = read_report(report)
    assert read is not None
    assert (read.exit_code, read.duration_s, read.usage) == (3, ended.duration_s, ended.usage)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_whole_report_is_read(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(WHOLE))

    ended = read_report(report)

    assert ended is not None
    assert (ended.ended_by, ended.swept, ended.survivors) == (EndedBy.EXIT, 3, (4, 5))
    assert ended.usage == Usage(cpu_s=0.25, max_rss_kb=1000, block_reads=1, block_writes=2)


def test_a_program_that_was_not_started_leaves_no_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    with pytest.raises(Exception, match="was not found"):
        run(["no-such-program"], cwd=tmp_path, env=plain_environment(), report=report)

    assert read_report(report) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        json.dumps({**WHOLE, "exit_code": "0"}),
        json.dumps({**WHOLE, "exit_code": True}),
        json.dumps({**WHOLE, "ended_by": "magic"}),
        json.dumps({**WHOLE, "survivors": None}),
        json.dumps({name: value for name, value in WHOLE.items() if name != "signal"}),
        "\ud800",
    ],
)
def test_a_damaged_report_counts_as_none(tmp_path: Path, content: str) -> None:
    report = tmp_path / "report.json"
    report.write_bytes(content.encode("utf-8", errors="surrogatepass"))

    assert read_report(report) is None
