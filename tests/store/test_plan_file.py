import json
import time

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import PlanFile, ResultPolicy
from ropewalk.store.schema.plan_file import parse_plan_file

FULL = """\
epic_id: add-auth
title: Add user authentication
description: |
  Users log in.
domains:
  - name: database
    description: tables
    files: ["db/**", "models/user.py"]
    new_files: ["db/auth.sql"]
    depends_on: []
    briefing: database
    agent: claude
    estimate_minutes: 15
    stacked: false
    result: required
    checks: ["pytest -q tests/db"]
  - name: api
    files: [api/]
    depends_on: [database]
    command: sh -c true
validation: ["pytest -q"]
"""


def parse(text: str | bytes, *, name: str = "plan.yaml", from_person: bool = True) -> PlanFile:
    data = text.encode() if isinstance(text, str) else text
    return parse_plan_file(data, name=name, from_person=from_person)


def plan_with(*, name: str = "a", files: str = "[x]", more: str = "") -> str:
    return f"domains:\n  - name: {name}\n    files: {files}\n{more}"


def chain(count: int, *, closed: bool) -> str:
    needed = [f"d{(number - 1) % count}" if number or closed else "" for number in range(count)]
    domains = [
        f"  - {{name: d{number}, files: [f{number}], depends_on: [{needed[number]}]}}"
        for number in range(count)
    ]
    return "\n".join(["domains:", *domains])


def test_a_whole_plan_is_read_from_yaml() -> None:
    plan = parse(FULL)

    first, second = plan.domains
    assert (plan.epic_id, plan.description, plan.validation) == (
        "add-auth",
        "Users log in.\n",
        ("pytest -q",),
    )
    assert first.files == ("db/**", "models/user.py")
    assert first.new_files == ("db/auth.sql",)
    assert first.estimate_minutes == 15.0
    assert first.result is ResultPolicy.REQUIRED
    assert (first.agent, first.briefing, first.checks) == (
        "claude",
        "database",
        ("pytest -q tests/db",),
    )
    assert (second.depends_on, second.command) == (("database",), "sh -c true")


def test_json_and_yaml_say_the_same() -> None:
    fields = {"epic_id": "e", "domains": [{"name": "a", "files": ["x"], "estimate_minutes": 1.5}]}
    text = json.dumps(fields)

    plans = [parse(text, name=name) for name in ("plan.json", "plan", "plan.yaml")]

    assert plans[0] == plans[1] == plans[2]
    assert plans[0].domains[0].estimate_minutes == 1.5


