"""`ropewalk plan` with each planner, as a person types it."""

import json
from pathlib import Path

from tests.cli.running import program, ropewalk
from tests.model_server import Fault, FaultKind, ModelServer, Scene
from tests.planner.drafts import domain, draft

ANSWER = draft(domain("database", "db/**"), domain("api", "api/**", after=["database"]))
EPIC = "Change api/routes.py so that people can search"


def test_the_planner_of_the_configuration_is_asked_and_named_when_it_cannot_be(
    repository: Path,
) -> None:
    (repository / "ropewalk.toml").write_text('[planner]\ndefault = "model"\n')

    without_model = ropewalk(repository, "plan", EPIC, "--id", "shop")
    (repository / "ropewalk.toml").write_text('[planner]\ndefault = "model"\nmodel = "m-1"\n')
    without_key = ropewalk(repository, "plan", EPIC, "--id", "shop")
    static = ropewalk(repository, "plan", EPIC, "--id", "shop", "--planner", "static")

    assert (without_model.code, without_key.code, static.code) == (2, 2, 0)
    assert without_model.err.startswith("error: no model is configured for planning\nhint: write")
    assert "there is no key for the model 'm-1': ANTHROPIC_API_KEY is not set" in without_key.err
    assert "asking" not in without_key.err


def test_a_model_plans_on_the_screen_and_as_a_document_that_is_edited_like_any(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "ropewalk.toml").write_text('[planner]\nmodel = "m-1"\n')
    words = ("-C", str(repository), "plan", EPIC, "--planner", "model")

    with ModelServer(tmp_path / "server") as server:
        stage = server.add(Scene(key="k", answer=ANSWER))
        env = {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": server.url}
        shown = program(repository, *words, "--id", "shop", **env)
        document = program(repository, "--json", *words, "--id", "other", **env)

    assert shown.code == 0
    assert shown.err.startswith("asking model 'm-1' to split the epic (about ")
    assert "Asked model 'm-1' once: 140 tokens in, 20 out, cost not known." in shown.out
    assert "(or first: ropewalk edit shop)" in shown.out
    path = repository / ".workflow/outputs/other/parallel_analysis.json"
    assert document.out == path.read_text()
    assert document.json["planner"] == "model"
    assert len(stage.requests) == 1
    edited = program(repository, "edit", "other", EDITOR="sed -i s/db/docs/g", VISUAL="")
    assert edited.code == 0
    plan = json.loads(path.read_text())
    assert plan["planner"] == "model, edited"
    assert plan["domains"][0]["paths"] == ["docs/guide.md", "docs/notes.txt"]


def test_a_model_that_refuses_leaves_the_static_plan_and_says_so_everywhere(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "ropewalk.toml").write_text('[planner]\nmodel = "m-1"\n')

    with ModelServer(tmp_path / "server") as server:
        server.add(Scene(key="k", answer=ANSWER, fault=Fault(FaultKind.REFUSAL)))
        env = {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": server.url}
        words = ("plan", EPIC, "--id", "shop", "--planner", "model")
        shown = program(repository, *words, **env)

    why = "model 'm-1' gave no plan that can be used: it refused to answer"
    outputs = repository / ".workflow/outputs/shop"
    plan = json.loads((outputs / "parallel_analysis.json").read_text())
    notes = json.loads((outputs / "planning_notes.json").read_text())
    assert shown.code == 0
    assert f"▲ {why}; this is the plan of the static planner" in shown.out
    assert (plan["planner"], plan["planner_note"]) == ("static", why)
    assert why in notes["warnings"][0]
