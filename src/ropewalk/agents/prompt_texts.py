"""What every prompt says in the same words: the rules, and the form of an agent's account."""

from typing import Final

RULES: Final = """## Rules

- Change only your own files. If the task cannot be done without changing another one, leave that
  file alone and say in your account what is missing.
- Stay inside your worktree: write nothing and run nothing that changes anything outside it. Do not
  go into the main checkout or another worktree.
- Do not commit, stash, switch branches or rebase, and do not create branches, tags or worktrees.
  Your changes are collected from the working tree, new files included. Change nothing in .git.
- Do not delete or weaken tests to make a check pass.
- Leave no temporary files, logs or build output behind that git does not ignore.
- Nobody can answer questions. Where something is unclear, decide, and say so in your account."""
BUILDS_ON: Final = """\
Your work will be merged after that of {names}, which is being done at the
same time and is not in your worktree. Where you need something of theirs that does not exist yet,
keep to what the epic says about it; do not write it yourself."""
ACCOUNT: Final = """{
  "status": "success",
  "summary": "two or three sentences: what you did and what is left open",
  "files_created": ["path"],
  "files_modified": ["path"],
  "notes": ["what whoever merges this should know"]
}

`status` is "success" when the task is done, "partial" or "failed" when it is not. When you find
that nothing has to be changed, change nothing, and write "nothing_to_do" with the reason as
summary."""
