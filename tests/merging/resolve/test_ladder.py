"""The ladder: what is offered is proved in order, and only what is proved is taken."""

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace

import pytest

from ropewalk.errors import Interrupted
from ropewalk.merging.resolve.files import with_files
from ropewalk.merging.resolve.ladder import Limits, ladder
from ropewalk.merging.resolve.values import Offered, Refused, Rung
from ropewalk.merging.values import Clash, Proposal, Unresolved
from ropewalk.model.merge import Resolve, ResolvedBy
from tests.merging.epics import Epic, numbered
from tests.merging.resolve.clashes import NOTES, clashing, two_sides

CANDIDATE, AGENT, RERERE = ResolvedBy.CANDIDATE, ResolvedBy.AGENT, ResolvedBy.RERERE
DRIVER = ResolvedBy.DRIVER


@dataclass
class ScriptedProof:
    """Refuses by what stands in line 5; ``bad`` at a look, ``wrong…`` by the commands."""

    clash: Clash
    read: Callable[[str], str]
    commands: tuple[str, ...] = ("check",)
    doubt: str | None = None
    checked: list[str] = field(default_factory=list)
    begun: Callable[[], object] = lambda: None
    blind: tuple[str, ...] = ()
    weighed: list[tuple[str, str]] = field(default_factory=list)
    paths: tuple[str, ...] = (NOTES,)

    def look(self, offered: Offered) -> tuple[Offered, Refused | None]:
        seen = replace(offered, dropped=("seen",))
        return seen, Refused(reason="it is bad") if self.read(offered.tree) == "bad" else None

    def check(self, offered: Offered, *, number: int, cancel: threading.Event) -> Refused | None:
        text = self.read(offered.tree)
        self.checked.append(text)
        self.begun()
        if text == "waits":
            assert cancel.wait(20.0)
            raise Interrupted("ended")
        return Refused(reason=f"'{text}' fails", log=str(number)) if "wrong" in text else None

    def sees(self, offered: Offered, path: str, *, number: int, cancel: threading.Event) -> bool:
        assert number > 0
        assert not cancel.is_set()
        self.weighed.append((self.read(offered.tree), path))
        return path not in self.blind

    def find_doubt(self, refused: Refused) -> str | None:
        return self.doubt if refused.log is not None else None


@dataclass
class Scene:
    """A conflict, and a ladder whose rungs offer texts for line 5."""

    epic: Epic
    clash: Clash
    proof: ScriptedProof
    answers: list[str | None] = field(default_factory=list)

    def rung(self, *texts: str, says: str | None = None) -> Rung:
        def offers(clash: Clash) -> Generator[Offered, Refused | None, str | None]:
            for text in texts:
                tree = with_files(clash, {NOTES: numbered(line_5=text).encode()})
                by = ResolvedBy.CANDIDATE
                refused = yield Offered(tree=tree, by=by, words=(text,), among=len(texts))
                self.answers.append(refused.reason if refused is not None else None)
            return says

        return offers

    def climb(
        self,
        *rungs: tuple[ResolvedBy, Rung],
        limits: Limits | None = None,
        resolve: Resolve = Resolve.VERIFY,
    ) -> Proposal | Unresolved | None:
        given, tools = self.epic.given(resolve=resolve), self.epic.tools()
        limits = limits or Limits(at_once=1)
        resolver = ladder(given, tools, rungs, prove=lambda _clash: self.proof, limits=limits)
        return resolver(self.clash)

    def events(self, type_: str) -> list[dict[str, object]]:
        return [dict(data) for each, data, _sync in self.epic.journal.events if each == type_]


@pytest.fixture
def scene(epic: Epic) -> Iterator[Scene]:
    ours, theirs = two_sides(epic, {NOTES: numbered(line_5="one")}, {NOTES: numbered(line_5="two")})

    def read(tree: str) -> str:
        return epic.read(tree, NOTES).splitlines()[4]

    with clashing(epic, ours, theirs) as clash:
        yield Scene(epic=epic, clash=clash, proof=ScriptedProof(clash=clash, read=read))