def test_a_plan_begins_with_a_byte_order_mark_when_an_editor_put_it_there() -> None:
    assert parse(b"\xef\xbb\xbf" + plan_with().encode()).domains[0].name == "a"


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "-x", "--help", '"a\\nb"', '"a\\tb"', "a.lock", "a..b", "@", "HEAD", "head"),
        *("FETCH_HEAD", "fetch_head", "stash", "Foo", "x" * 65, "x" * 251, "$(id)", "a;rm", "''"),
        *("con", "nul", "com1", "lpt9", "aux.txt", ".a", "a.", "a-", "ä", "a/b", "a b"),
        *("phase1_parallel", "phase1c_merge", "phase2_validation", "phase3_postmortem"),
        *('"a\\u202eb"', '"a\\0b"', '"e\\u0301"', "refs/heads/x", "a~1", "a^", "a:b", '"a\\n"'),
    ],
)
def test_a_name_that_some_tool_takes_for_something_else_is_refused_at_its_place(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(plan_with(name=name))

    assert caught.value.where == "plan.yaml:2:11"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("epic_id", ["../x", "A", "a.lock", "stash", "''", "x" * 65])
def test_an_epic_id_that_cannot_be_a_ref_is_refused(epic_id: str) -> None:
    with pytest.raises(InvalidInput, match="epic id") as caught:
        parse(f"epic_id: {epic_id}\n{plan_with()}")

    assert caught.value.where == "plan.yaml:1:10"


@pytest.mark.parametrize("name", ["a", "no", "010", "1e3", "a.b_c-d", "x" * 64, "2025-11-20"])
def test_an_ordinary_name_is_taken_as_it_is_written(name: str) -> None:
    expected = f'"{name}"' if name == "1e3" else name

    assert parse(plan_with(name=expected)).domains[0].name == name


@pytest.mark.parametrize(
    "pattern",
    [
        *("/etc/passwd", "~/x", "C:/x", "C:\\\\x", "..", "a/../../b", "../x", "./a", "a/./b"),
        *(".git/config", ".GIT/x", "git~1", "a/.git", "GIT~2/x", ".git./x", ".g\\u200cit/x", ""),
        *("!/etc/passwd", "!../x", " "),
    ],
)
def test_a_file_outside_of_the_project_is_refused_at_its_place(pattern: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(plan_with(files=f'[ok, "{pattern}"]'))

    assert caught.value.code == "invalid_path"
    assert caught.value.where == "plan.yaml:3:17"


@pytest.mark.parametrize(
    "pattern", [":(exclude)x", "*", '\\"', "a\\nb", "**", "!src/gen/**", ".gitignore", "a..b", "ä"]
)
def test_a_strange_file_name_is_taken_literally(pattern: str) -> None:
    plan = parse(plan_with(files=f'["{pattern}"]'))

    assert plan.domains[0].files == (json.loads(f'"{pattern}"'),)


def test_new_files_alone_are_enough() -> None:
    plan = parse("domains: [{name: a, new_files: [x]}]")

    assert plan.domains[0].files == ()


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ("domains: []", "no domains", "1:10"),
        ("domains:\n", "'domains' must be a list", "1:1"),
        ("", "the document must be a table", "1:1"),
        ("[]", "the document must be a table", "1:1"),
        ("title: x", "the document needs the field 'domains'", "1:1"),
        ("domians: []", "unknown field 'domians'", "1:1"),
        ("domains: [{files: [x]}]", "'domains[0]' needs the field 'name'", "1:11"),
        ("domains: [{name: a}]", "names no files", "1:11"),
        ("domains: [3]", "'domains[0]' must be a table", "1:11"),
        (plan_with(name="[a]"), "'domains[0].name' must be text", "2:11"),
        (plan_with(name="12"), "'domains[0].name' must be text", "2:11"),
        (plan_with(name="true"), "'domains[0].name' must be text", "2:11"),
        (plan_with(files="x"), "'domains[0].files' must be a list", "3:12"),
        (plan_with(files="[1]"), "'domains[0].files[0]' must be text", "3:13"),
        (plan_with(more="    result: no"), "must be one of 'optional', 'required'", "4:13"),
        (plan_with(more="    stacked: 'true'"), "must be true or false", "4:14"),
        (plan_with(more="    estimate_minutes: .nan"), "must be a number", "4:23"),
        (plan_with(more="    estimate_minutes: .inf"), "must be a number", "4:23"),
        (plan_with(more="    estimate_minutes: 1e999"), "must be a number", "4:23"),
        (plan_with(more="    estimate_minutes: true"), "must be a number", "4:23"),
        (plan_with(more="    estimate_minutes: '3'"), "must be a number", "4:23"),
        (plan_with(more="    estimate_minutes: -1"), "more than 0 minutes", "4:23"),
        (plan_with(more="    estimate_minutes: 0"), "more than 0 minutes", "4:23"),
        (plan_with(more="    fils: [y]"), "unknown field 'fils'", "4:5"),
        (plan_with(more="    checks: ['']"), "a command is empty", "4:14"),
        (plan_with(more="    command: ' '"), "a command is empty", "4:14"),
        (plan_with(more="    briefing: ../x"), "briefing name '../x'", "4:15"),
        (plan_with(more="    agent: ../x"), "agent name '../x'", "4:12"),
        (plan_with(more="validation: ['', a]"), "a command is empty", "4:14"),
        (plan_with(more="    depends_on: [a]"), "'a' depends on itself", "4:18"),
        (plan_with(more="    depends_on: [b]"), "needs 'b', which is not in the plan", "4:18"),
        (plan_with(more="  - {name: a, files: [y]}"), "'a' is there twice", "4:12"),
        (
            plan_with(more="  - {name: b, files: [y], depends_on: [a, a]}"),
            "'b' depends on 'a' twice",
            "4:43",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, words: str, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)

    assert words in caught.value.message
    assert caught.value.where == f"plan.yaml:{where}"


def test_a_misspelt_field_comes_with_a_proposal() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(plan_with(more="    depend_on: []"))

    assert caught.value.hint == "did you mean 'depends_on'?"


def test_a_field_like_no_other_comes_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(plan_with(more="    zzz: []"))

    assert caught.value.hint.startswith("known fields: name, description, files")


def test_the_same_mistakes_in_json_have_places_too() -> None:
    text = '{\n "domains": [\n  {"name": "a", "files": ["x"]},\n  {"name": "b", "fils": []}\n ]\n}'

    with pytest.raises(InvalidInput) as caught:
        parse(text, name="plan.json")

    assert caught.value.where == "plan.json:4:17"
    assert caught.value.hint == "did you mean 'files'?"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"domains": [], "domains": []}', "1:17"),
        ('{"domains": [{"name": "a",\n "n\\u0061me": "b"}]}', "2:2"),
        ('{"domains": [{"name": "a", "estimate_minutes": NaN}]}', "1:48"),
        ('{"domains": [], "x": -Infinity}', "1:22"),
        ('{"domains": [],}', "1:16"),
        ('{"domains": []} {}', "1:17"),
        ('{"domains": ["\x01"]}', "1:15"),
        ('{"domains": ["\\ud800"]}', "1:21"),
        ('{"x": ' + "1" * 5000 + "}", "1:4506"),
        ("[" * 200_000, "1:202"),
    ],
)
def test_json_that_means_two_things_is_refused(text: str, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text, name="plan.json")

    assert caught.value.code == "invalid_json"
    line, column = caught.value.where.removeprefix("plan.json:").split(":")
    expected_line, expected_column = where.split(":")
    assert line == expected_line
    assert abs(int(column) - int(expected_column)) <= 1 or len(text) > 1000


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ("a: &x [1]\nb: *x", "anchors are not used here", "1:4"),
        ("a: *x", "aliases are not used here", "1:4"),
        ("a: &x\n  b: 1", "anchors are not used here", "1:4"),
        ("a: !!str 1", "tags are not used here", "1:4"),
        ("a: !!python/object/apply:os.system [id]", "tags are not used here", "1:4"),
        ("a: !!map {}", "tags are not used here", "1:4"),
        ("<<: {a: 1}", "merge keys are not used here", "1:1"),
        ("a: 1\nb: 2\na: 3", "the key 'a' was there before, in line 1", "3:1"),
        ("1: x\n'1': y", "the key '1' was there before", "2:1"),
        ("? [a]\n: b", "a key must be text", "1:3"),
        ("? {a: b}\n: c", "a key must be text", "1:3"),
        ("a: 1\n---\nb: 2", "a second document begins", "2:1"),
        ("%YAML 1.1\n---\na: 1", "directives are not used here", "2:1"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "directives are not used here", "2:1"),
        ("a: [1", "while parsing a flow sequence", "1:6"),
        ('a: "x', "unexpected end of stream", "1:6"),
        ("a:\n\t- x", "found character", "2:1"),
        ("run: echo a: b", "mapping values are not allowed here", "1:12"),
        ("[" * 5_000, "nested deeper than 60 levels", "1:61"),
        ("- " * 10_000, "nested deeper than 60 levels", "1:121"),
    ],
)
def test_yaml_that_means_two_things_is_refused(text: str, words: str, where: str) -> None:
    start = time.process_time()

    with pytest.raises(InvalidInput) as caught:
        parse(text)

    assert caught.value.code == "invalid_yaml"
    assert words in caught.value.message
    assert caught.value.where == f"plan.yaml:{where}"
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"title: a\x1b[2J\n", "1:9"),
        (b"title: x\ndescription: a\x00\n", "2:15"),
        (b'title: "\\e[2J"\n', "1:8"),
        (b'title: "a\\u202eb"\n', "1:8"),
        (b'title: "\\ud800"\n', "1:8"),
        (b'"t\\x07": x\n', "1:1"),
        ("title: \u009b".encode(), "1:8"),
    ],
)
def test_control_characters_are_refused_however_they_are_written(data: bytes, where: str) -> None:
    with pytest.raises(InvalidInput, match=r"control character U\+") as caught:
        parse(data + plan_with().encode())

    assert caught.value.where == f"plan.yaml:{where}"


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInput, match="not UTF-8") as caught:
        parse(b"title: x\ndescription: \xff\n")

    assert caught.value.where == "plan.yaml:2:1"


