from dataclasses import replace
from pathlib import Path

from ropewalk.engine.cache import Cache
from ropewalk.merging.report import exit_code
from ropewalk.model.merge import OnConflict
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry, numbered, statuses

NO_BAD = "test ! -e bad"


def test_the_whole_train_is_checked_once_on_its_exact_tree(epic: Epic) -> None:
    epic.domain("api", {"api/x.py": "X = 1\n"})
    epic.domain("web", {"web/x.js": "1\n"})

    report = epic.merge(configured=("test -e api/x.py && test -e web/x.js",), unchecked=False)

    assert report.status == "landed"
    assert not report.target.unchecked
    assert report.validation.method == "whole train"
    (run,) = report.validation.runs
    assert run.prefix == ("api", "web")
    assert run.tree == entry(report, "web").tree
    assert (run.exit_code, run.cached) == (0, False)
    assert Path(run.log).exists()
    assert not (epic.root / ".worktrees" / EPIC / "_check-1").exists()


def test_commands_come_from_configuration_plan_domains_and_options_none_twice(epic: Epic) -> None:
    epic.validation = ("true", "test -e README.md")
    epic.domain("api", {"api/x.py": "X = 1\n"}, checks=("test -e api/x.py", "true"))
    epic.domain("web", {"web/x.js": "1\n"}, checks=("test -e web/x.js",))
    epic.domain("docs", {"docs/x.md": "x\n"}, checks=("false",))

    report = epic.merge(configured=("true",), checks=("test -d db",), skip=("docs",))

    assert report.validation.commands == (
        "true",
        "test -e README.md",
        "test -e api/x.py",
        "test -e web/x.js",
        "test -d db",
    )
    assert report.status == "landed"


def test_the_first_domain_that_breaks_a_check_is_found_and_nothing_lands(epic: Epic) -> None:
    for number in range(1, 6):
        files: dict[str, str | None] = {f"part-{number}.txt": "x\n"}
        epic.domain(
            f"d{number}",
            files | ({"bad": "bad\n"} if number == 3 else {}),
            depends_on=("d3",) if number == 4 else (),
        )

    report = epic.merge(configured=(NO_BAD,))

    assert report.status == "validation_failed"
    assert exit_code(report) == 4
    assert report.validation.culprit == "d3"
    assert report.target.reason == f"'{NO_BAD}' fails from d3 on"
    assert epic.tip() == epic.base
    assert list(statuses(report).values()) == [
        *("merged", "merged", "ejected"),
        *("blocked", "merged"),
    ]
    assert entry(report, "d4").blocked_by == "d3"


def test_what_is_left_is_checked_as_a_whole_and_kept_although_nothing_lands(epic: Epic) -> None:
    for number in range(1, 6):
        files: dict[str, str | None] = {f"part-{number}.txt": "x\n"}
        epic.domain(f"d{number}", files | ({"bad": "bad\n"} if number == 3 else {}))

    report = epic.merge(configured=(NO_BAD,))

    prefixes = [len(run.prefix) for run in report.validation.runs]
    assert prefixes == [5, 5, 2, 3, 3, 1, 4]
    assert report.validation.runs[-1].prefix == ("d1", "d2", "d4", "d5")
    assert report.validation.runs[-1].exit_code == 0
    assert report.validation.method == "whole train, then binary search; without d3: whole train"
    assert epic.refs()["result"] == report.target.result
    assert run_git(epic.root, "ls-tree", "--name-only", epic.refs()["result"], "bad") == ""


def test_the_blame_names_the_command_its_log_and_the_commits_before_and_after(epic: Epic) -> None:
    epic.domain("a", {"a.txt": "a\n"})
    epic.domain("b", {"bad": "bad\n"})

    report = epic.merge(configured=("true", f"echo broken; {NO_BAD}"))

    (blame,) = report.validation.blamed
    assert (blame.domain, blame.command, blame.exit_code) == ("b", f"echo broken; {NO_BAD}", 1)
    assert Path(blame.log).read_text(encoding="utf-8") == "broken\n"
    assert blame.said == "broken"
    assert run_git(epic.root, "rev-parse", f"{blame.bad}^1") == blame.good
    assert run_git(epic.root, "ls-tree", "--name-only", blame.bad, "bad") == "bad"
    assert blame.together_with is None
    assert "ropewalk merge add-auth --unchecked --on-conflict park" in report.next_commands
    assert "ropewalk merge add-auth --unchecked --on-conflict stop" in report.next_commands
    assert "ropewalk merge add-auth --unchecked --on-conflict agent" in report.next_commands