def test_the_first_that_is_proved_is_taken_with_all_that_is_known_of_it(scene: Scene) -> None:
    answer = scene.climb((CANDIDATE, scene.rung("bad", "wrong", "right", "never")))

    assert isinstance(answer, Proposal)
    resolution = answer.resolution
    assert scene.proof.read(answer.tree) == "right"
    assert (resolution.by, resolution.candidates_tried, resolution.candidates_offered) == (
        *("candidate", 3, 4),
    )
    assert (resolution.verified_by, resolution.words, resolution.dropped) == (
        *(("check",), ("right",), ("seen",)),
    )
    assert scene.proof.checked == ["wrong", "right"]
    assert scene.answers == ["it is bad", "'wrong' fails"]
    tried = scene.events("candidate_tried")
    assert [(one["number"], one["passed"], one["why"]) for one in tried] == [
        (1, False, "it is bad"),
        (2, False, "'wrong' fails"),
        (3, True, None),
    ]


def test_rungs_are_asked_in_order_and_the_next_only_when_one_has_nothing(scene: Scene) -> None:
    answer = scene.climb(
        (RERERE, scene.rung("wrong")), (CANDIDATE, scene.rung("right")), (AGENT, scene.rung("no"))
    )

    assert isinstance(answer, Proposal)
    assert [one["by"] for one in scene.events("resolving")] == ["rerere", "candidate"]
    assert scene.proof.checked == ["wrong", "right"]


def test_a_tree_that_was_refused_is_not_tried_again_and_the_rung_is_told_why(scene: Scene) -> None:
    answer = scene.climb(
        (CANDIDATE, scene.rung("wrong")), (AGENT, scene.rung("wrong", "bad", "right"))
    )

    assert isinstance(answer, Proposal)
    assert answer.resolution.candidates_tried == 3
    assert scene.answers == ["'wrong' fails", "'wrong' fails", "it is bad"]


def test_several_are_checked_at_once_and_the_first_in_order_wins(scene: Scene) -> None:
    scene.proof.begun = threading.Barrier(2, timeout=20.0).wait

    answer = scene.climb(
        (CANDIDATE, scene.rung("right, offered first", "right too")), limits=Limits(at_once=2)
    )

    assert isinstance(answer, Proposal)
    assert scene.proof.read(answer.tree) == "right, offered first"
    assert sorted(scene.proof.checked) == ["right too", "right, offered first"]


def test_when_one_is_proved_the_checks_of_those_behind_it_are_ended(scene: Scene) -> None:
    scene.proof.begun = threading.Barrier(2, timeout=20.0).wait

    answer = scene.climb((CANDIDATE, scene.rung("right", "waits")), limits=Limits(at_once=2))

    assert isinstance(answer, Proposal)
    assert [one["number"] for one in scene.events("candidate_tried")] == [1]


def test_a_cancelled_merge_ends_the_checks(scene: Scene) -> None:
    tools = scene.epic.tools()
    scene.proof.begun = tools.cancel.set
    rungs = [(CANDIDATE, scene.rung("waits"))]
    resolver = ladder(scene.epic.given(), tools, rungs, prove=lambda _clash: scene.proof)

    with pytest.raises(Interrupted):
        resolver(scene.clash)


def test_no_more_than_the_limit_is_tried_and_an_agent_is_asked_all_the_same(scene: Scene) -> None:
    texts = [f"wrong {number}" for number in range(9)]

    answer = scene.climb(
        (CANDIDATE, scene.rung(*texts)), (AGENT, scene.rung("right")), limits=Limits(trees=4)
    )

    assert isinstance(answer, Proposal)
    assert sorted(scene.proof.checked) == [*("right", "wrong 0", "wrong 1"), "wrong 2", "wrong 3"]


def test_after_the_time_limit_nothing_more_is_begun(scene: Scene) -> None:
    answer = scene.climb(
        (CANDIDATE, scene.rung("right")), limits=Limits(time_s=0.0), resolve=Resolve.VERIFY
    )

    assert isinstance(answer, Unresolved)
    assert scene.proof.checked == []


def test_what_was_refused_is_said_and_suggested(scene: Scene) -> None:
    texts = [f"wrong {number}" for number in range(5)]

    answer = scene.climb((CANDIDATE, scene.rung("bad", *texts, says="and tired")))

    assert isinstance(answer, Unresolved)
    assert answer.reason == "6 candidates tried, none passed both sides' checks; and tired"
    assert [(one.words, one.dropped, one.reason) for one in answer.suggestions] == [
        ((f"wrong {number}",), ("seen",), f"'wrong {number}' fails") for number in range(3)
    ]


def test_that_both_sides_fail_alone_is_said_when_nothing_passed_and_stops_nobody(
    scene: Scene,
) -> None:
    scene.proof.doubt = "both fail"

    found = scene.climb((CANDIDATE, scene.rung("wrong", "right")))
    none = scene.climb((CANDIDATE, scene.rung("wrong 1", "wrong 2")))

    assert isinstance(found, Proposal)
    assert isinstance(none, Unresolved)
    assert none.reason == "2 candidates tried, none passed both sides' checks; both fail"


