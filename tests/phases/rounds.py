"""A plan of small shell agents for the tests of rounds."""

import json
from collections.abc import Mapping, Sequence

from ropewalk import api
from ropewalk.model.plan import Mode
from tests.harness import Epic

WRITE = 'echo "$ROPEWALK_DOMAIN" > "$ROPEWALK_DOMAIN.txt"'


def plan(
    epic: Epic, domains: Sequence[Mapping[str, object]], *, validation: Sequence[str] = ("true",)
) -> None:
    full = [
        {k: v for k, v in {"new_files": [f"{d['name']}.txt"], "command": WRITE, **d}.items() if v}
        for d in domains
    ]
    text = json.dumps({"epic_id": "rounds", "domains": full, "validation": list(validation)})
    epic.plan(text)


def parallel(**more: object) -> api.RunRequest:
    return api.RunRequest(mode=Mode.PARALLEL, **more)  # type: ignore[arg-type]
