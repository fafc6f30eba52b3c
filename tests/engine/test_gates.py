from ropewalk.engine.history import fold
from ropewalk.model.graph import StepState
from tests.engine.recorder import Play, Player, Recorder, graph_of, play, step

GATE = Play(state=StepState.WAITING, reason="approval")


def test_others_go_on_while_a_step_waits_at_a_gate() -> None:
    recorder = Recorder()
    player = Player(plays={"gate": [GATE]})

    outcome = play(
        graph_of(step("gate"), step("behind", "gate"), step("x"), step("y", "x")),
        player,
        recorder=recorder,
    )

    assert outcome.waiting == ("gate",)
    assert outcome.states["behind"] is StepState.PENDING
    assert outcome.states["y"] is StepState.SUCCEEDED
    assert outcome.results["gate"].reason == "approval"
    assert not outcome.interrupted
    opened = recorder.of("gate_opened")[0]
    assert opened.data["reason"] == "approval"
    assert opened.seq in recorder.synced
    assert "gate" not in recorder.steps("step_finished")


def test_a_resume_asks_the_gate_again_and_goes_on_behind_it() -> None:
    recorder = Recorder()
    player = Player(plays={"gate": [GATE, GATE]})
    graph = graph_of(step("gate"), step("behind", "gate"))
    play(graph, player, recorder=recorder)
    past = fold(recorder.events).steps["gate"]
    assert (past.is_waiting, past.state, past.counted) == (True, None, 0)

    assert play(graph, player, recorder=recorder).waiting == ("gate",)
    outcome = play(graph, player, recorder=recorder)

    assert player.started == ["gate", "gate", "gate", "behind"]
    assert outcome.states == {"gate": StepState.SUCCEEDED, "behind": StepState.SUCCEEDED}


def test_a_rejected_gate_is_a_failure() -> None:
    recorder = Recorder()
    no = Play(state=StepState.FAILED, reason="rejected")
    player = Player(plays={"gate": [GATE, no]})
    graph = graph_of(step("gate"), step("behind", "gate"))
    play(graph, player, recorder=recorder)

    outcome = play(graph, player, recorder=recorder)

    assert outcome.reasons == {"gate": "rejected", "behind": "upstream_failed"}