def test_any_window_finds_the_same_domain(epic: Epic, tmp_path: Path) -> None:
    epic.cache = Cache(tmp_path / "cache", max_bytes=1_000_000)
    for number in range(1, 8):
        files: dict[str, str | None] = {f"part-{number}.txt": "x\n"}
        epic.domain(f"d{number}", files | ({"bad": "bad\n"} if number == 6 else {}))

    culprits = {
        window: epic.merge(configured=(NO_BAD,), window=window).validation.culprit
        for window in (1, 2, 4)
    }

    assert culprits == {1: "d6", 2: "d6", 4: "d6"}


def test_a_window_runs_prefixes_side_by_side(epic: Epic, tmp_path: Path) -> None:
    for number in range(1, 5):
        files: dict[str, str | None] = {f"part-{number}.txt": "x\n"}
        epic.domain(f"d{number}", files | ({"bad": "bad\n"} if number == 4 else {}))
    # Each prefix between the ends waits until another one runs too.
    meet = (
        f"n=$(ls part-* | wc -l); touch {tmp_path}/at-$n; test $n -gt 2 -o $n -lt 1 && exit 0; "
        f"for i in $(seq 200); do test -e {tmp_path}/at-1 -a -e {tmp_path}/at-2 && exit 0; "
        "sleep 0.05; done; exit 1"
    )

    report = epic.merge(configured=(f"({meet}) && {NO_BAD}",), window=2)

    assert report.validation.culprit == "d4"
    assert "2 prefixes at a time" in report.validation.method


def test_a_prefix_that_fails_only_once_is_nobodys_fault(epic: Epic, tmp_path: Path) -> None:
    for number in range(1, 6):
        files: dict[str, str | None] = {f"part-{number}.txt": "x\n"}
        epic.domain(f"d{number}", files | ({"bad": "bad\n"} if number == 4 else {}))
    once = f"test ! -e part-3.txt -o -e part-4.txt -o -e {tmp_path}/flag"
    flaky = f"{{ {once} || {{ touch {tmp_path}/flag; false; }}; }} && {NO_BAD}"

    report = epic.merge(configured=(flaky,))

    assert report.validation.culprit == "d4"
    runs = [(len(run.prefix), run.exit_code) for run in report.validation.runs]
    assert runs[2:7] == [(2, 0), (3, 1), (3, 0), (4, 1), (4, 1)]


def test_a_failure_of_two_domains_together_names_both(epic: Epic) -> None:
    for number in range(1, 7):
        epic.domain(f"d{number}", {f"part-{number}.txt": "x\n"})
    together = "! test -e part-3.txt -a -e part-5.txt"

    report = epic.merge(configured=(together,))

    (blame,) = report.validation.blamed
    assert (blame.domain, blame.together_with) == ("d5", "d3")
    assert report.target.reason == f"'{together}' fails from d5 on, together with d3"
    assert statuses(report)["d3"] == "merged"


def test_a_domain_is_never_tried_without_what_it_needs(epic: Epic) -> None:
    epic.domain("a", {"a.txt": "x\n"})
    epic.domain("b", {"b.txt": "x\n"})
    epic.domain("c", {"c.txt": "x\n"}, depends_on=("a",))
    needs = "test ! -e c.txt -o -e a.txt"

    report = epic.merge(configured=(f"{needs} && ! test -e c.txt -a -e b.txt",))

    assert report.validation.blamed[0].together_with == "b"
    assert all("a" in run.prefix for run in report.validation.runs if "c" in run.prefix)


def test_every_culprit_is_blamed_before_anything_is_said(epic: Epic) -> None:
    epic.domain("a", {"bad": "bad\n"})
    epic.domain("b", {"b.txt": "b\n"})
    epic.domain("c", {"worse": "worse\n"})

    report = epic.merge(configured=(NO_BAD, "test ! -e worse"))

    assert [blame.domain for blame in report.validation.blamed] == ["a", "c"]
    assert report.validation.culprit == "a"
    assert report.target.reason == f"'{NO_BAD}' fails from a on; 'test ! -e worse' fails from c on"
    assert statuses(report) == {"a": "ejected", "b": "merged", "c": "ejected"}
    assert len({run.log for run in report.validation.runs}) == len(report.validation.runs)


