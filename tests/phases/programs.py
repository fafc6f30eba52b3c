"""Programs that play the part of a coding agent: they speak as Claude Code does, and obey a shell.

The first line of a program's `said` file is what it was started with; it begins the session that it
is told to, or goes on with the one that it is told to.
"""

from pathlib import Path

_PROGRAM = """#!/bin/bash
if [ "$1" = --version ]; then echo "2.1.328 (Claude Code)"; exit 0; fi
session=none began=anew
while [ $# -gt 0 ]; do
  case "$1" in
    --session-id) session=$2 ;;
    --resume) session=$2 began=resumed ;;
    --max-budget-usd) most=$2 ;;
  esac
  shift
done
cat > /dev/null
say() { printf '%s\\n' "$1"; }
result() {
  say '{"type": "result", "subtype": "success", "is_error": '"${2:-false}"', "result": "'"$1"'",
    "api_error_status": '"${4:-null}"', "usage": {"input_tokens": 10, "output_tokens": 5},
    "total_cost_usd": '"${3:-0.5}"'}' | tr -d '\\n'; echo
}
limited() {
  say '{"type": "system", "subtype": "api_retry", "attempt": 1, "error_status": 429,
    "error": "rate_limit", "retry_delay_ms": '"$1"'}' | tr -d '\\n'; echo
}
echo "$ROPEWALK_DOMAIN $began $session" >> "$ROPEWALK_REPOSITORY/../said"
say '{"type": "system", "subtype": "init", "session_id": "'"$session"'", "model": "m-1"}'
"""


def write_program(repository: Path, body: str, **settings: object) -> Path:
    """Write a program that ends with the shell lines `body`, and make it the default agent.

    Returns the file in which it says how it was started, one line a start.
    """
    program = repository.parent / "claude"
    program.write_text(f"{_PROGRAM}{body}\n")
    program.chmod(0o755)
    lines = {"kind": '"claude"', "program": f'"{program}"', "home": '"private"', **settings}
    table = "".join(f"{key} = {value}\n" for key, value in lines.items())
    config = f'[run]\nagent = "house"\n\n[agents.house]\n{table}'
    (repository / "ropewalk.toml").write_text(config)
    return repository.parent / "said"
