"""The demo as a row of commands: each is shown as a person would type it, and then is carried out.

A command of ropewalk goes through the command line itself. An exit code other than the one that
the story tells of ends the demo with exit code 1.
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from ropewalk.cli import screen, words
from ropewalk.cli.demo import scenes
from ropewalk.cli.demo.files import read_files
from ropewalk.cli.demo.repository import EPIC, PLAN
from ropewalk.cli.root import root
from ropewalk.cli.session import Session
from ropewalk.errors import Interrupted, RopewalkError
from ropewalk.git.command import GitContext, run

DONE, CONFLICT, PARTIAL = 0, 3, 6
_RESOLVED = "api/responses.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the story is played and how it is told."""

    session: Session
    folder: Path

    def say(self, *lines: str) -> None:
        """Tell something; beside a JSON document it is narration."""
        if self.session.as_json:
            screen.tell(self.session, lines)
        elif not self.session.quiet:
            screen.show(lines)

    def type(self, *arguments: str, expected: int) -> None:
        """Show a command of ropewalk and carry it out.

        Raises:
            Interrupted: the person stopped it; the hint says how to go on.
            RopewalkError: it did not end with the exit code that was expected.
        """
        self.say(f"$ ropewalk {' '.join(arguments)}")
        try:
            code = self._carry_out(arguments)
        except Interrupted as error:
            go_on = f"cd {self.folder} && ropewalk resume {EPIC}"
            raise Interrupted(error.message, hint=go_on) from error
        except RopewalkError as error:
            raise self.unexpected(f"'{arguments[0]}' failed: {error}") from error
        if code != expected:
            raise self.unexpected(f"'{arguments[0]}' ended with exit code {code}, not {expected}")
        self.say("")

    def git(self, *arguments: str, at: str = "") -> str:
        """Show a command of git, carry it out, return what it printed."""
        place = ("-C", at) if at else ()
        self.say(f"$ git {' '.join((*place, *arguments))}")
        return run(GitContext(directory=self.folder / at), *arguments).text

    def unexpected(self, what: str) -> RopewalkError:
        """Return the error for a story that went another way than it tells."""
        return RopewalkError(
            f"the demo did not go as it tells: {what}",
            hint=f"everything is kept: cd {self.folder} && ropewalk status",
            code="demo",
        )

    def _carry_out(self, arguments: Sequence[str]) -> object:
        flags = [flag for flag, is_on in self._flags() if is_on]
        argv = ["-C", str(self.folder), *flags, *arguments]
        if not self.session.as_json:
            return root.main(args=argv, prog_name="ropewalk", standalone_mode=False)
        with redirect_stdout(sys.stderr):
            return root.main(args=argv, prog_name="ropewalk", standalone_mode=False)

    def _flags(self) -> tuple[tuple[str, bool], ...]:
        return ("--quiet", self.session.quiet), ("--verbose", self.session.verbose)


def play(stage: Stage) -> None:
    """Play the whole story.

    Raises:
        RopewalkError: something went another way than the story tells.
    """
    _plan(stage)
    _run(stage)
    _merge(stage)
    _resolve(stage)
    _look_back(stage)


def _plan(stage: Stage) -> None:
    stage.say(
        "1. PLAN. An epic is split into domains: who changes which files, what merges",
        "   after what. This split was written by hand; without --from, ropewalk makes",
        "   one.",
        "",
    )
    stage.type("plan", "--from", PLAN, expected=DONE)


def _run(stage: Stage) -> None:
    stage.say(
        "2. RUN. Each domain has a worktree and an agent of its own, and all work at the",
        "   same time. Your checkout is not touched. One agent will fail at first, and be",
        "   tried again: ropewalk.toml says retries = 1.",
        "",
    )
    stage.type("run", EPIC, expected=DONE)
    retried = scenes.retried(stage.folder)
    if not retried:
        raise stage.unexpected("no agent was tried again")
    stage.say(*retried, "")


def _merge(stage: Stage) -> None:
    stage.say(
        "3. MERGE. In the order of the plan, beside your checkout. First a dry run, which",
        "   writes nothing: it shows that two agents changed the same line.",
        "",
    )
    stage.type("merge", EPIC, "--dry-run", expected=CONFLICT)
    stage.say(
        "   Nothing is decided silently. By itself ropewalk would try resolutions and take",
        "   one that the tests prove; here it is told not to. Let us land what merges and",
        "   park the rest. ./check, which runs the tests, has to pass on exactly the commit",
        "   that lands.",
        "",
    )
    stage.type("merge", EPIC, "--resolve", "off", "--on-conflict", "park", expected=PARTIAL)
    conflict = scenes.conflict(stage.folder)
    if not conflict:
        raise stage.unexpected("no domain was parked with a conflict")
    stage.say(*conflict, "")


def _resolve(stage: Stage) -> None:
    stage.say(
        "4. RESOLVE. The parked domain is not lost. Its conflict is opened in a worktree:",
        "",
    )
    stage.type("merge", EPIC, "--resolve", "off", "--on-conflict", "stop", expected=CONFLICT)
    place = scenes.resolution_place(stage.folder)
    path = f"{place}/{_RESOLVED}"
    marked = scenes.marked_lines(stage.folder / path)
    if not marked:
        raise stage.unexpected(f"{path} holds no conflict")
    stage.say(f"   {path}", "   has both sides, and what was there before them:", *marked, "")
    stage.say("   Both headers are wanted. You would edit the file; the demo does it for you:")
    text = read_files("feature", "resolved")[_RESOLVED]
    (stage.folder / path).write_text(text, encoding="utf-8")
    stage.say(*scenes.resolved_lines(text), "")
    stage.git("add", _RESOLVED, at=place)
    stage.type("merge", EPIC, "--continue", expected=DONE)


def _look_back(stage: Stage) -> None:
    log = stage.git("log", "--oneline", "--graph", "main")
    stage.say(*(f"  {line.rstrip()}" for line in log.splitlines()), "")
    stage.say(
        f"{words.DONE} The epic is on main: three agents, one failed attempt, one conflict, two",
        "  landings, each checked on the very commit that landed. The agents were",
        "  scripted; a real one is a few lines in",
        f"  {stage.folder / 'ropewalk.toml'}",
        "",
        f"  cd {stage.folder}",
        *scenes.way_to_program(),
        f"  ropewalk results {EPIC:<16} what each agent did, its checks, its log",
        f"  ropewalk report {EPIC:<17} the whole run on one page",
        f"  ropewalk undo {EPIC:<19} take the last landing back",
        f"  {'python3 -m api':<33} the application, on http://127.0.0.1:8000/",
        "",
        "In a repository of yours:  ropewalk init, then ropewalk plan EPIC.md",
    )
