from pathlib import Path

import pytest

from ropewalk.agents.acp_events import Listener
from ropewalk.model.config import Permission
from ropewalk.model.values import JsonObject

OPTIONS = [{"optionId": kind, "kind": kind} for kind in ("allow_once", "reject_once")]


@pytest.mark.parametrize(
    "call",
    [
        {"locations": [{"path": "/etc/passwd"}]},
        {"content": [{"type": "diff", "path": "/etc/passwd", "newText": ""}]},
        {"rawInput": {"file_path": "../outside.txt"}},
        {"locations": [{"path": "inside.txt"}], "rawInput": {"path": "/etc/passwd"}},
        {"locations": [{"path": "a\0b"}]},
        {"locations": [{"path": "\ud800"}]},
        {"locations": [{"path": "loop/file"}]},
    ],
    ids=["place", "diff", "argument", "both", "null", "surrogate", "loop"],
)
def test_a_change_outside_the_worktree_is_denied_however_it_is_named(
    tmp_path: Path, call: JsonObject
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    listener = Listener(tmp_path, Permission.EDIT, emit=lambda _: None)

    answer = listener.permit({"toolCall": {"kind": "edit", **call}, "options": OPTIONS})

    assert answer == {"outcome": {"outcome": "selected", "optionId": "reject_once"}}


def test_a_change_inside_is_allowed(tmp_path: Path) -> None:
    listener = Listener(tmp_path, Permission.EDIT, emit=lambda _: None)
    inside = str(tmp_path / "api.py")
    call = {"kind": "edit", "content": [{"path": inside}], "rawInput": {"filePath": inside}}

    answer = listener.permit({"toolCall": call, "options": OPTIONS})

    assert answer == {"outcome": {"outcome": "selected", "optionId": "allow_once"}}
