"""Every verb: where its command is, what it says about itself, and where help shows it.

The texts stand here, not in the modules, so that help needs none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

EVERY_DAY: Final = "A normal day"
LOOK: Final = "Look"
GO_ON: Final = "Go on, take back"
SET_UP: Final = "Set up and tidy"
GROUPS: Final = (EVERY_DAY, LOOK, GO_ON, SET_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb; ``module`` holds its click command under the name ``command``."""

    module: str
    help: str
    group: str


def _verb(name: str, group: str, text: str) -> Verb:
    return Verb(module=f"ropewalk.cli.verbs.{name}", help=text, group=group)


VERBS: Final[Mapping[str, Verb]] = {
    "plan": _verb("plan", EVERY_DAY, "split an epic into domains, each with its files"),
    "run": _verb("run", EVERY_DAY, "let the agents work, each in a worktree of its own"),
    "results": _verb("results", EVERY_DAY, "what came out, domain by domain"),
    "merge": _verb("merge", EVERY_DAY, "merge in order, check the merged tree, land it"),
    "status": _verb("status", LOOK, "where every epic stands"),
    "watch": _verb("watch", LOOK, "follow a run until it rests"),
    "logs": _verb("logs", LOOK, "what the agents did, what the checks printed"),
    "diff": _verb("diff", LOOK, "what the domains changed"),
    "conflicts": _verb("conflicts", LOOK, "which domains clash, also while agents work"),
    "graph": _verb("graph", LOOK, "draw the domains and their order, or the steps of a run"),
    "report": _verb("report", LOOK, "the whole run on one page"),
    "edit": _verb("edit", GO_ON, "change a plan in your editor before it is run"),
    "retry": _verb("retry", GO_ON, "another attempt of one domain on the work it kept"),
    "attach": _verb("attach", GO_ON, "how to go on by hand where an agent left off"),
    "collect": _verb("collect", GO_ON, "take in what you changed in the worktrees"),
    "resume": _verb("resume", GO_ON, "go on where a run was stopped or killed"),
    "land": _verb("land", GO_ON, "move the target branch to what was merged and checked"),
    "undo": _verb("undo", GO_ON, "take the last operation back"),
    "validate": _verb("validate", GO_ON, "check the merged tree, repair it with an agent"),
    "postmortem": _verb("postmortem", GO_ON, "what worked, what did not, against the plan"),
    "init": _verb("init", SET_UP, "write ropewalk.toml and the briefings"),
    "doctor": _verb("doctor", SET_UP, "look for what could stop work, and say what helps"),
    "clean": _verb("clean", SET_UP, "remove worktrees that are no longer needed"),
    "restore": _verb("restore", SET_UP, "bring removed worktrees back"),
    "demo": Verb(
        module="ropewalk.cli.demo.verb",
        help="see all of it in a throw-away repository, no account needed",
        group=SET_UP,
    ),
    "schema": _verb("schema", SET_UP, "the JSON Schema of a document"),
    "completions": _verb("completions", SET_UP, "a completion script for your shell"),
}