@pytest.mark.parametrize("name", ["plan.yaml", "plan.json"])
def test_a_plan_larger_than_any_real_one_is_not_even_parsed(name: str) -> None:
    with pytest.raises(InvalidInput, match="larger than") as caught:
        parse(b"[" * ((1 << 20) + 1), name=name)

    assert caught.value.code == "too_large"


def test_a_circle_is_drawn() -> None:
    text = """
domains:
  - {name: api, files: [a], depends_on: [db]}
  - {name: db, files: [b], depends_on: [web]}
  - {name: web, files: [c], depends_on: [api]}
"""

    with pytest.raises(InvalidInput) as caught:
        parse(text)

    assert caught.value.message.endswith("in a circle: api -> db -> web -> api")
    assert caught.value.code == "cycle"
    assert caught.value.where == "plan.yaml:3:41"


def test_a_long_circle_is_drawn_in_part() -> None:
    with pytest.raises(InvalidInput, match=r"circle: .* -> \(\d+ more\) -> d\d+ "):
        parse(chain(100, closed=True))


def test_a_chain_of_thousands_of_domains_is_read_without_recursion() -> None:
    assert len(parse(chain(2000, closed=False)).domains) == 2000


@pytest.mark.parametrize(
    ("field", "where"),
    [
        ("    agent: claude\n", "4:5"),
        ("    command: sh x\n", "4:5"),
        ("    checks: [x]\n", "4:5"),
        ("validation: [x]\n", "4:1"),
    ],
)
def test_a_plan_of_a_model_may_not_say_what_is_executed(field: str, where: str) -> None:
    text = plan_with(more=field)
    parse(text)

    with pytest.raises(InvalidInput) as caught:
        parse(text, from_person=False)

    assert caught.value.code == "command_in_plan"
    assert caught.value.where == f"plan.yaml:{where}"


def test_a_plan_of_a_model_without_commands_is_fine() -> None:
    assert parse(plan_with(more="    checks: []"), from_person=False).domains[0].checks == ()
