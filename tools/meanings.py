"""What the generated reference says about each key, word and file; `tools.reference` needs all."""

from collections.abc import Mapping
from typing import Final

from ropewalk.agents.table import ADAPTERS


def _memory_by_kind() -> str:
    needs = sorted((adapter.default_memory_mb, kind.value) for kind, adapter in ADAPTERS.items())
    return ", ".join(f"{megabytes} for `{kind}`" for megabytes, kind in needs)


TABLES: Final[Mapping[str, str]] = {
    "run": "How agents are run.",
    "planner": "Who splits an epic.",
    "merge": "What merging and judging go by.",
    "checks": "What must pass before anything lands.",
    "worktree": "What a fresh worktree needs beyond the files that git knows.",
    "author": "Who signs the commits that ropewalk makes.",
    "cache": "What is remembered of checks and of answers to planners, in `.workflow/cache/`.",
    "resources": "`NAME = amount`.",
    "prices.MODEL": "USD per million tokens; MODEL is its name as the agent tells it, with or "
    "without the provider before a slash and the date behind it.",
    "[domain]": "A rule of the static planner; written `[[domain]]`, once for each rule.",
    "agents.NAME": "An agent; NAME is yours.",
}

KEYS: Final[Mapping[str, str]] = {
    "run.agent": "The agent of a domain that names none.",
    "run.jobs": "Domains at work at once; without it all, as far as memory and slots go.",
    "run.worktree_root": "Where worktrees stand, relative to the repository (`.worktrees`).",
    "run.budget_usd": "What a run may cost. Refused with an agent whose cost cannot be known.",
    "planner.default": "`static`, `model` or `agent`: who plans for `plan` and `run` unless "
    "`--planner` says otherwise.",
    "planner.agent": "The agent that plans for `agent`, reading only; without it `run.agent`.",
    "planner.model": "The model that plans for `model`; needed there, none is chosen for you.",
    "merge.on_conflict": "What a conflict or a failed check does: `report` lands nothing, `stop` "
    "opens a worktree to resolve it in, `park` lands the rest; `agent` lets one try.",
    "merge.resolve": "Whether automatic resolutions are taken: `verify` takes those that the "
    "checks prove, `suggest` only shows them, `off` looks for none.",
    "merge.candidates_max": "How many resolutions made from both sides are tried for a conflict.",
    "merge.fix_attempts": "How often an agent may try to resolve a conflict or to repair a failed "
    "check; 0: never.",
    "merge.hooks": "Whether `pre-merge-commit` and `commit-msg` are asked before a landing.",
    "merge.squash": "One commit for each domain.",
    "merge.scope": "What a change outside a domain's files does: `strict` makes the domain "
    "partial, `warn` only says so.",
    "merge.on_clash": "Whether agents at work are told that they change the same lines.",
    "merge.agent": "The agent for conflicts, repairs and the look back; without it `run.agent`.",
    "checks.commands": "Shell commands that must pass on the merged tree.",
    "checks.timeout_s": "How long each of them may take.",
    "worktree.include": "Patterns, as in `.gitignore`, of ignored files of yours to copy.",
    "worktree.copy": "Paths to copy from your checkout.",
    "worktree.symlink": "Paths to link to your checkout.",
    "worktree.setup": "Shell commands to run in each new worktree, in this order; what one made "
    "is copied to further worktrees where that is certain to be the same.",
    "worktree.ports": "How many ports in a row each worktree gets for itself, as `ROPEWALK_PORT` "
    "and `ROPEWALK_PORTS`.",
    "author.name": "Without it what git says.",
    "author.email": "Without it what git says.",
    "cache.max_size": "The largest size, such as `500 MB`: when an answer is added, what was "
    "unused for longest goes.",
    "cache.ttl_hours": "How long the answer of a model or an agent that planned counts.",
    "resources": "`memory_mb`: what all agents at work may take together; without it what is free "
    "when the verb begins. `checks`: checks of domains at once; without it one for each CPU. Other "
    "names are kept for steps of workflows.",
    "prices.MODEL.input": "Tokens sent.",
    "prices.MODEL.output": "Tokens received.",
    "prices.MODEL.cache_read": "Tokens read from a cache; without it as `input`.",
    "prices.MODEL.cache_write": "Tokens written to a cache; without it as `input`.",
    "[domain].name": "The name of the domains that it makes.",
    "[domain].files": "Patterns, as in `.gitignore`, of the files that belong together.",
    "[domain].depends_on": "Domains that merge before it.",
    "[domain].briefing": "The file `briefings/<name>.md`; without it by the kind of the files.",
    "[domain].checks": "Shell commands that must pass on the work of the domain.",
    "agents.NAME.kind": "`claude`, `codex`, `gemini`, `opencode`, `copilot`, `qwen`: the program "
    "of that name. `anthropic`: the built-in agent. `acp`: any program that speaks the Agent "
    "Client Protocol. `command`: any other. `script`: plays recorded turns, without a model.",
    "agents.NAME.argv": "The program and its arguments (kinds `command` and `acp`).",
    "agents.NAME.shell": "A command line for bash instead of `argv` (kind `command`).",
    "agents.NAME.program": "The path of the program, in place of its name or of the first word of "
    "`argv`; a relative path is taken from the repository, as in `argv` and `script`.",
    "agents.NAME.args": "Further arguments of the program; behind `argv`, or as `$1` … of `shell`. "
    "With `acp` and `anthropic` options of ropewalk's own side: [acp](../agents/acp.md), "
    "[anthropic](../agents/anthropic.md).",
    "agents.NAME.model": "The model, as the program calls it; without it the program's own choice. "
    "Needed by `anthropic`, not told to `command` and `script`.",
    "agents.NAME.env": "Variables that it sees, with their values.",
    "agents.NAME.env_pass": "Names of variables of yours that it may see besides those of its "
    "provider, which need not be named.",
    "agents.NAME.home": "`user`: your HOME, so that log-ins work, the default; `private`: an empty "
    "one for each attempt, the default of `command` and `script`.",
    "agents.NAME.permission": "`read`: change nothing; `edit`: what its work needs; `full`: "
    "anything, without asking. What that means for each kind stands on its page; `command` and "
    "`script` are not held to it.",
    "agents.NAME.timeout_s": "How long an attempt may take.",
    "agents.NAME.idle_timeout_s": "How long it may print nothing.",
    "agents.NAME.max_turns": "How many turns an attempt may take (`claude`, `qwen`, `anthropic`; "
    "`gemini` with a private HOME). Without it 100 for `anthropic`, no limit for others.",
    "agents.NAME.budget_usd": "What an attempt may cost. Refused where that cannot be known.",
    "agents.NAME.retries": "Further attempts after one that failed, in the same worktree and with "
    "the same session where the agent can.",
    "agents.NAME.memory_mb": "What one of it needs; bounds how many work at once. Without it "
    f"{_memory_by_kind()}.",
    "agents.NAME.slots": "How many of it may work at once; without it as many as fit into memory.",
    "agents.NAME.script": "The file with the recorded turns (kind `script`).",
}

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "done",
    1: "failed: the message says what",
    2: "usage, or input that cannot be used; nothing was changed",
    3: "a conflict waits for a decision",
    4: "a check failed on the merged tree",
    5: "the target moved, landing was refused, or no check is configured",
    6: "in part: some domains failed, or were left out of the merge",
    7: "no agent succeeded",
    8: "another ropewalk is at work on this epic",
    9: "paused",
    130: "interrupted; everything is kept for `resume`",
}

