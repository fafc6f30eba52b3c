"""A run that was killed anywhere ends as if it had not been killed, and repeats nothing."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ropewalk.engine.history import INTERRUPTED, LOST, fold
from ropewalk.model.event import Event
from ropewalk.model.graph import Graph
from tests.engine.graphs import dags, plays_for
from tests.engine.recorder import Player, Recorder, play

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(dags(max_size=6), st.data())
def test_a_run_cut_at_any_event_ends_the_same(graph: Graph, data: st.DataObject) -> None:
    plays = data.draw(plays_for(graph))
    whole = Recorder()
    expected = play(graph, Player(plays=plays), recorder=whole)
    settled = finish(graph, Player(plays=plays), Recorder())

    for cut_at in range(len(whole.events) + 1):
        cut = Recorder(whole.events[:cut_at])
        finished = set(fold(cut.events).states)
        player = Player(plays=plays, done=dict(counted(cut.events)))

        outcome = play(graph, player, recorder=cut)

        assert not finished & set(player.started)
        assert {id_: outcome.states[id_] for id_ in finished} == {
            id_: expected.states[id_] for id_ in finished
        }
        assert finish(graph, player, cut) == settled
        assert_journal_is_sound(cut)


@SLOW
@given(dags(max_size=6), st.data(), st.integers(1, 2))
def test_states_do_not_depend_on_the_number_of_slots(
    graph: Graph, data: st.DataObject, jobs: int
) -> None:
    plays = data.draw(plays_for(graph))

    wide = play(graph, Player(plays=plays))
    narrow = play(graph, Player(plays=plays), pools={"jobs": jobs})

    assert narrow.states == wide.states
    assert narrow.reasons == wide.reasons


def finish(graph: Graph, player: Player, recorder: Recorder) -> dict[str, tuple[object, object]]:
    """Resume until no step stands at a gate any more; return states and reasons."""
    for _ in range(10):
        outcome = play(graph, player, recorder=recorder)
        if not outcome.waiting:
            return {id_: (s, outcome.reasons.get(id_)) for id_, s in outcome.states.items()}
    raise AssertionError("the gates never open")


def counted(events: list[Event]) -> Counter[str]:
    """How many attempts of each step came to an end that its runner gave them."""
    return Counter(
        str(event.step)
        for event in events
        if event.type == "attempt_finished" and event.data["reason"] not in (LOST, INTERRUPTED)
    )


def assert_journal_is_sound(recorder: Recorder) -> None:
    """Each attempt starts once and ends at most once; each step ends once."""
    started = [event.attempt for event in recorder.of("attempt_started")]
    ended = [event.attempt for event in recorder.of("attempt_finished")]
    final = recorder.steps("step_finished") + recorder.steps("step_skipped")
    assert len(started) == len(set(started))
    assert len(ended) == len(set(ended))
    assert set(ended) <= set(started)
    assert len(final) == len(set(final))
    assert fold(recorder.events).open_attempts == {}
