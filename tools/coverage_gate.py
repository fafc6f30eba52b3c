"""Fails when too little of the code is run by the tests, in total or in a part that holds data.

Reads the report that `coverage json` wrote to `coverage.json`. A line or a branch counts once,
whichever process ran it. Prints a table; exits 1 when a part is below its floor and 2 when there
is no report.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "ropewalk/"
TOTAL = 90.0
FLOORS = {"model": 95.0, "store": 95.0, "git": 95.0, "engine": 95.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Statements and branches of one file or of a part: how many there are, how many were run."""

    possible: int
    run: int

    @property
    def percent(self) -> float:
        """Share that was run; a part without code counts as fully run."""
        return 100.0 if self.possible == 0 else 100.0 * self.run / self.possible


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; `floor` is None for parts that only count in the total."""

    name: str
    counts: Counts
    floor: float | None

    @property
    def is_low(self) -> bool:
        """Whether the part is below its floor."""
        return self.floor is not None and self.counts.percent < self.floor


def build_table(files: dict[str, Counts]) -> tuple[Row, ...]:
    """Sum files, named by their path below the package, into one row per part and a total."""
    parts: dict[str, list[Counts]] = {}
    for name, counts in files.items():
        part = name.split("/")[0] if "/" in name else "(top)"
        parts.setdefault(part, []).append(counts)
    rows = [
        Row(name=part, counts=_add(parts[part]), floor=FLOORS.get(part)) for part in sorted(parts)
    ]
    return (*rows, Row(name="total", counts=_add(files.values()), floor=TOTAL))


def load_counts(report: Path) -> dict[str, Counts]:
    """Read what was run of each module of the package from `coverage json`.

    Raises:
        OSError: there is no such report.
        ValueError: the report is not what `coverage json` writes.
    """
    counts: dict[str, Counts] = {}
    try:
        for name, entry in json.loads(report.read_bytes())["files"].items():
            summary = entry["summary"]
            counts[name.replace("\\", "/").rpartition(PACKAGE)[2]] = Counts(
                possible=summary["num_statements"] + summary["num_branches"],
                run=summary["covered_lines"] + summary["covered_branches"],
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{report} is not a report with branches: {error!r}") from error
    return counts


def _add(counts: Iterable[Counts]) -> Counts:
    listed = list(counts)
    return Counts(possible=sum(c.possible for c in listed), run=sum(c.run for c in listed))


def _format(row: Row) -> str:
    floor = "" if row.floor is None else f"at least {row.floor:.0f}"
    low = "LOW" if row.is_low else ""
    return f"{row.name:<12}{row.counts.percent:>7.2f} %  {floor:<12}{low}".rstrip()


def main() -> int:
    """Check the data in the current directory."""
    try:
        files = load_counts(Path("coverage.json"))
    except (OSError, ValueError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 2
    rows = build_table(files)
    for row in rows:
        print(_format(row))
    return 1 if any(row.is_low for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
