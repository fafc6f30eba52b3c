import json

import pytest

from ropewalk.engine.draw import dot, mermaid, text, to_json
from ropewalk.errors import InvalidInput
from ropewalk.model.graph import Graph, StepState
from tests.engine.recorder import graph_of, step

GRAPH = graph_of(step("build"), step("test", "build"), step("lint", "build"))
STATES = {"build": StepState.SUCCEEDED, "test": StepState.FAILED}


def test_mermaid_shows_steps_edges_and_states() -> None:
    assert mermaid(GRAPH, states=STATES) == (
        "flowchart TD\n"
        '  n0["build (succeeded)"]\n'
        '  n1["lint"]\n'
        '  n2["test (failed)"]\n'
        "  n0 --> n1\n"
        "  n0 --> n2\n"
        "  classDef succeeded fill:#bdeabd,stroke:#666666,color:#111111\n"
        "  class n0 succeeded\n"
        "  classDef failed fill:#f5b5b5,stroke:#666666,color:#111111\n"
        "  class n2 failed\n"
    )


@pytest.mark.parametrize(
    "id_", ["end", 'a"]; click n0 "x', "a<b>&c", "x`y`", "line\nbreak", "#35;"]
)
def test_mermaid_never_reads_an_id_as_markup(id_: str) -> None:
    drawn = mermaid(graph_of(step(id_)))

    label = drawn.splitlines()[1].removeprefix('  n0["').removesuffix('"]')
    assert not set(label) & set('"<>`\n[]{}')
    assert len(drawn.splitlines()) == 2


def test_dot_quotes_every_id() -> None:
    assert dot(graph_of(step('a"b\\'), step("c\nd", 'a"b\\'))).splitlines()[2:5] == [
        '  "a\\"b\\\\" [label="a\\"b\\\\"];',
        '  "c\\nd" [label="c\\nd"];',
        '  "a\\"b\\\\" -> "c\\nd";',
    ]


def test_dot_colours_the_steps_with_a_state() -> None:
    assert '"build" [label="build (succeeded)", fillcolor="#bdeabd"];' in dot(GRAPH, states=STATES)


def test_text_lists_layers_with_states_and_needs() -> None:
    assert text(GRAPH, states=STATES) == (
        "layer 1\n  build [succeeded]\nlayer 2\n  lint <- build\n  test [failed] <- build\n"
    )


def test_json_names_layers_states_and_width() -> None:
    drawn = json.loads(json.dumps(to_json(GRAPH, states=STATES)))

    assert drawn["layers"] == [["build"], ["lint", "test"]]
    assert drawn["width"] == 2
    assert drawn["steps"][2] == {
        "id": "test",
        "kind": "play",
        "needs": ["build"],
        "when_needs": "all_success",
        "layer": 1,
        "state": "failed",
    }


def test_an_empty_graph_can_be_drawn() -> None:
    assert mermaid(Graph()) == "flowchart TD\n"
    assert text(Graph()) == ""
    assert to_json(Graph()) == {"steps": [], "layers": [], "width": 0}


def test_an_invalid_graph_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'a' -> 'a'"):
        mermaid(graph_of(step("a", "a")))
