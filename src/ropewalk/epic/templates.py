"""The text of a new ropewalk.toml: what was found, and what else can be said, commented out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk.model.config import DomainRule


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAgent:
    """A coding agent whose program is installed; ``usable`` when this version can drive it."""

    name: str
    program: str
    usable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a project tells about itself."""

    agents: tuple[FoundAgent, ...] = ()
    checks: tuple[str, ...] = ()
    rules: tuple[DomainRule, ...] = ()


def config_text(found: Found) -> str:
    """Return a configuration that says what was found; it loads as it is."""
    parts = (
        _HEAD,
        *_run(found.agents),
        *_agents(found.agents),
        *_checks(found.checks),
        _REST,
        *_rules(found.rules),
    )
    return "\n".join(parts).rstrip("\n") + "\n"


_HEAD = """\
# How ropewalk works on this repository. Everything may be left out; unknown keys are errors.
# Commit this file. `ropewalk schema config` describes every key, `ropewalk doctor` checks it.
"""

_REST = """\
[merge]
# on_conflict = "report"    # what nothing resolves or mends: report, stop, park or agent
# resolve = "verify"        # take resolutions that the checks prove; "suggest": only shown; "off"
# on_clash = "report"       # agents at work on the same lines: you are told; "tell": they, too
# fix_attempts = 2          # how often an agent may try; which: agent = "NAME", else that of [run]
# scope = "strict"          # a change outside a domain's files makes it partial; "warn": only said
# squash = false            # true: one commit for each domain

# [worktree]                # what a fresh worktree needs beyond the files that git knows
# symlink = ["node_modules"]
# copy = [".env.example"]
# setup = ["make deps"]
"""


def _run(agents: Sequence[FoundAgent]) -> list[str]:
    usable = [agent for agent in agents if agent.usable]
    lines = ["[run]"]
    if usable:
        lines.append(f"agent = {_text(usable[0].name)}")
    else:
        lines.append('# agent = "mine"           # one of [agents.NAME]')
    return [
        *lines,
        "# jobs = 4                 # agents at work at once; default: all that fit into memory",
        "# budget_usd = 10.0",
        "",
    ]


def _agents(agents: Sequence[FoundAgent]) -> list[str]:
    lines = []
    for agent in agents:
        mark = "" if agent.usable else "# "
        if not agent.usable:
            lines.append(
                f"# {agent.name} is installed ({agent.program}), but this version cannot drive it "
                "by itself:"
            )
            lines.append("# give its command line with kind = \"command\" and shell = '…'.")
        lines.append(f"{mark}[agents.{agent.name}]")
        lines.append(f"{mark}kind = {_text(agent.name if agent.usable else 'command')}")
        if not agent.usable:
            lines.append("# shell = '…'")
        lines.append("")
    if not any(agent.usable for agent in agents):
        lines += _EXAMPLE
    return lines


_EXAMPLE = [
    "# Any program that reads its task from stdin and changes the files around it:",
    "# [agents.mine]",
    '# kind = "command"',
    "# shell = 'my-agent --yes'",
    "# timeout_s = 3600.0",
    "# retries = 1",
    "",
]


def _checks(checks: Sequence[str]) -> list[str]:
    if checks:
        return [
            "[checks]                   # found in this repository; all must pass before landing",
            f"commands = [{', '.join(map(_text, checks))}]",
            "# timeout_s = 1800.0",
            "",
        ]
    return [
        "[checks]",
        "# Without any check, landing needs --unchecked.",
        "# commands = ['make test']",
        "",
    ]


def _rules(rules: Sequence[DomainRule]) -> list[str]:
    if not rules:
        return [
            "# [[domain]]               # rules for splitting epics; without any, the planner",
            '# name = "database"        # goes by what it finds in the files',
            '# files = ["db/**"]',
            "# depends_on = []",
        ]
    lines = ["# Rules for splitting epics, proposed from the folders; change them freely.", ""]
    for rule in rules:
        lines += [
            "[[domain]]",
            f"name = {_text(rule.name)}",
            f"files = [{', '.join(map(_text, rule.files))}]",
            *([f"briefing = {_text(rule.briefing)}"] if rule.briefing else []),
            "",
        ]
    return lines


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
