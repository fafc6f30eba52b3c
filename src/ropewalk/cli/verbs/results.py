"""`ropewalk results`: what came out, domain by domain."""

from collections.abc import Iterator

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, merge_screen, results_screen, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.errors import InvalidInput, WrongPhase


@click.command("results")
@arguments.epic_argument
@click.argument("domain", required=False)
@with_flags
@pass_session
def command(session: Session, epic: str, domain: str | None) -> int:
    """Show what git and the checks say about the domains of EPIC, or about one of them."""
    workspace = arguments.open_workspace(session)
    found = api.require_documents(workspace, epic)
    if domain is not None:
        return _one(session, workspace, found, domain)
    if found.aggregate is None:
        raise WrongPhase(
            f"'{found.epic_id}' is still being worked on", hint=f"ropewalk watch {found.epic_id}"
        )
    answer = api.Answer(document=found.aggregate, path=workspace.layout.aggregate(found.epic_id))
    return answers.give(session, answer, lambda: _lines(found))


def _lines(found: api.Documents) -> Iterator[str]:
    width = screen.columns()
    merged = merge_screen.review_lines(found.merge, width=width) if found.merge else ()
    yield from results_screen.detail_lines(
        found.results, found.aggregate, merge=found.merge, merged=merged
    )


def _one(session: Session, workspace: api.Workspace, found: api.Documents, domain: str) -> int:
    result = next((each for each in found.results if each.domain == domain), None)
    if result is None:
        known = ", ".join(each.domain for each in found.results)
        raise InvalidInput(
            f"there is no result of '{domain}' in {found.epic_id}", hint=f"there are {known}"
        )
    path = workspace.layout.domain_results(found.epic_id, domain)
    answer = api.Answer(document=result, path=path)
    return answers.give(session, answer, lambda: results_screen.domain_lines(result, found.merge))
