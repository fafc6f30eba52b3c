"""`ropewalk report`: a whole run on one page, as markdown or as a web page."""

from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.verbs.graph import write_file
from ropewalk.errors import WrongPhase
from ropewalk.report.html import report_html
from ropewalk.report.markdown import report_markdown
from ropewalk.store.files import write_atomic


@click.command("report")
@arguments.epic_argument
@click.option("--html", "as_html", is_flag=True, help="Write report.html beside the results.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file.")
@with_flags
@pass_session
def command(session: Session, epic: str, *, as_html: bool, output: str | None) -> int:
    """Show all of EPIC on one page."""
    workspace = arguments.open_workspace(session)
    found = api.require_documents(workspace, epic)
    if found.aggregate is None:
        raise WrongPhase(
            f"'{found.epic_id}' is still being worked on", hint=f"ropewalk watch {found.epic_id}"
        )
    page = _page(found, found.aggregate, as_html=as_html)
    if output is not None:
        write_file(Path(session.directory) / output, page)
        screen.tell(session, [f"written {output}"])
    elif as_html:
        path = workspace.layout.html_report(found.epic_id)
        write_atomic(path, page.encode("utf-8", "backslashreplace"))
        screen.tell(session, [f"written {workspace.relative(path)}"])
    if session.as_json:
        return answers.give_document(session, found, lambda: ())
    if output is None and not as_html:
        click.echo(page)
    return 0


def _page(found: api.Documents, aggregate: api.Aggregate, *, as_html: bool) -> str:
    if as_html:
        return report_html(
            found.plan,
            aggregate,
            found.results,
            merge=found.merge,
            validation=found.validation,
            postmortem=found.postmortem,
        )
    return report_markdown(aggregate, found.results, found.merge)