def test_a_tree_that_no_check_has_seen_is_said_to_be_refused_for_its_own_reason(
    scene: Scene,
) -> None:
    answer = scene.climb((CANDIDATE, scene.rung("bad")))

    assert isinstance(answer, Unresolved)
    assert answer.reason == "1 candidate tried, it does not come into question: it is bad"
    assert scene.proof.checked == []


@pytest.mark.parametrize("why", ["suggest", "no checks"])
def test_suggestions_are_looked_at_and_nothing_is_run(scene: Scene, why: str) -> None:
    scene.proof.commands = () if why == "no checks" else ("check",)
    resolve = Resolve.SUGGEST if why == "suggest" else Resolve.VERIFY
    rungs = ((CANDIDATE, scene.rung("bad", "a", "b")), (AGENT, scene.rung("c")))

    answer = scene.climb(*rungs, resolve=resolve)

    assert isinstance(answer, Unresolved)
    reasons = {
        "suggest": "--resolve suggest only shows them",
        "no checks": "no check is configured that could prove one",
    }
    assert answer.reason == f"2 suggestions, none applied: {reasons[why]}"
    assert [one.words[0] for one in answer.suggestions] == ["a", "b"]
    assert scene.proof.checked == []


def test_what_passes_checks_that_look_elsewhere_is_suggested_and_no_other_rule_is_asked(
    scene: Scene,
) -> None:
    scene.proof.paths, scene.proof.blind = (NOTES, "a.py", "b.md"), (NOTES, "b.md")
    texts = ("wrong 1", "wrong 2", "wrong 3", "right")

    answer = scene.climb((DRIVER, scene.rung(*texts)), (CANDIDATE, scene.rung("right too")))

    assert isinstance(answer, Unresolved)
    assert answer.reason == f"what passed is only suggested: no check looks at {NOTES} and b.md"
    assert scene.proof.weighed == [("right", NOTES), ("right", "a.py"), ("right", "b.md")]
    too = "they pass with git's conflict markers in them too"
    assert [(one.words[0], one.reason) for one in answer.suggestions] == [
        ("right", f"no check looks at {NOTES} and b.md: {too}"),
        ("wrong 1", "'wrong 1' fails"),
        ("wrong 2", "'wrong 2' fails"),
    ]
    (weighed,) = scene.events("proof_weighed")
    assert (weighed["number"], weighed["unseen"], weighed["unweighed"]) == (4, [NOTES, "b.md"], [])
    assert [one["by"] for one in scene.events("resolving")] == ["driver"]


def test_an_agent_is_asked_where_the_checks_look_elsewhere_and_may_make_the_same(
    scene: Scene,
) -> None:
    scene.proof.blind = (NOTES,)

    answer = scene.climb(
        (CANDIDATE, scene.rung("right", "right too")),
        (AGENT, scene.rung("wrong", "right")),
        limits=Limits(at_once=2),
    )

    assert isinstance(answer, Proposal)
    assert scene.proof.read(answer.tree) == "right"
    assert [text for text, _path in scene.proof.weighed] == ["right"]
    assert scene.answers[-1] == "'wrong' fails"


def test_what_a_person_recorded_needs_no_check_that_looks_at_it(scene: Scene) -> None:
    scene.proof.blind = (NOTES,)

    assert isinstance(scene.climb((RERERE, scene.rung("right"))), Proposal)
    assert scene.proof.weighed == []


def test_what_there_was_no_time_to_weigh_is_suggested(scene: Scene) -> None:
    ends = threading.Event()
    limits = Limits(at_once=1, time_s=0.5)
    scene.proof.begun = lambda: ends.wait(0.6)

    answer = scene.climb((CANDIDATE, scene.rung("right")), limits=limits)

    assert isinstance(answer, Unresolved)
    assert answer.suggestions[0].reason == f"no time was left to see what checks {NOTES}"
    assert scene.proof.weighed == []


def test_off_asks_nobody(scene: Scene) -> None:
    assert scene.climb((CANDIDATE, scene.rung("right")), resolve=Resolve.OFF) is None
    assert scene.epic.journal.events == []


def test_a_conflict_for_which_nobody_has_anything_says_so(scene: Scene) -> None:
    answer = scene.climb((CANDIDATE, scene.rung()))

    assert answer == Unresolved(reason="there is no automatic resolution for it")