def test_what_passed_is_not_run_again_whatever_the_order(epic: Epic, tmp_path: Path) -> None:
    epic.cache = Cache(tmp_path / "cache", max_bytes=1_000_000)
    epic.domain("a", {"a.txt": "a\n"})
    epic.domain("b", {"b.txt": "b\n"})
    command = f"echo run >> {tmp_path}/count"

    first = epic.merge(configured=(command,), land=False)
    epic.domains[0] = replace(epic.domains[0], depends_on=("b",))
    second = epic.merge(configured=(command,), land=False)

    assert first.order != second.order
    assert [run.cached for run in second.validation.runs] == [True]
    assert (tmp_path / "count").read_text() == "run\n"


def test_what_a_check_writes_is_thrown_away_and_what_it_prints_may_be_anything(epic: Epic) -> None:
    epic.domain("a", {"a.txt": "a\n"})
    epic.domain("b", {"b.txt": "b\n"})
    noisy = "printf '\\377\\000\\200'; test ! -e made; echo x > made; rm a.txt; test ! -e b.txt"

    report = epic.merge(configured=(noisy,))

    assert report.validation.culprit == "b"
    assert Path(report.validation.blamed[0].log).read_bytes() == b"\xff\x00\x80"
    assert run_git(epic.root, "ls-tree", "--name-only", epic.refs()["result"], "made") == ""


def test_a_check_that_hangs_has_failed_and_has_no_exit_code(epic: Epic) -> None:
    epic.timeout_s = 0.3
    epic.domain("a", {"a.txt": "a\n"})

    report = epic.merge(configured=("test ! -e a.txt || sleep 60",))

    assert report.status == "validation_failed"
    assert report.validation.culprit == "a"
    assert report.validation.blamed[0].exit_code is None


def test_a_check_that_fails_on_the_target_too_blames_nobody(epic: Epic) -> None:
    epic.domain("api", {"api/x.py": "X = 1\n"})
    epic.domain("web", {"web/x.js": "1\n"})

    report = epic.merge(configured=("false",), on_conflict=OnConflict.PARK)

    assert report.status == "validation_failed"
    assert report.validation.culprit is None
    assert report.validation.method.endswith("the target fails without any domain")
    assert epic.tip() == epic.base


def test_a_check_of_a_domain_is_not_run_on_prefixes_without_it(epic: Epic) -> None:
    epic.domain("api", {"api/x.py": "X = 1\n"})
    epic.domain("web", {"web/x.js": "1\n"}, checks=("test -e missing",))

    report = epic.merge()

    assert report.validation.culprit == "web"


