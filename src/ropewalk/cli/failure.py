"""Errors in words: what is wrong, and as a hint what to type next. Nothing here raises."""

import contextlib
import errno
import json
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import click

from ropewalk import __version__
from ropewalk.cli.root import NoSuchVerb
from ropewalk.cli.session import Session
from ropewalk.cli.table import VERBS
from ropewalk.errors import RopewalkError, StorageError
from ropewalk.store.text import safe_text

USAGE, DEFECT, INTERRUPTED = 2, 1, 130


def show_any(error: Exception, session: Session, arguments: Sequence[str]) -> int:
    """Show whatever ended a command; return its exit code."""
    match error:
        case RopewalkError():
            return show(error, session)
        case click.Abort():
            return show_interrupted(session)
        case click.ClickException():
            return show_usage(error, session)
        case _:
            return show_defect(error, session, arguments)


def show(error: RopewalkError, session: Session) -> int:
    """Show an error that was raised on purpose; return its exit code."""
    if session.verbose:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    _say(session, error.code, error.message, hint=error.hint, where=error.where)
    return error.exit_code


def show_usage(error: click.ClickException, session: Session) -> int:
    """Show that the command line itself is wrong."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not session.as_json:
        click.echo(error.format_message(), err=True)
        return USAGE
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if isinstance(context, click.Context) else ""
    near = get_close_matches(error.word, VERBS, n=1) if isinstance(error, NoSuchVerb) else []
    meant = f"; did you mean {near[0]}?" if near else ""
    _say(session, "usage", error.format_message() + meant, hint=hint)
    return USAGE


def show_interrupted(session: Session) -> int:
    """Say that a person stopped the command."""
    _say(session, "interrupted", "interrupted", hint="")
    return INTERRUPTED


def show_defect(error: Exception, session: Session, arguments: Sequence[str]) -> int:
    """Show an error of ours: one line, and where its report is."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        return show(StorageError("the answer could not be written: the disk is full"), session)
    told = "".join(traceback.format_exception(error))
    if session.verbose:
        click.echo(told, err=True, nl=False)
    report = _write_report(told, Path(session.directory), arguments)
    kind = f"{type(error).__name__}: {error}".splitlines()[0]
    hint = f"please report it, with {report}" if report else "run it again with -v and report that"
    _say(session, "internal", f"this is a defect of ropewalk: {kind}", hint=hint)
    return DEFECT


def _say(session: Session, code: str, message: str, *, hint: str, where: str = "") -> None:
    if session.as_json:
        error = {"code": code, "message": message, "hint": hint, "where": where}
        text = json.dumps({"error": error}, ensure_ascii=False, indent=2)
        with contextlib.suppress(OSError):
            click.echo(text.encode("utf-8", "backslashreplace"))
    place = f" ({where})" if where else ""
    click.echo(safe_text(f"error: {message}{place}"), err=True)
    if hint:
        click.echo(safe_text(f"hint: {hint}"), err=True)


def _write_report(told: str, directory: Path, arguments: Sequence[str]) -> Path | None:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    text = (
        f"ropewalk {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: ropewalk {' '.join(arguments)}\n\n{told}"
    )
    try:
        name = f"error-{stamp}-{os.getpid()}.txt"
        path = _report_folder(directory) / name
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        click.echo(f"the report could not be written: {error}", file=sys.stderr)
        return None
    return path


def _report_folder(directory: Path) -> Path:
    """Return the folder of runs, which git does not see, or one for temporary files."""
    for folder in (directory, *directory.parents):
        runs = folder / ".workflow" / "runs"
        if runs.is_dir():
            return runs
    return Path(tempfile.gettempdir())
