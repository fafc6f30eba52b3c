"""Before a run starts its agents are asked what they are, all at once."""

from ropewalk import api
from tests.harness import Epic
from tests.phases.rounds import parallel, plan

NAMES = ("one", "two", "three")
# It answers when all the others were asked too, and gives up after some seconds.
PROGRAM = """#!/bin/sh
: > "{folder}/asked-{name}"
left=100
while [ "$(ls "{folder}" | grep -c asked-)" -lt 3 ]; do
  left=$((left - 1)); [ $left -gt 0 ] || exit 1; sleep 0.05
done
echo "2.1.328 (Claude Code)"
"""


def test_programs_are_asked_for_their_versions_side_by_side(epic: Epic) -> None:
    folder, tables = epic.repository.parent, ""
    for name in NAMES:
        program = folder / f"claude-{name}"
        program.write_text(PROGRAM.format(folder=folder, name=name))
        program.chmod(0o755)
        tables += f'[agents.{name}]\nkind = "claude"\nhome = "private"\nprogram = "{program}"\n'
    (epic.repository / "ropewalk.toml").write_text(tables)
    plan(epic, [{"name": f"d-{name}", "agent": name, "command": None} for name in NAMES])

    prepared = api.check_run(epic.workspace, "rounds", parallel())

    versions = {choice.name: choice.version for choice in prepared.order.agents.values()}
    assert versions == dict.fromkeys(NAMES, "2.1.328")