OUTCOMES: Final[Mapping[str, str]] = {
    "ok": "ended in order",
    "nothing_to_do": "said that nothing was to be done",
    "nonzero_exit": "ended with another exit code than 0",
    "timeout": "took longer than `timeout_s`",
    "idle": "printed nothing for `idle_timeout_s`",
    "budget": "reached its budget",
    "cancelled": "was stopped",
    "rate_limited": "its service asked to wait",
    "refused": "its model refused",
    "limit": "reached its turns, tokens or context",
    "auth": "its log-in was not accepted",
    "crashed": "was ended by a signal, or its supervisor was lost",
    "error": "said that it failed",
    "interrupted": "ropewalk was stopped or killed meanwhile",
    "blocked": "was not started: a domain that it builds on did not succeed",
}

REASONS: Final[Mapping[str, str]] = {
    "tampered": "something outside its worktree was changed while it was at work",
    "history_rewritten": "its head is no longer a descendant of its base",
    "blocked": "a domain that it builds on did not succeed",
    "interrupted": "ropewalk was stopped while it was at work",
    "missing_result": "the plan requires an account, and there is none",
    "invalid_result": "the plan requires an account, and it cannot be read",
    "timeout": "the attempt took too long",
    "idle": "the attempt printed nothing for too long",
    "budget": "the attempt reached its budget",
    "cancelled": "the attempt was stopped",
    "rate_limited": "the service of the agent asked to wait",
    "refused": "the model of the agent refused",
    "limit": "the agent reached its turns, tokens or context",
    "auth": "the log-in of the agent was not accepted",
    "crashed": "the agent was ended by a signal, or its supervisor was lost",
    "agent_failed": "the agent failed and left no work",
    "failed_with_work": "the agent failed and left work",
    "out_of_scope": "files outside those of the domain were changed",
    "check_failed": "a check of the domain failed on its work",
    "no_changes": "nothing was changed",
}

