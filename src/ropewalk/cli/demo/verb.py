"""`ropewalk demo`: see it work, without an agent of your own."""

from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers
from ropewalk.cli.demo import repository, scenes
from ropewalk.cli.demo.story import Stage, play
from ropewalk.cli.session import Session, pass_session, with_flags

_PACE_S = 0.4


@click.command("demo")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Make it here.")
@click.option(
    "--pace",
    type=click.FloatRange(min=0, max=10),
    default=_PACE_S,
    metavar="SECONDS",
    help=f"Between two steps of an agent ({_PACE_S:g}).",
)
@with_flags
@pass_session
def command(session: Session, into: Path | None, pace: float) -> int:
    """Take a whole epic from plan to landing, in a small application made for it.

    The agents are scripted: no model is asked, no key is needed, nothing goes over the network.
    """
    folder = repository.choose_folder(Path(session.directory), into)
    stage = Stage(session=session, folder=folder)
    files = repository.make_repository(folder, pace_s=pace)
    stage.say(
        f"A small application, a service that keeps notes: {files} files, one commit, in",
        f"  {folder}",
        "Three agents will add user authentication to it. They are scripted: they play a",
        "recording, with the tools of real ones. No model is asked, no key is needed,",
        "nothing goes over the network. What they write is real, and is tested.",
        "",
    )
    avoided = Path(session.directory) if into is None else None
    stage.say(*repository.warn_of_neighbours(folder, avoided))
    stage.say(f"$ cd {folder}", "")
    play(stage)
    return _end(session, folder)


def _end(session: Session, folder: Path) -> int:
    """Give the report of the last merge, which landed."""
    report = scenes.report(folder)
    if report is None or not session.as_json:
        return 0
    path = api.open_workspace(folder).layout.merge_results(repository.EPIC)
    return answers.give(session, api.Answer(document=report, path=path), tuple)
