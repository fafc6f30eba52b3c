"""Rows 1 to 34: names and plans that cannot be used are refused in words, and nothing changes."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput, PlanChanged
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.bad_input import WORDS, untouched

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Refused:
    """A plan that is refused: what its message says, its stable code, whether it has a place."""

    row: int
    plan: str | bytes
    says: str
    code: str
    place: str = r"plan\.yaml:\d+:\d+"


def named(name: str) -> str:
    return json.dumps({"epic_id": "bad", "domains": [{"name": name, "files": ["api/**"]}]})


def identified(epic_id: str) -> str:
    return json.dumps({"epic_id": epic_id, "domains": [{"name": "a", "files": ["api/**"]}]})


def holding(path: str) -> str:
    return json.dumps({"epic_id": "bad", "domains": [{"name": "a", "files": [path]}]})


def several(names: Sequence[str]) -> str:
    domains = [{"name": name, "files": ["api/**"]} for name in names]
    return json.dumps({"epic_id": "bad", "domains": domains})


def needing(**depends_on: Sequence[str]) -> str:
    domains = [
        {"name": name, "files": ["api/**"], "depends_on": list(needs)}
        for name, needs in depends_on.items()
    ]
    return json.dumps({"epic_id": "bad", "domains": domains})


def with_minutes(text: str) -> str:
    return f"epic_id: bad\ndomains: [{{name: a, files: [x], estimate_minutes: {text}}}]\n"


NAME, PATH, TYPE = "invalid_name", "invalid_path", WORDS["type"]
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ndomains: *c\n"
PLAIN = "epic_id: bad\ndomains:\n  - name: a\n    files: [api/**]\n"

REFUSED = {
    "climbing-id": Refused(1, identified("../x"), "epic id '../x'", NAME),
    "climbing-name": Refused(1, named("../x"), "domain name '../x'", NAME),
    "option-short": Refused(2, named("-x"), "domain name '-x'", NAME),
    "option-long": Refused(2, identified("--help"), "epic id '--help'", NAME),
    "name-newline": Refused(3, named("a\nb"), r"domain name 'a\nb'", NAME),
    "name-tab": Refused(3, named("a\tb"), r"domain name 'a\tb'", NAME),
    "name-nul": Refused(3, named("a\x00b"), "U+0000", "control_character"),
    "ends-in-lock": Refused(4, named("a.lock"), "'a.lock' ends in '.lock'", NAME),
    "two-dots": Refused(5, named("a..b"), "'a..b' holds '..'", NAME),
    "at-sign": Refused(6, named("@"), "domain name '@'", NAME),
    "head": Refused(6, named("HEAD"), "domain name 'HEAD'", NAME),
    "head-in-small": Refused(6, named("head"), "'head' is a word of git", NAME),
    "fetch-head": Refused(6, named("fetch_head"), "'fetch_head' is a word of git", NAME),
    "stash": Refused(6, identified("stash"), "'stash' is a word of git", NAME),
    "twins-by-case": Refused(7, several(["Foo", "foo"]), "domain name 'Foo'", NAME),
    "twins": Refused(7, several(["foo", "foo"]), "'foo' is there twice", WORDS["duplicate"]),
    "composed-twin": Refused(8, several(["caf\u00e9"]), "domain name 'caf\u00e9'", NAME),
    "decomposed-twin": Refused(8, several(["cafe\u0301"]), "domain name", NAME),
    "251-bytes": Refused(9, named("a" * 251), "domain name 'aaaa", NAME),
    "bidi": Refused(10, 'epic_id: "\u202ebad"\n', "U+202E", "control_character"),
    "not-utf-8": Refused(10, b'epic_id: "\xff"\n', "not UTF-8", "invalid_yaml"),
    "shell-words": Refused(12, named("$(id)"), "domain name '$(id)'", NAME),
    "shell-end": Refused(12, identified("a;rm"), "epic id 'a;rm'", NAME),
    "no-name": Refused(13, named(""), "domain name '' is empty", NAME),
    "device-con": Refused(14, named("con"), "'con' is a device on Windows", NAME),
    "device-nul": Refused(14, named("nul.txt"), "'nul.txt' is a device on Windows", NAME),
    "absolute-path": Refused(15, holding("/etc/passwd"), "'/etc/passwd' is absolute", PATH),
    "climbing-path": Refused(16, holding("a/../../b"), "'a/../../b' leaves the repository", PATH),
    "git-config": Refused(18, holding(".git/config"), "'.git/config' is inside git's own", PATH),
    "git-in-capitals": Refused(18, holding(".GIT/x"), "'.GIT/x' is inside git's own", PATH),
    "git-short-name": Refused(18, holding("git~1"), "'git~1' is inside git's own", PATH),
    "circle": Refused(21, needing(a=["b"], b=["c"], c=["a"]), "a -> ", "cycle"),
    "needs-itself": Refused(22, needing(a=["a"]), "'a' depends on itself", "dependency"),
    "needs-unknown": Refused(
        22, needing(a=["db"]), "'a' needs 'db', which is not in the plan", "dependency"
    ),
    "alias-bomb": Refused(24, BOMB, "anchor", "invalid_yaml"),
    "deep": Refused(25, f"domains: {'[' * 10_000}", "nested deeper", "invalid_yaml"),
    "python-tag": Refused(
        26, "domains: !!python/object/apply:os.system [id]\n", "tag", "invalid_yaml"
    ),
    "same-key-twice": Refused(27, f"{PLAIN}epic_id: good\n", "epic_id", "invalid_yaml"),
    "number-as-name": Refused(28, "epic_id: bad\ndomains: [{name: 10}]\n", "must be text", TYPE),
    "word-as-flag": Refused(
        28, "epic_id: bad\ndomains: [{name: a, stacked: no}]\n", "true or false", TYPE
    ),
    "no-domains": Refused(29, "epic_id: bad\ndomains: []\n", "no domains", TYPE),
    "too-many-bytes": Refused(30, f"#{'x' * MEBIBYTE}\n{PLAIN}", "larger than", "too_large", ""),
    "minutes-not-a-number": Refused(33, with_minutes(".nan"), "must be a number", TYPE),
    "minutes-negative": Refused(33, with_minutes("-1"), "more than 0 minutes", TYPE),
    "minutes-endless": Refused(33, with_minutes(".inf"), "must be a number", TYPE),
    "unknown-field": Refused(34, f"{PLAIN}    file: [web/**]\n", "unknown field 'file'", TYPE),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_plan_that_cannot_be_used_is_refused_in_its_own_words_and_changes_nothing(
    epic: Epic, case: Refused
) -> None:
    before = untouched(epic.repository)

    with pytest.raises(InvalidInput) as refused:
        plan_bytes(epic, case.plan if isinstance(case.plan, bytes) else case.plan.encode())

    assert refused.value.exit_code == 2
    assert case.says in refused.value.message
    assert refused.value.code == case.code
    assert re.fullmatch(case.place, refused.value.where)
    assert untouched(epic.repository) == before


def test_a_branch_where_the_branches_of_the_epic_would_go_is_named_and_stays(
    epic: Epic, git: RunGit
) -> None:
    git(epic.repository, "branch", "ropewalk/bad")
    plan_bytes(epic, PLAIN.encode())
    before = untouched(epic.repository)

    with pytest.raises(InvalidInput) as refused:
        epic.run(api.RunRequest(agent_command="true"))

    assert refused.value.code == WORDS["REF_CONFLICT"]
    assert "'ropewalk/bad'" in refused.value.message
    assert untouched(epic.repository) == before


@pytest.mark.parametrize("kind", ["files", "new_files"])
def test_a_path_through_a_link_that_leaves_the_repository_is_refused(
    epic: Epic, git: RunGit, kind: str
) -> None:
    (epic.repository / "vendor").symlink_to("/etc")
    git(epic.repository, "add", "vendor")
    git(epic.repository, "commit", "-qm", "link")
    before = untouched(epic.repository)
    domain = {"name": "a", "files": ["api/**"], kind: ["vendor/passwd"]}

    with pytest.raises(InvalidInput) as refused:
        epic.plan(json.dumps({"epic_id": "bad", "domains": [domain]}))

    assert refused.value.code == PATH
    assert refused.value.where == "plan.yaml"
    assert "'vendor/passwd' of domain 'a'" in refused.value.message
    assert "'vendor'" in refused.value.message
    assert untouched(epic.repository) == before


def test_a_pattern_that_matches_nothing_is_a_warning(epic: Epic) -> None:
    planned = plan_bytes(epic, holding("nowhere/**").encode())

    assert planned.notes.warnings == ("a: 'nowhere/**' matches no file of the base",)


def test_files_claimed_twice_are_reported_and_merge_in_the_order_of_dependencies(
    epic: Epic,
) -> None:
    domains = [
        {"name": "second", "files": ["api/service.py"], "depends_on": ["whole"]},
        {"name": "whole", "files": ["**"]},
    ]

    planned = plan_bytes(epic, json.dumps({"epic_id": "twice", "domains": domains}).encode())

    assert [(o.path, o.domains) for o in planned.plan.overlaps] == [
        ("api/service.py", ("second", "whole"))
    ]
    assert planned.plan.merge_order == ("whole", "second")
    assert any("api/service.py is claimed by" in text for text in planned.notes.warnings)


def test_a_chain_of_ten_thousand_domains_is_planned(epic: Epic) -> None:
    domains = [
        {
            "name": f"d{number}",
            "new_files": [f"new/{number}.txt"],
            "depends_on": [f"d{number - 1}"] if number else [],
        }
        for number in range(10_000)
    ]

    plan = epic.plan(json.dumps({"epic_id": "chain", "domains": domains}))

    assert plan.merge_order == tuple(f"d{number}" for number in range(10_000))


def test_words_that_older_yaml_takes_for_other_things_are_names(epic: Epic) -> None:
    text = "epic_id: words\ndomains:\n" + "".join(
        f"  - {{name: {word}, files: [api/**]}}\n" for word in ("no", "010", "12.5e")
    )

    plan = plan_bytes(epic, text.encode()).plan

    assert [domain.name for domain in plan.domains] == ["no", "010", "12.5e"]


def test_a_plan_that_was_changed_since_it_was_made_is_not_run(epic: Epic) -> None:
    plan_bytes(epic, PLAIN.encode())
    path = epic.workspace.layout.analysis("bad")
    path.write_text(path.read_text().replace("api/routes.py", "web/index.html"))
    before = untouched(epic.repository)

    with pytest.raises(PlanChanged) as refused:
        api.run(epic.workspace, "bad", api.RunRequest(agent_command="true"))

    assert refused.value.code == WORDS["PLAN_HASH"]
    assert "'bad'" in refused.value.message
    assert "ropewalk edit bad" in refused.value.hint
    assert untouched(epic.repository) == before


def test_file_names_that_mean_something_elsewhere_are_only_names(epic: Epic, git: RunGit) -> None:
    names = [":(exclude)x", "*", 'quo"te', "line\nbreak", "-n", "$(id)", "ünï cødé"]
    command = "".join(f"printf new > ./{shell_quoted(name)}; " for name in names)
    files = [name.replace("*", "\\*").replace("\n", "?") for name in names]
    domain = {"name": "a", "new_files": files, "command": command}
    epic.plan(json.dumps({"epic_id": "literal", "domains": [domain], "validation": ["true"]}))

    epic.run()
    epic.merge()

    assert epic.result("a").files.created == tuple(sorted(names))
    assert epic.result("a").outside_declared_files == ()
    assert git(epic.repository, "ls-tree", "--name-only", "-z", "HEAD").count("\0") == 6 + len(
        names
    )
    assert all((epic.repository / name).read_text() == "new" for name in names)


def shell_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def plan_bytes(epic: Epic, data: bytes) -> api.Planned:
    planned = api.plan(epic.workspace, api.PlanRequest(hand_written=data, source="plan.yaml"))
    epic.epic_id = planned.plan.epic_id
    return planned
