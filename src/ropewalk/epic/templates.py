"""The text of a new ropewalk.toml: what was found, and what else can be said, commented out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk.model.config import DomainRule
from ropewalk.store.text import safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAgent:
    """A coding agent whose program is installed; ``problem`` says why it is not ``usable``.

    ``allowed`` says in words what it may do unless the configuration says otherwise.
    """

    name: str
    program: str
    usable: bool
    version: str | None = None
    problem: str = ""
    allowed: str = ""


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
# include = [".env*"]       # ignored files to copy, by pattern; never committed
# setup = ["npm ci"]        # what it made is copied as long as the lock files are the same
# ports = 10                # ROPEWALK_PORT and the next ones belong to one worktree alone
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
    usable = [agent for agent in agents if agent.usable]
    lines = [line for agent in usable for line in _usable(agent, is_first=agent is usable[0])]
    lines += [line for agent in agents if not agent.usable for line in _unusable(agent)]
    return lines if usable else [*lines, *_EXAMPLE]


def _usable(agent: FoundAgent, *, is_first: bool) -> list[str]:
    version = f"version {_comment(agent.version)}, found as " if agent.version else "found as "
    may = [f"# It may: {_comment(agent.allowed)}."] if agent.allowed else []
    return [
        f"# {version}{_comment(agent.program)}",
        *may,
        f"[agents.{agent.name}]",
        f"kind = {_text(agent.name)}",
        *(_OPTIONS if is_first else ()),
        "",
    ]


_OPTIONS = (
    '# model = "…"              # the program\'s own default unless you name one',
    '# permission = "edit"      # "read": changes nothing; "full": anything, without asking',
    "# timeout_s = 3600.0",
    "# budget_usd = 5.0         # of one attempt, as far as the program tells what it costs",
)


def _unusable(agent: FoundAgent) -> list[str]:
    return [
        f"# {agent.name} is installed ({_comment(agent.program)}), but cannot be used:",
        f"# {_comment(agent.problem) or 'it did not say why'}",
        f"# [agents.{agent.name}]",
        f"# kind = {_text(agent.name)}",
        "",
    ]


def _comment(text: str | None) -> str:
    """Return foreign text fit for a comment: one line, nothing that cannot be seen."""
    return " ".join(safe_text(text or "").split())


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
