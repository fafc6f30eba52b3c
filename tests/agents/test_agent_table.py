import os
from pathlib import Path

import pytest

from ropewalk.agents.base import Ability
from ropewalk.agents.hand_over import keeps_sessions
from ropewalk.agents.survey import survey
from ropewalk.agents.table import adapter_of, find_agent, memory_of, require_agent_name
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Config, RunConfig

SHELL = AgentConfig(kind=AgentKind.COMMAND, shell="true")


def test_the_named_agent_is_found_before_the_default_one() -> None:
    other = AgentConfig(kind=AgentKind.COMMAND, shell="false")
    config = Config(run=RunConfig(agent="one"), agents={"one": SHELL, "two": other})

    assert find_agent(config) is SHELL
    assert find_agent(config, "two") is other
    assert require_agent_name(config) == "one"


def test_no_agent_at_all_says_how_to_name_one() -> None:
    with pytest.raises(InvalidInput, match="no agent is configured") as refused:
        find_agent(Config(agents={"script": SHELL}))

    assert "--agent-command" in refused.value.hint
    assert refused.value.exit_code == 2


def test_an_unknown_agent_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="'two'") as refused:
        find_agent(Config(agents={"one": SHELL}), "two")
    with pytest.raises(InvalidInput, match="'two'") as alone:
        find_agent(Config(), "two")

    assert "agents are one" in refused.value.hint
    assert "[agents.two]" in alone.value.hint


def test_every_kind_has_an_adapter_of_its_own() -> None:
    assert [adapter_of(kind).kind for kind in AgentKind] == list(AgentKind)


def test_memory_is_what_the_configuration_says_or_the_kind_needs() -> None:
    assert memory_of(AgentConfig(kind=AgentKind.COMMAND, shell="true", memory_mb=7)) == 7
    assert memory_of(SHELL) == 250
    assert memory_of(AgentConfig(kind=AgentKind.SCRIPT)) == 60


@pytest.mark.parametrize("kind", list(AgentKind))
def test_sessions_are_gone_on_with_by_those_who_say_that_they_can(kind: AgentKind) -> None:
    config = AgentConfig(kind=kind, argv=("none",), model="m", script="none")

    info = adapter_of(kind).probe(config, {"PATH": ""})

    assert keeps_sessions(config) is (Ability.RESUME in info.abilities)


def test_every_agent_is_asked_what_it_is(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("[]")
    agents = {
        "argv": AgentConfig(kind=AgentKind.COMMAND, argv=("sh", "-c", "true"), memory_mb=99),
        "empty": AgentConfig(kind=AgentKind.COMMAND),
        "gone": AgentConfig(kind=AgentKind.COMMAND, argv=("no-such-program",)),
        "play": AgentConfig(kind=AgentKind.SCRIPT, script=str(script)),
        "play-gone": AgentConfig(kind=AgentKind.SCRIPT, script=str(tmp_path / "missing")),
        "play-nothing": AgentConfig(kind=AgentKind.SCRIPT),
        "program": AgentConfig(kind=AgentKind.COMMAND, argv=("x",), program="sh"),
        "shell": SHELL,
    }

    asked = survey(agents, os.environ, patience_s=30)
    infos = {one.info.name: one.info for one in asked}

    assert {name for name, info in infos.items() if not info.usable} == {
        "empty",
        "gone",
        "play-gone",
        "play-nothing",
    }
    assert all(bool(info.problem) is not info.usable for info in infos.values())
    assert infos["argv"].memory_mb == 99
    assert str(infos["program"].path).endswith("/sh")
    assert "no-such-program" in infos["gone"].problem
    assert str(infos["play"].version).startswith("scripted")
