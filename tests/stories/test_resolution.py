"""Conflicts that are resolved with proof, and those that are not: from the plan to the landing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from ropewalk.model.merge import MergedDomain, MergeReport, MergeStatus
from ropewalk.store.schema.documents import load
from tests.conftest import run_git
from tests.stories.scenes import add_files
from tests.stories.shell import Ended, ropewalk, start

PYTHON = sys.executable
CODE, LIMITS = "api/prices.py", "api/limits.py"
BASE = {
    CODE: "def total(items):\n    return sum(items)\n",
    LIMITS: "LIMIT = 10\n",
    "tests/__init__.py": "",
}


def unit_test(name: str, call: str, result: object) -> str:
    return (
        "import unittest\n\nfrom api import limits, prices\n\n\n"
        f"class {name.title()}(unittest.TestCase):\n"
        f"    def test_{name}(self):\n"
        f"        self.assertEqual({call}, {result!r})\n"
    )


REBATE = {
    CODE: "def total(items, rebate=0):\n    return sum(items) - rebate\n",
    "tests/test_rebate.py": unit_test("rebate", "prices.total([3, 4], rebate=2)", 5),
}
FACTOR = {
    CODE: "def total(items, factor=1):\n    return sum(items)\n\n\ndef twice(items):\n"
    "    return total([item * 2 for item in items])\n",
    "tests/test_factor.py": unit_test("factor", "prices.twice(items=[1, 2])", 6),
}
THIRTY, TWENTY = {LIMITS: "LIMIT = 30\n"}, {LIMITS: "LIMIT = 20\n"}


def unit_tests(*names: str) -> str:
    return " ".join((PYTHON, "-m unittest -q", *(f"tests.test_{name}" for name in names)))


COMPILES = f"{PYTHON} -m compileall -q -f api"


def holds(path: str, line: str) -> str:
    return f"test \"$(cat {path})\" = '{line}'"


@dataclass
class Story:
    """An epic of domains that write given files, driven through the command line."""

    repository: Path
    scratch: Path

    def plan(
        self,
        domains: Mapping[str, Mapping[str, str]],
        *,
        checks: Mapping[str, str] = MappingProxyType({}),
        validation: Sequence[str] = (COMPILES,),
        base: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        add_files(self.repository, {**BASE, **base})
        text = {
            "epic_id": "shop",
            "domains": [
                {
                    "name": name,
                    "files": ["**"],
                    "new_files": ["tests/**"],
                    "command": self._writes(name, files),
                    "checks": [checks[name]] if name in checks else [],
                }
                for name, files in domains.items()
            ],
            "validation": list(validation),
        }
        path = self.scratch / "plan.json"
        path.write_text(json.dumps(text), encoding="utf-8")
        assert self("plan", "--from", str(path)).code == 0
        ran = self("run", "shop", "--parallel")
        assert ran.code == 0, ran.stdout + ran.stderr

    def __call__(self, *arguments: str) -> Ended:
        return ropewalk(self.repository, *arguments, timeout_s=120.0)

    def report(self) -> MergeReport:
        path = self.repository / ".workflow" / "outputs" / "shop" / "phase1c_merge_results.json"
        return load(MergeReport, path.read_bytes(), name=path.name)

    def domain(self, name: str) -> MergedDomain:
        return next(one for one in self.report().domains if one.name == name)

    def events(self, type_: str) -> list[dict[str, object]]:
        (journal,) = (self.repository / ".workflow" / "runs").glob("*/journal.jsonl")
        events = [json.loads(line) for line in journal.read_text().splitlines() if line]
        return [event["data"] for event in events if event["type"] == type_]

    def git(self, *arguments: str) -> str:
        return run_git(self.repository, *arguments)

    def _writes(self, name: str, files: Mapping[str, str]) -> str:
        for path, text in files.items():
            place = self.scratch / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        return f"cp -r {self.scratch / name}/. ."


@pytest.fixture
def story(repository: Path, tmp_path: Path) -> Story:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Story(repository=repository, scratch=scratch)


def test_two_changes_of_one_signature_are_resolved_with_proof_and_shown(story: Story) -> None:
    checks = {name: unit_tests(name) for name in ("factor", "rebate")}
    story.plan({"factor": FACTOR, "rebate": REBATE}, checks=checks, validation=(unit_tests(),))
    before = story.git("rev-parse", "main")

    off = story("merge", "shop", "--resolve", "off")
    unasked = story.domain("rebate")
    suggest = story("merge", "shop", "--resolve", "suggest")
    suggested = story.domain("rebate")
    shown = story("diff", "shop", "--resolved")

    assert (off.code, suggest.code) == (3, 3)
    assert (unasked.suggestions, unasked.reason) == ((), "conflicts with factor")
    assert suggested.suggestions
    assert "none applied: --resolve suggest only shows them" in str(suggested.reason)
    kept = story.git("for-each-ref", "--format=%(tree)", "refs/ropewalk/shop/suggested/rebate")
    assert set(kept.split()) == {one.tree for one in suggested.suggestions}
    assert "# suggestion 1 of" in shown.stdout
    assert f"read-tree -u --reset {suggested.suggestions[0].tree}" in shown.stdout
    assert story.git("rev-parse", "main") == before

    merged = story("merge", "shop")

    assert merged.code == 0, merged.stdout + merged.stderr
    report, resolved = story.report(), story.domain("rebate")
    assert (report.status, resolved.status) == (MergeStatus.LANDED, "resolved")
    assert resolved.resolution is not None
    assert resolved.resolution.by == "candidate"
    assert 1 <= resolved.resolution.candidates_tried <= resolved.resolution.candidates_offered <= 16
    assert set(resolved.resolution.verified_by) == {unit_tests(), *checks.values()}
    assert resolved.resolution.words[0].startswith(f"{CODE}: ")
    story.git("checkout", "--quiet", "main")
    landed = (story.repository / CODE).read_text()
    assert all(word in landed for word in ("rebate", "factor", "def twice"))
    assert (
        subprocess.run([PYTHON, "-m", "unittest"], cwd=story.repository, check=False).returncode
        == 0
    )

    decided = story("diff", "shop", "rebate", "--resolved")
    page = story("report", "shop")

    assert f"# resolved by candidate {resolved.resolution.candidates_tried} of" in (decided.stdout)
    assert f"# {resolved.resolution.words[0]}" in decided.stdout
    assert "# rebate against the train before it" in decided.stdout
    assert "# rebate against its own head" in decided.stdout
    assert "-<<<<<<< train\n" in decided.stdout
    assert page.code == 0


def test_a_conflict_that_no_candidate_can_prove_waits_and_changes_nothing(story: Story) -> None:
    checks = {"thirty": holds(LIMITS, "LIMIT = 30"), "twenty": holds(LIMITS, "LIMIT = 20")}
    story.plan({"thirty": THIRTY, "twenty": TWENTY}, checks=checks)
    before = story.git("rev-parse", "main")

    merged = story("merge", "shop")

    assert merged.code == 3
    twenty = story.domain("twenty")
    tried = story.events("candidate_tried")
    assert tried
    assert not any(one["passed"] for one in tried)
    assert str(twenty.reason).startswith("conflicts with thirty; ")
    assert "passed both sides' checks" in str(twenty.reason)
    assert all("fails" in one.reason for one in twenty.suggestions)
    assert story.git("rev-parse", "main") == before
    assert story.git("status", "--porcelain") == ""

    parked = story("merge", "shop", "--on-conflict", "park")

    assert parked.code == 6
    assert (story.domain("twenty").status, story.domain("thirty").status) == ("parked", "merged")


def test_without_checks_there_are_suggestions_and_one_can_be_taken_by_hand(story: Story) -> None:
    story.plan({"factor": FACTOR, "rebate": REBATE}, validation=())

    merged = story("merge", "shop", "--unchecked", "--on-conflict", "stop")

    rebate = story.domain("rebate")
    assert merged.code == 3
    assert "no check is configured that could prove one" in str(rebate.reason)
    bench = story.repository / ".worktrees" / "shop" / "_resolve"
    run_git(bench, "checkout", rebate.suggestions[0].tree, "--", ".")
    assert run_git(bench, "ls-files", "-u") == ""

    ended = story("merge", "shop", "--continue")

    assert ended.code == 0, ended.stdout + ended.stderr
    resolution = story.domain("rebate").resolution
    assert resolution is not None
    assert resolution.by == "person"
    assert story.git("rev-parse", "main^{tree}") == rebate.suggestions[0].tree


def test_checks_that_do_not_look_at_the_file_prove_nothing_and_the_person_may_take_it(
    story: Story,
) -> None:
    more = {"NEWS.md": "# News\n"}
    news = {name: {"NEWS.md": f"# News\n\n- {name}\n"} for name in ("factor", "rebate")}
    story.plan(
        {"factor": {**FACTOR, **news["factor"]}, "rebate": {**REBATE, **news["rebate"]}},
        validation=("true", COMPILES),
        base=more,
    )
    before = story.git("rev-parse", "main")

    merged = story("merge", "shop")

    assert merged.code == 3, merged.stdout + merged.stderr
    rebate = story.domain("rebate")
    assert str(rebate.reason).endswith("what passed is only suggested: no check looks at NEWS.md")
    assert "passes, but no check looks at NEWS.md" in merged.stderr
    assert "with git's conflict markers in it too" in " ".join(merged.stdout.split())
    assert "ropewalk diff shop --resolved" in merged.stdout
    assert story.git("rev-parse", "main") == before
    (weighed,) = story.events("proof_weighed")
    assert (weighed["paths"], weighed["unseen"]) == (["NEWS.md", CODE], ["NEWS.md"])
    shown = story("diff", "shop", "--resolved").stdout
    assert "not taken: no check looks at NEWS.md: they pass with git's conflict markers" in shown
    assert f"read-tree -u --reset {rebate.suggestions[0].tree}" in shown

    assert story("merge", "shop", "--on-conflict", "stop").code == 3
    bench = story.repository / ".worktrees" / "shop" / "_resolve"
    run_git(bench, "checkout", rebate.suggestions[0].tree, "--", ".")
    taken = story("merge", "shop", "--continue")

    assert taken.code == 0, taken.stdout + taken.stderr
    assert story.git("rev-parse", "main^{tree}") == rebate.suggestions[0].tree
    assert {"- factor", "- rebate"} <= set(story.git("show", "main:NEWS.md").splitlines())


def test_several_files_of_one_conflict_are_resolved_together(story: Story) -> None:
    more = {LIMITS: "LIMIT = 10\nLEAST = 1\n"}
    story.plan(
        {"factor": {**FACTOR, **more}, "rebate": {**REBATE, LIMITS: "LIMIT = 10\nMOST = 9\n"}}
    )

    merged = story("merge", "shop")

    assert merged.code == 0, merged.stdout + merged.stderr
    resolution = story.domain("rebate").resolution
    assert resolution is not None
    assert sorted(words.partition(":")[0] for words in resolution.words) == [LIMITS, CODE]
    assert {"LEAST = 1", "MOST = 9"} <= set(story.git("show", f"main:{LIMITS}").splitlines())


def test_what_a_person_resolved_once_is_used_again_by_the_next_epic(story: Story) -> None:
    story.plan({"thirty": THIRTY, "twenty": TWENTY})
    assert story("merge", "shop", "--resolve", "off", "--on-conflict", "stop").code == 3
    bench = story.repository / ".worktrees" / "shop" / "_resolve"
    (bench / LIMITS).write_text("LIMIT = 25  # a compromise\n")
    run_git(bench, "add", LIMITS)
    assert story("merge", "shop", "--continue").code == 0
    assert story("undo", "shop").code == 0

    again = story("run", "shop", "--parallel", "--fresh")
    merged = story("merge", "shop")

    assert again.code == 0, again.stderr
    assert merged.code == 0, merged.stdout + merged.stderr
    resolution = story.domain("twenty").resolution
    assert resolution is not None
    assert (resolution.by, resolution.words) == (
        *("rerere", (f"{LIMITS}: as a person resolved it before",)),
    )
    assert story.git("show", f"main:{LIMITS}") == "LIMIT = 25  # a compromise"


def test_the_driver_that_was_configured_when_the_run_began_is_used_and_no_later_one(
    story: Story, tmp_path: Path
) -> None:
    (story.repository / ".gitattributes").write_text("*.py merge=limits\n")
    story.git("add", ".gitattributes")
    story.git("config", "merge.limits.driver", "echo 'LIMIT = 40  # by the driver' > %A")
    story.plan({"thirty": THIRTY, "twenty": TWENTY})
    evil = f"touch {tmp_path}/evil; echo 'LIMIT = 66' > %A"
    story.git("config", "merge.limits.driver", evil)

    merged = story("merge", "shop")

    assert merged.code == 0, merged.stdout + merged.stderr
    assert not (tmp_path / "evil").exists()
    assert story.git("show", f"main:{LIMITS}") == "LIMIT = 40  # by the driver"
    resolution = story.domain("twenty").resolution
    assert resolution is not None
    assert (resolution.by, resolution.words) == (
        *("driver", (f"{LIMITS}: by the merge driver 'limits'",)),
    )


def test_killed_while_a_candidate_is_checked_it_resumes_to_the_same_end(
    story: Story, tmp_path: Path
) -> None:
    began, go = tmp_path / "began", tmp_path / "go"
    gate = (
        f"{COMPILES} && {{ test -e {go} || ! grep -q factor {CODE} || ! grep -q rebate {CODE} || "
    )
    gate += f"{{ touch {began}; sleep 100; }}; }}"
    story.plan({"factor": FACTOR, "rebate": REBATE}, validation=(gate,))
    killed = start(story.repository, "merge", "shop", log=tmp_path / "log")
    _wait_for(began)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    go.touch()

    resumed = story("resume", "shop")

    assert resumed.code == 0, resumed.stdout + resumed.stderr
    assert story.domain("rebate").status == "resolved"
    assert story.git("rev-parse", "main^{tree}") == story.domain("rebate").tree
    assert [one["by"] for one in story.events("conflict_resolved")] == ["candidate"]


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)
