"""A coordinator of its own process, to be killed: ``python -m tests.hazards.coordinator``.

Arguments: the repository, the epic, and one of parallel, sequential, merge, resume.
"""

import sys
from pathlib import Path

from ropewalk import api


def main(repository: str, epic_id: str, verb: str) -> int:
    workspace = api.open_workspace(Path(repository))
    match verb:
        case "parallel" | "sequential":
            request = api.RunRequest(mode=api.Mode(verb))
            return api.run(workspace, epic_id, request).exit_code
        case "merge":
            return api.merge(workspace, epic_id, api.MergeOptions()).exit_code
        case "resume":
            return api.resume(workspace, epic_id).exit_code
        case _:
            raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