def test_a_failure_that_does_not_repeat_lands_and_is_named(epic: Epic, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    epic.domain("api", {"api/x.py": "X = 1\n"})

    report = epic.merge(configured=(f"test -e {flag} || {{ touch {flag}; false; }}",))

    assert report.status == "landed"
    assert report.validation.method == "whole train, passed when repeated"
    assert [run.exit_code for run in report.validation.runs] == [1, 0]


def test_park_ejects_the_culprit_and_its_dependants_and_lands_the_rest(epic: Epic) -> None:
    epic.domain("a", {"a.txt": "a\n"})
    epic.domain("b", {"bad": "bad\n"})
    epic.domain("c", {"c.txt": "c\n"}, depends_on=("b",))
    epic.domain("d", {"d.txt": "d\n"})

    report = epic.merge(configured=(NO_BAD,), on_conflict=OnConflict.PARK)

    assert report.status == "landed"
    assert exit_code(report) == 6
    assert statuses(report) == {"a": "merged", "b": "ejected", "c": "blocked", "d": "merged"}
    assert entry(report, "b").reason == f"'{NO_BAD}' fails from b on"
    assert entry(report, "c").blocked_by == "b"
    assert not (epic.root / "bad").exists()
    assert (epic.root / "d.txt").exists()


def test_park_ejects_one_culprit_after_another(epic: Epic) -> None:
    epic.domain("a", {"bad": "bad\n"})
    epic.domain("b", {"b.txt": "b\n"})
    epic.domain("c", {"worse": "worse\n"})

    report = epic.merge(configured=(NO_BAD, "test ! -e worse"), on_conflict=OnConflict.PARK)

    assert statuses(report) == {"a": "ejected", "b": "merged", "c": "ejected"}
    assert report.status == "landed"


def test_park_lands_nothing_when_every_domain_is_ejected(epic: Epic) -> None:
    epic.domain("a", {"bad": "bad\n"})

    report = epic.merge(configured=(NO_BAD,), on_conflict=OnConflict.PARK)

    assert report.status == "validation_failed"
    assert statuses(report) == {"a": "ejected"}
    assert epic.tip() == epic.base


def test_committed_conflict_markers_are_found_without_any_command(epic: Epic) -> None:
    marked = "<<<<<<< one\na\n=======\nb\n>>>>>>> two\n"
    epic.domain("a", {"fine.txt": "=======\nTitle\n=======\n"})
    epic.domain("b", {"marked.txt": marked})

    report = epic.merge()

    assert report.status == "validation_failed"
    assert report.validation.culprit == "b"
    assert report.validation.commands[-1].startswith("builtin: ")
    log = Path(report.validation.runs[0].log).read_text(encoding="utf-8")
    assert log == "conflict markers in marked.txt, line 1 (b)\n"
    assert report.validation.blamed[0].said == "conflict markers in marked.txt, line 1 (b)"


def test_markers_that_the_target_already_had_are_nobodys_fault(epic: Epic) -> None:
    marked = "<<<<<<< one\na\n=======\nb\n>>>>>>> two\n"
    epic.base = epic.commit({"manual.txt": marked})
    epic.root.joinpath("manual.txt").write_text(marked, encoding="utf-8")
    _reset(epic)
    epic.domain("a", {"manual.txt": f"{marked}more\n"})

    report = epic.merge()

    assert report.status == "landed"


def test_a_definition_that_two_domains_add_is_found(epic: Epic) -> None:
    before = "import os\n" + "".join(f"A{n} = {n}\n" for n in range(20))
    epic.base = epic.commit({"api/load.py": before})
    _reset(epic)
    function = "def load():\n    return {}\n"
    epic.domain("a", {"api/load.py": f"{function.format(1)}{before}"})
    epic.domain("b", {"api/load.py": f"{before}{function.format(2)}"})

    report = epic.merge()

    assert report.status == "validation_failed"
    assert report.validation.culprit == "b"
    log = Path(report.validation.runs[0].log).read_text(encoding="utf-8")
    assert log == "'load' is defined twice in api/load.py, lines 1 and 24 (a, b)\n"


def test_overloads_and_properties_are_no_findings(epic: Epic) -> None:
    before = "".join(f"A{n} = {n}\n" for n in range(20))
    epic.base = epic.commit({"api/load.py": before})
    _reset(epic)
    epic.domain("a", {"api/load.py": f"@one\ndef load(): ...\n{before}"})
    epic.domain("b", {"api/load.py": f"{before}@two\ndef load(): ...\n"})

    report = epic.merge()

    assert report.status == "landed"


def test_a_python_file_that_only_the_merge_breaks_is_found(epic: Epic) -> None:
    before = "VALUES = [\n" + "".join(f"    {n},\n" for n in range(20)) + "]\n"
    epic.base = epic.commit({"api/values.py": before})
    _reset(epic)
    epic.domain("a", {"api/values.py": "VALUES = (\n" + before.split("\n", 1)[1][:-2] + ")\n"})
    epic.domain("b", {"api/values.py": before.replace("    10,\n", "    10,\n] + [\n")})

    report = epic.merge()

    assert report.status == "validation_failed"
    log = Path(report.validation.runs[0].log).read_text(encoding="utf-8")
    assert log.startswith("api/values.py does not parse: line ")


def test_a_python_file_that_never_parsed_is_no_finding(epic: Epic) -> None:
    broken = "print 'old'\n" + numbered()
    epic.base = epic.commit({"old.py": broken})
    _reset(epic)
    epic.domain("a", {"old.py": f"# a\n{broken}"})
    epic.domain("b", {"old.py": f"{broken}# b\n"})

    report = epic.merge()

    assert report.status == "landed"


def _reset(epic: Epic) -> None:
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
