"""Which processes of an attempt are still there."""

import psutil

from ropewalk.agents.base import AgentTask


def left_behind(task: AgentTask) -> list[psutil.Process]:
    """Return the processes that were started for the attempt's worktree and still run."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("ROPEWALK_WORKTREE") == str(task.worktree)
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
