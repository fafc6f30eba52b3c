from pathlib import Path

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
        epic.domain(f"d{number}", files | ({"bad": "bad\n"} if number == 3 else {}))

    report = epic.merge(configured=(NO_BAD,))

    assert report.status == "validation_failed"
    assert exit_code(report) == 4
    assert report.validation.culprit == "d3"
    assert report.validation.method == "whole train, then binary search"
    assert report.target.reason == f"'{NO_BAD}' fails from d3 on"
    assert [len(run.prefix) for run in report.validation.runs] == [5, 5, 2, 3]
    assert epic.tip() == epic.base
    assert set(statuses(report).values()) == {"merged"}


def test_a_window_checks_some_prefixes_at_once_and_finds_the_same_domain(epic: Epic) -> None:
    for number in range(1, 8):
        files: dict[str, str | None] = {f"part-{number}.txt": "x\n"}
        epic.domain(f"d{number}", files | ({"bad": "bad\n"} if number == 6 else {}))

    report = epic.merge(configured=(NO_BAD,), window=3)

    assert report.validation.culprit == "d6"
    assert [len(run.prefix) for run in report.validation.runs] == [7, 7, 1, 3, 5, 6]


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
    assert log == "conflict markers in marked.txt\n"


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
    assert log == "'load' is defined twice in api/load.py\n"


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
