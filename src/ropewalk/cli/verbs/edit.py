"""`ropewalk edit`: a person changes the plan; what cannot be used is kept, not lost."""

import os
import sys
import tempfile
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.verbs.plan import lines_of
from ropewalk.errors import InvalidInput


@click.command("edit")
@arguments.epic_argument
@with_flags
@pass_session
def command(session: Session, epic: str) -> int:
    """Change the plan of EPIC in $VISUAL or $EDITOR, before it is run."""
    workspace = arguments.open_workspace(session)
    text = api.plan_text(workspace, epic)
    editor = _require_editor()
    path = _temporary(epic, text)
    click.edit(filename=str(path), editor=editor)
    edited = path.read_bytes()
    if edited == text.encode():
        path.unlink()
        screen.tell(session, ["nothing was changed"])
        return _give_plan(session, workspace, epic)
    try:
        planned = api.edited_plan(workspace, epic, edited)
    except InvalidInput as error:
        raise InvalidInput(
            error.message,
            hint=f"{error.hint or 'nothing was changed'}; your text is kept in {path}",
            code=error.code,
            where=error.where,
        ) from error
    path.unlink()
    answer = api.Answer(document=planned.plan, path=planned.path)
    return answers.give(session, answer, lambda: lines_of(workspace, planned))


def _give_plan(session: Session, workspace: api.Workspace, epic: str) -> int:
    answer = api.Answer(
        document=api.require_plan(workspace, epic), path=workspace.layout.analysis(epic)
    )
    return answers.give(session, answer, lambda: [f"next: ropewalk run {epic}"])


def _require_editor() -> str | None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor and not sys.stdin.isatty():
        raise InvalidInput(
            "there is no editor and no terminal",
            hint="set EDITOR, or write the plan: ropewalk plan --from plan.yaml",
            code="no_editor",
        )
    return editor or None


def _temporary(epic: str, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f"{epic}-", suffix=".yaml")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return Path(name)
