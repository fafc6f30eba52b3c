"""Numbers, times and names as people read them. Pure."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from ropewalk.store.text import safe_text

DONE, BUSY, WAITING, ATTENTION, FAILED = "✓", "●", "○", "▲", "✗"
_MINUTE, _HOUR, _MINUTES_FROM = 60, 3600, 100


def clock(seconds: float) -> str:
    """Return elapsed time as ``mm:ss`` or ``h:mm:ss``."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"


def span(seconds: float) -> str:
    """Return a duration with its unit: ``3.2 s``, ``45 s``, ``14 min``, ``1 h 05 min``."""
    if seconds < 10:  # noqa: PLR2004 - one digit before the point
        return f"{max(0.0, seconds):.1f} s"
    if seconds < _MINUTES_FROM:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min"
    return f"{minutes // _MINUTE} h {minutes % _MINUTE:02} min"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 file``, ``1,204 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def lines_changed(insertions: int, deletions: int) -> str:
    """Return ``+118 −4``."""
    return f"+{insertions:,} −{deletions:,}"


def tokens(number: int) -> str:
    """Return ``412k tokens``."""
    thousand = 1000
    return f"{number} tokens" if number < thousand else f"{number / thousand:,.0f}k tokens"


def short(oid: str | None) -> str:
    """Return a commit as people name it."""
    return oid[:7] if oid else "-"


def branch(ref: str | None) -> str:
    """Return a ref as people name it."""
    return ref.removeprefix("refs/heads/") if ref else "no branch"


def plain(text: object) -> str:
    """Return foreign text made harmless, on one line."""
    return " ".join(safe_text(str(text)).split())


def few(items: Iterable[object], *, most: int = 3) -> str:
    """Return the first few items; how many there are beyond them is said."""
    known = [plain(item) for item in items]
    shown = ", ".join(known[:most])
    return f"{shown} and {len(known) - most} more" if len(known) > most else shown


def fit(text: str, width: int) -> str:
    """Return ``text`` cut to ``width`` columns, with an ellipsis where it was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def pad(text: str, width: int) -> str:
    """Return ``text`` filled up with blanks to ``width`` columns, or cut to them."""
    return set_cell_size(fit(text, width), width)


def next_lines(commands: Iterable[str], *, width: int = 80) -> list[str]:
    """Return what can be typed now, as lines of at most ``width`` columns where that is possible.

    Nothing when there is nothing to type.
    """
    lines: list[str] = []
    for command in commands:
        if lines and cell_len(lines[-1]) + cell_len(command) + 3 <= width:
            lines[-1] += f" · {command}"
        else:
            lines.append(f"{'      ' if lines else 'next: '}{command}")
    return lines


def table(rows: Iterable[Iterable[str]], *, widest: int = 24, gap: str = "  ") -> list[str]:
    """Return rows as aligned lines; no column but the last is wider than ``widest``."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if not cells:
        return []
    columns = max(len(row) for row in cells)
    widths = [
        min(widest, max(cell_len(row[at]) for row in cells if at < len(row)))
        for at in range(columns - 1)
    ]
    lines = []
    for row in cells:
        padded = [pad(cell, width) for cell, width in zip(row, widths, strict=False)]
        lines.append(gap.join([*padded, *row[columns - 1 :]]).rstrip())
    return lines
