"""Random graphs and random plays for them."""

from collections.abc import Mapping

from hypothesis import strategies as st

from ropewalk.model.graph import Graph, Retry, Step, StepState, WhenNeeds
from tests.engine.recorder import Play


@st.composite
def dags(draw: st.DrawFn, *, max_size: int = 8) -> Graph:
    """Graphs whose steps need some of the steps before them, given in any order."""
    size = draw(st.integers(0, max_size))
    steps: list[Step] = []
    for number in range(size):
        before = [f"s{earlier}" for earlier in range(number)]
        steps.append(
            Step(
                id=f"s{number}",
                kind="play",
                needs=tuple(draw(st.lists(st.sampled_from(before), unique=True, max_size=3)))
                if before
                else (),
                when_needs=draw(st.sampled_from(WhenNeeds)),
                priority=draw(st.integers(-1, 1)),
                resources={"jobs": 1.0},
                retry=Retry(max_attempts=draw(st.integers(1, 3)), delay_s=0.0),
            )
        )
    return Graph(steps=tuple(draw(st.permutations(steps))))


@st.composite
def plays_for(draw: st.DrawFn, graph: Graph) -> Mapping[str, tuple[Play, ...]]:
    """For each step how its first attempts end; some of them add steps."""
    plays: dict[str, tuple[Play, ...]] = {}
    ids = [step.id for step in graph.steps]
    for id_ in ids:
        ends = draw(st.lists(st.sampled_from(_ENDS), max_size=3))
        grown = draw(st.integers(0, 2)) if draw(st.booleans()) else 0
        plays[id_] = tuple(
            Play(
                state=end.state,
                reason=end.reason,
                retryable=end.retryable,
                grown=tuple(
                    Step(id=f"{id_}+{n}", kind="play", needs=(id_,), when_needs=WhenNeeds.ALWAYS)
                    for n in range(grown if end.state is not StepState.WAITING else 0)
                ),
            )
            for end in ends
        )
    return plays


_ENDS = (
    Play(),
    Play(state=StepState.CACHED),
    Play(state=StepState.FAILED, reason="broken"),
    Play(state=StepState.FAILED, reason="flaky", retryable=True),
    Play(state=StepState.TIMED_OUT, reason="slow", retryable=True),
    Play(state=StepState.SKIPPED, reason="condition"),
    Play(state=StepState.WAITING, reason="approval"),
)
