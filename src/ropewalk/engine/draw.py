"""Pictures of a graph: mermaid, dot, plain text and JSON.

Ids and kinds are shown as text and never read as markup by the programs that draw; the same graph
gives the same picture. `states` colours the steps that it names.
"""

from collections.abc import Mapping

from ropewalk.engine.graph import layers
from ropewalk.model.graph import Graph, Step, StepState
from ropewalk.model.values import JsonObject

_COLOURS = {
    StepState.PENDING: "#eeeeee",
    StepState.READY: "#dddddd",
    StepState.RUNNING: "#bbddff",
    StepState.WAITING: "#ffe9a8",
    StepState.SUCCEEDED: "#bdeabd",
    StepState.FAILED: "#f5b5b5",
    StepState.SKIPPED: "#f8f8f8",
    StepState.CACHED: "#c9e9e4",
    StepState.CANCELLED: "#e0cfe9",
    StepState.TIMED_OUT: "#f7cfa8",
}
_NOTHING: Mapping[str, StepState] = {}


def mermaid(graph: Graph, *, states: Mapping[str, StepState] = _NOTHING) -> str:
    """Draw a mermaid flow chart, needs above what needs them.

    Raises:
        InvalidInput: the graph is not valid.
    """
    numbers = _numbers(graph)
    lines = ["flowchart TD"]
    lines += [
        f'  n{numbers[step.id]}["{_mermaid_text(_label(step, states))}"]' for step in _sorted(graph)
    ]
    lines += [f"  n{numbers[need]} --> n{numbers[id_]}" for need, id_ in _edges(graph)]
    for state in StepState:
        members = [f"n{numbers[id_]}" for id_ in numbers if states.get(id_) is state]
        if members:
            lines.append(f"  classDef {state} fill:{_COLOURS[state]},stroke:#666666,color:#111111")
            lines.append(f"  class {','.join(members)} {state}")
    return "\n".join(lines) + "\n"


def dot(graph: Graph, *, states: Mapping[str, StepState] = _NOTHING) -> str:
    """Draw a directed graph for Graphviz.

    Raises:
        InvalidInput: the graph is not valid.
    """
    lines = ["digraph steps {", "  node [shape=box, style=filled, fillcolor=white];"]
    for step in _sorted(graph):
        state = states.get(step.id)
        colour = f', fillcolor="{_COLOURS[state]}"' if state is not None else ""
        lines.append(f"  {_dot_text(step.id)} [label={_dot_text(_label(step, states))}{colour}];")
    lines += [f"  {_dot_text(need)} -> {_dot_text(id_)};" for need, id_ in _edges(graph)]
    return "\n".join([*lines, "}"]) + "\n"


def text(graph: Graph, *, states: Mapping[str, StepState] = _NOTHING) -> str:
    """List the layers, one step a line with its state and what it needs.

    Raises:
        InvalidInput: the graph is not valid.
    """
    steps = {step.id: step for step in graph.steps}
    lines: list[str] = []
    for number, layer in enumerate(layers(graph), start=1):
        lines.append(f"layer {number}")
        for id_ in layer:
            state = f" [{states[id_]}]" if id_ in states else ""
            needs = f" <- {', '.join(sorted(set(steps[id_].needs)))}" if steps[id_].needs else ""
            lines.append(f"  {id_}{state}{needs}")
    return "".join(f"{line}\n" for line in lines)


def to_json(graph: Graph, *, states: Mapping[str, StepState] = _NOTHING) -> JsonObject:
    """Describe the graph as JSON: its steps in order of layers, and the layers.

    Raises:
        InvalidInput: the graph is not valid.
    """
    grouped = layers(graph)
    level = {id_: number for number, layer in enumerate(grouped) for id_ in layer}
    return {
        "steps": [
            {
                "id": step.id,
                "kind": step.kind,
                "needs": sorted(set(step.needs)),
                "when_needs": str(step.when_needs),
                "layer": level[step.id],
                "state": str(states[step.id]) if step.id in states else None,
            }
            for step in _sorted(graph)
        ],
        "layers": [list(layer) for layer in grouped],
        "width": max((len(layer) for layer in grouped), default=0),
    }


def _sorted(graph: Graph) -> list[Step]:
    steps = {step.id: step for step in graph.steps}
    return [steps[id_] for layer in layers(graph) for id_ in layer]


def _numbers(graph: Graph) -> dict[str, int]:
    return {step.id: number for number, step in enumerate(_sorted(graph))}


def _edges(graph: Graph) -> list[tuple[str, str]]:
    return [(need, step.id) for step in _sorted(graph) for need in sorted(set(step.needs))]


def _label(step: Step, states: Mapping[str, StepState]) -> str:
    return f"{step.id} ({states[step.id]})" if step.id in states else step.id


def _mermaid_text(label: str) -> str:
    """Write everything but plain letters, digits and a few marks as numbered entities."""
    return "".join(
        character if character.isalnum() or character in " -_./:()" else f"#{ord(character)};"
        for character in label
    )


def _dot_text(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
