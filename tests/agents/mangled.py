"""Lines that programs did not print, but could: recorded ones with one thing changed."""

import json

from hypothesis import strategies as st

from ropewalk.model.config import AgentKind
from tests.agents.recordings import RECORDED

_OTHERS: tuple[object, ...] = (
    None,
    True,
    -1,
    2**70,
    0.5,
    "",
    "x" * 5000,
    [],
    [1],
    {},
    {"message": []},
)


@st.composite
def mangled_lines(draw: st.DrawFn, kind: AgentKind) -> bytes:
    """Return a recorded line of a program in which one value is another, or that is cut off."""
    files = sorted((RECORDED / kind).glob("*.jsonl"))
    lines = draw(st.sampled_from(files)).read_bytes().splitlines()
    line = draw(st.sampled_from(lines))
    if draw(st.booleans()):
        return line[: draw(st.integers(min_value=0, max_value=len(line)))]
    value = json.loads(line)
    inner = value
    while isinstance(inner, dict) and inner:
        name = draw(st.sampled_from(sorted(inner)))
        if not isinstance(inner[name], dict) or draw(st.booleans()):
            inner[name] = draw(st.sampled_from(_OTHERS))
            break
        inner = inner[name]
    return json.dumps(value).encode()
