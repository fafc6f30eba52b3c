"""What a resolution must stand: looked at, then checked on its exact tree."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ropewalk.git.objects import tree_of
from ropewalk.merging.proof import TreeProof, prover
from ropewalk.merging.resolve.values import Offered, Refused
from ropewalk.merging.values import MergeTools
from ropewalk.model.merge import ResolvedBy
from ropewalk.model.result import CheckRun
from tests.merging.epics import Epic
from tests.merging.resolve.clashes import clashing

CODE = "api/prices.py"
BASE = "def total(items):\n    return sum(items)\n"
OURS = "def total(items, rebate=0):\n    return sum(items)\n\n\ndef cheap():\n    return 1\n"
THEIRS = "def total(items, unit=1):\n    return sum(items)\n\n\ndef dear():\n    return 2\n"
BOTH = (
    "def total(items, rebate=0, unit=1):\n    return sum(items)\n"
    "\n\ndef cheap():\n    return 1\n\n\ndef dear():\n    return 2\n"
)


@dataclass
class Bench:
    epic: Epic
    proof: TreeProof
    tools: MergeTools

    def offered(
        self, files: Mapping[str, str | None], *, by: ResolvedBy = ResolvedBy.CANDIDATE
    ) -> Offered:
        return Offered(tree=tree_of(self.epic.place.context, self.epic.commit(files)), by=by)

    def why(
        self, files: Mapping[str, str | None], *, by: ResolvedBy = ResolvedBy.CANDIDATE
    ) -> str | None:
        _seen, refused = self.proof.look(self.offered(files, by=by))
        return refused.reason if refused is not None else None

    def check(self, text: str, *, number: int = 1) -> Refused | None:
        offered = self.offered({CODE: text})
        return self.proof.check(offered, number=number, cancel=threading.Event())


@pytest.fixture
def bench(epic: Epic, tmp_path: Path) -> Iterator[Bench]:
    ran = tmp_path / "ran"
    epic.base = epic.commit({CODE: BASE})
    ours = epic.domain("a-side", {CODE: OURS}, checks=(f"echo a >> {ran}; grep -q cheap {CODE}",))
    theirs = epic.domain(
        "b-side", {CODE: THEIRS}, checks=(f"echo b >> {ran}; grep -q dear {CODE}",)
    )
    epic.validation = (f"echo whole >> {ran}; grep -q total {CODE}",)
    tools = epic.tools()
    with tools.checks, clashing(epic, ours, theirs) as clash:
        yield Bench(epic=epic, proof=prover(epic.given(), tools)(clash), tools=tools)


def test_a_tree_that_keeps_both_stands_and_one_with_a_fault_does_not(bench: Bench) -> None:
    assert bench.why({CODE: BOTH}) is None
    assert bench.why({CODE: f"<<<<<<< x\n{OURS}"}) == f"conflict markers are left in {CODE}"
    left = {CODE: BOTH, "web/app.js": "<<<<<<< a\n=======\n>>>>>>> b\n"}
    assert bench.why(left) == "conflict markers are left in web/app.js"
    unparsable = BOTH.replace("(items, rebate", "(items rebate")
    assert str(bench.why({CODE: unparsable})).startswith(f"{CODE} does not parse: line 1: ")
    twice = f"{BOTH}\n\ndef cheap():\n    return 3\n"
    assert "cheap" in str(bench.why({CODE: twice}))
    assert bench.why({CODE: None}) == f"{CODE} is not there"


def test_what_a_side_added_must_be_there_unless_a_person_decided_so(bench: Bench) -> None:
    without = BOTH.replace("\n\ndef dear():\n    return 2\n", "")

    assert bench.why({CODE: without}) == f"{CODE}, of b-side: 'return 2' is not there"
    assert bench.why({CODE: without}, by=ResolvedBy.RERERE) is None
    seen, _refused = bench.proof.look(bench.offered({CODE: without}, by=ResolvedBy.RERERE))
    assert any("def dear()" in sentence for sentence in seen.dropped)


def test_the_commands_of_each_domain_are_run_first_and_then_all_as_at_the_end(
    bench: Bench, tmp_path: Path
) -> None:
    assert bench.check(BOTH) is None

    assert (tmp_path / "ran").read_text().split() == ["b", "a", "whole", "a", "b"]
    assert len(bench.proof.commands) == 3


def test_the_quickest_are_run_first_as_far_as_is_known_from_before(
    bench: Bench, tmp_path: Path
) -> None:
    epic = bench.epic
    for number, seconds in enumerate((1.0, 9.0)):
        (command,) = epic.domains[number].checks
        run = CheckRun(command=command, exit_code=0, duration_s=seconds, log="")
        epic.results[number] = replace(epic.results[number], checks=(run,))
    with clashing(epic, epic.heads["a-side"], epic.heads["b-side"]) as clash:
        bench.proof = prover(epic.given(), bench.tools)(clash)
        assert bench.check(BOTH) is None

    assert (tmp_path / "ran").read_text().split() == ["a", "b", "whole", "a", "b"]


def test_the_check_that_fails_is_named_with_its_log(bench: Bench) -> None:
    refused = bench.check(OURS)

    assert refused is not None
    assert refused.reason == f"'{bench.epic.domains[1].checks[0]}' fails"
    assert refused.log is not None
    assert Path(refused.log).is_file()
    assert bench.proof.find_doubt(refused) is None


def test_the_commands_are_weighed_on_each_file_with_the_markers_of_git(epic: Epic) -> None:
    news, limits = "NEWS.md", "api/limits.py"
    epic.base = epic.commit({CODE: BASE, news: "# News\n", limits: "LIMIT = 1\n"})
    sides = (
        epic.domain("a-side", {CODE: OURS, news: "# News\na\n", limits: "LIMIT = 2\n"}),
        epic.domain("b-side", {CODE: THEIRS, news: "# News\nb\n", limits: "LIMIT = 3\n"}),
    )
    epic.validation = ("test -e README.md || true", f"python3 -m py_compile {CODE}")
    epic.validation += (f"test \"$(cat {limits})\" = 'LIMIT = 2' || grep -q '<<<' {limits}",)
    resolved = {CODE: BOTH, news: "# News\na\nb\n", limits: "LIMIT = 2\n"}
    tools = epic.tools()
    with tools.checks, clashing(epic, *sides) as clash:
        proof = prover(epic.given(), tools)(clash)
        tree = tree_of(epic.place.context, epic.commit(resolved))
        offered = Offered(tree=tree, by=ResolvedBy.CANDIDATE)
        assert proof.check(offered, number=1, cancel=tools.cancel) is None
        seen = {
            path: proof.sees(offered, path, number=1, cancel=tools.cancel) for path in proof.paths
        }

    assert seen == {CODE: True, news: False, limits: False}


def test_a_file_in_which_git_leaves_no_usual_markers_gets_some(epic: Epic) -> None:
    epic.base = epic.commit({CODE: BASE, ".gitattributes": "*.py conflict-marker-size=3\n"})
    sides = (epic.domain("a-side", {CODE: OURS}), epic.domain("b-side", {CODE: THEIRS}))
    epic.validation = (f"! grep -q '^<<<<<<< ' {CODE}",)
    tools = epic.tools()
    with tools.checks, clashing(epic, *sides) as clash:
        assert "<<<<<<<" not in epic.read(str(clash.merged.tree), CODE)
        proof = prover(epic.given(), tools)(clash)
        tree = tree_of(epic.place.context, epic.commit({CODE: BOTH}))
        offered = Offered(tree=tree, by=ResolvedBy.CANDIDATE)

        assert proof.sees(offered, CODE, number=1, cancel=tools.cancel)


def test_checks_that_fail_on_both_sides_alone_are_named(epic: Epic) -> None:
    sides = (epic.domain("a-side", {CODE: OURS}), epic.domain("b-side", {CODE: THEIRS}))
    epic.validation = ("test -e later.txt",)
    tools = epic.tools()
    with tools.checks, clashing(epic, *sides) as clash:
        proof = prover(epic.given(), tools)(clash)
        offered = Offered(tree=tree_of(clash.context, clash.ours), by=ResolvedBy.CANDIDATE)
        refused = proof.check(offered, number=1, cancel=tools.cancel)
        assert refused is not None
        why = proof.find_doubt(refused)

    assert why == "'test -e later.txt' fails on the train so far and on its own head too"
