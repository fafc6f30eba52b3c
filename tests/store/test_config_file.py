from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentKind, CacheConfig, Config, Home, Scope
from ropewalk.model.merge import OnConflict
from ropewalk.store.schema.config_file import cache_bytes, load_config, parse_config

FULL = """\
[run]
agent = "claude"
jobs = 4
worktree_root = "../trees"
budget_usd = 10

[planner]
default = "model"

[merge]
on_conflict = "park"
scope = "warn"

[checks]
commands = ["pytest -q"]
timeout_s = 60

[worktree]
include = ["*.env", "!secret.env"]
copy = [".env"]
symlink = ["node_modules"]
setup = ["npm ci"]
ports = 2

[author]
name = "Ropewalk"
email = "ropewalk@example.invalid"

[cache]
max_size = "500 MB"

[resources]
gpu = 1

[prices."model-1"]
input = 3
output = 15.0

[[domain]]
name = "db"
files = ["db/**"]

[[domain]]
name = "api"
files = ["api/**"]
depends_on = ["db"]

[agents.claude]
kind = "claude"
home = "user"

[agents.mine]
kind = "command"
argv = ["./agent", "--fast"]
env = { LEVEL = "1" }
env_pass = ["TOKEN"]
"""


def parse(text: str) -> Config:
    return parse_config(text.encode(), name="ropewalk.toml")


def test_a_whole_configuration_is_read() -> None:
    config = parse(FULL)

    assert (config.run.agent, config.run.jobs, config.run.budget_usd) == ("claude", 4, 10.0)
    assert config.merge.on_conflict is OnConflict.PARK
    assert config.merge.scope is Scope.WARN
    assert config.checks.commands == ("pytest -q",)
    assert config.resources == {"gpu": 1.0}
    assert config.prices["model-1"].input == 3.0
    assert [rule.name for rule in config.domain] == ["db", "api"]
    assert config.agents["claude"].home is Home.USER
    assert config.agents["mine"].kind is AgentKind.COMMAND
    assert config.agents["mine"].env == {"LEVEL": "1"}


def test_a_missing_file_configures_nothing(tmp_path: Path) -> None:
    assert load_config(tmp_path / "ropewalk.toml") == Config()


def test_an_empty_file_configures_nothing() -> None:
    assert parse("") == Config()


def test_a_file_is_read_and_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "ropewalk.toml"
    path.write_bytes(b"[run]\r\njobs = 3\r\n")
    assert load_config(path).run.jobs == 3

    path.write_bytes(b"[run]\r\njob = 3\r\n")
    with pytest.raises(InvalidInput) as caught:
        load_config(path)

    assert caught.value.where == "ropewalk.toml:2:1"
    assert caught.value.hint == "did you mean 'jobs'?"