MERGE: Final[Mapping[str, str]] = {
    "landed": "the target branch is at the train",
    "built": "merged and checked, not landed",
    "conflict": "a domain conflicts; nothing has landed",
    "validation_failed": "a check failed on the merged tree; nothing has landed",
    "land_refused": "the target moved, a file of yours is in the way, or no check is configured",
    "aborted": "taken back before it landed",
    "undone": "taken back after it had landed",
}

MERGED_DOMAINS: Final[Mapping[str, str]] = {
    "merged": "part of the train",
    "nothing_to_merge": "the target has its work already",
    "conflict": "does not merge with what is in the train",
    "resolved": "part of the train, its conflict resolved",
    "skipped": "left out: it did not succeed, or `--skip`",
    "parked": "left out, because it conflicts",
    "blocked": "left out, because a domain that it depends on is",
    "ejected": "left out, because the checks fail with it",
}

WORKTREES: Final[Mapping[str, str]] = {
    "created": "its worktree stands at the base",
    "assigned": "its agent is chosen",
    "in_progress": "its agent is at work",
    "completed": "its work was taken in: success or partial",
    "failed": "its work was taken in: failed",
    "merged": "its work has landed",
    "removed": "its worktree was saved and removed",
}

SCHEMAS: Final[Mapping[str, str]] = {
    "plan": "A plan as a person writes it: `ropewalk plan --from FILE`.",
    "parallel_analysis": "`.workflow/outputs/<epic>/parallel_analysis.json`, the frozen plan.",
    "domain_results": "`.workflow/outputs/<epic>/<domain>_results.json`.",
    "phase1_parallel_results": "`.workflow/outputs/<epic>/phase1_parallel_results.json`.",
    "phase1c_merge_results": "`.workflow/outputs/<epic>/phase1c_merge_results.json`.",
    "phase2_validation_results": "`.workflow/outputs/<epic>/phase2_validation_results.json`.",
    "phase3_postmortem": "`.workflow/outputs/<epic>/phase3_postmortem.json`.",
    "worktree_metadata": "`.worktrees/.metadata/<epic>/<domain>.json`.",
    "journal_event": "One line of `.workflow/runs/<run>/journal.jsonl`, and of `watch --json`.",
    "status": "The answer of `ropewalk status --json`.",
    "conflicts": "The answer of `ropewalk conflicts --json`.",
    "config": "`ropewalk.toml`.",
}