def test_a_configuration_that_is_a_folder_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a regular file"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ("[rum]\n", "unknown field 'rum'", "1:2"),
        ("[agents.x]\nargv = ['a']\n", "'agents.x' needs the field 'kind'", "1:2"),
        ("[agents.x]\nkind = 'robot'\n", "must be one of 'command', 'claude'", "2:8"),
        ("[agents.x]\nkind = 'command'\n", "agent 'x' has no command", "1:2"),
        ("[agents.x]\nkind = 'script'\n", "agent 'x' has no script", "1:2"),
        (
            "[agents.x]\nkind = 'command'\nargv = ['a']\nshell = 'b'\n",
            "has both 'argv' and 'shell'",
            "1:2",
        ),
        ("[agents.x]\nkind = 'command'\nargv = ['']\n", "names no program", "3:8"),
        ("[agents.x]\nkind = 'command'\nshell = ' '\n", "'shell' of agent 'x' is empty", "3:9"),
        ("[agents.'x y']\nkind = 'claude'\n", "agent name 'x y'", "1:2"),
        ("[agents.x]\nkind = 'claude'\nretries = -1\n", "'retries' must not be negative", "3:11"),
        ("[agents.x]\nkind = 'claude'\ntimeout_s = 0\n", "'timeout_s' must be more than 0", "3:13"),
        ("[agents.x]\nkind = 'claude'\nslots = 1.5\n", "must be a whole number", "3:9"),
        ("[agents.x]\nkind = 'claude'\nenv = {'A B' = 'c'}\n", "not the name of a variable", "3:7"),
        ("[agents.x]\nkind = 'claude'\nenv_pass = ['1']\n", "not the name of a variable", "3:12"),
        ("[run]\nagent = 'x'\n", "there is no agent 'x'", "2:9"),
        ("[planner]\nagent = 'x'\n", "there is no agent 'x'", "2:9"),
        ("[merge]\nagent = 'x'\n", "there is no agent 'x'", "2:9"),
        ("[run]\njobs = 0\n", "'jobs' must be more than 0", "2:8"),
        ("[run]\njobs = true\n", "'run.jobs' must be a whole number", "2:8"),
        ("[run]\njobs = '2'\n", "'run.jobs' must be a whole number", "2:8"),
        ("run.jobs = 0\n", "'jobs' must be more than 0", "1:12"),
        ("[run]\nworktree_root = '.'\n", "worktrees cannot be made in '.'", "2:17"),
        ("[run]\nbudget_usd = -0.5\n", "'budget_usd' must be more than 0", "2:14"),
        ("[run]\nbudget_usd = nan\n", "not finite", "2:14"),
        ("[run]\nagent = 2025-11-20\n", "dates are not used here", "2:9"),
        ("[run]\nagent = 10:00:00\n", "dates are not used here", "2:9"),
        ("[planner]\ndefault = 'magic'\n", "there is no planner 'magic'", "2:11"),
        ("[merge]\ncandidates_max = -1\n", "must not be negative", "2:18"),
        ("[checks]\ncommands = ['']\n", "a command is empty", "2:12"),
        ("[worktree]\ncopy = ['../x']\n", "leaves the repository", "2:8"),
        ("[worktree]\nsymlink = ['/x']\n", "is absolute", "2:11"),
        ("[author]\nname = 'A <b>'\n", "an author's name cannot be", "2:8"),
        ("[author]\nemail = ''\n", "an author's email cannot be", "2:9"),
        ("[cache]\nmax_size = 'big'\n", "'big' is not a size", "2:12"),
        ("[resources]\ngpu = 0\n", "'gpu' must be more than 0", "2:7"),
        ("[prices.m]\ninput = -1\noutput = 1\n", "'input' must not be negative", "2:9"),
        ("[[domain]]\nname = 'a'\nfiles = []\n", "names no files", "1:3"),
        (
            "[[domain]]\nname = 'a'\nfiles = ['x']\n[[domain]]\nname = 'a'\nfiles = ['y']\n",
            "'a' is there twice",
            "5:8",
        ),
        (
            "[[domain]]\nname = 'a'\nfiles = ['x']\nbriefing = '../x'\n",
            "briefing name '../x'",
            "4:12",
        ),
        (
            "[[domain]]\nname = 'a'\nfiles = ['x']\ndepends_on = ['b']\n",
            "needs 'b', which is not in the plan",
            "4:14",
        ),
        ("x = [\n", "invalid TOML", "2:1"),
        ("x = 1\nx = 2\n", "invalid TOML", "2:6"),
        ("x = " + "1" * 5000, "too many digits", "1:1"),
        ("x = " + "[" * 100_000, "nested too deeply", "1:1"),
        ("x = " + "[" * 70 + "]" * 70, "nested too deeply", "1:5"),
        ("\n[" + "a." * 30_000 + "a]", "a key has more than 60 parts", "2:1"),
        ('x = "\\u001b[2J"\n', "control character U+001B", "1:5"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, words: str, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)

    assert words in caught.value.message
    assert caught.value.where == f"ropewalk.toml:{where}"


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInput, match="not UTF-8") as caught:
        parse_config(b"[run]\nagent = '\xff'\n", name="c")

    assert caught.value.where == "c:2:1"


def test_a_configuration_larger_than_any_real_one_is_not_even_parsed() -> None:
    with pytest.raises(InvalidInput, match="larger than"):
        parse("#" * (256 * 1024 + 1))


def test_decoration_in_comments_and_texts_is_no_long_key() -> None:
    config = parse(f"# {'.' * 200}\n# {'a.' * 200}\n[checks]\ncommands = ['{'a.' * 100}']\n")

    assert len(config.checks.commands) == 1


def test_places_are_found_in_tables_inside_a_list_of_tables() -> None:
    text = "[[domain]]\nname = 'a'\nfiles = ['x']\n[domain.\"more\"]\nx = 1\n"

    with pytest.raises(InvalidInput, match="unknown field 'more'") as caught:
        parse(text)

    assert caught.value.where == "ropewalk.toml:4:2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500 MB", 500_000_000), ("1gb", 10**9), (" 1.5 KB ", 1500), ("7B", 7), ("2 TB", 2 * 10**12)],
)
def test_sizes_are_in_bytes(text: str, expected: int) -> None:
    assert cache_bytes(CacheConfig(max_size=text)) == expected


@pytest.mark.parametrize("text", ["", "1", "MB", "-1 MB", "1 MiB", "1e3 MB", "1" * 20 + " B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a size"):
        cache_bytes(CacheConfig(max_size=text))
