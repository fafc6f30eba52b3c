"""Two domains merge without a conflict, and what they make together does not work."""

import json
import sys
from pathlib import Path

import pytest

from ropewalk.model.merge import MergeReport, MergeStatus
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.scenes import add_files
from tests.stories.shell import answer, ropewalk

BASE = {
    "shop/__init__.py": "",
    "shop/prices.py": "def price(item):\n    return len(item)\n",
    "shop/bill.py": "from shop.prices import price\n\nTOTAL = price('apple')\n",
}
# `currency` changes a signature and every caller there is; `basket` adds a caller of the old one.
WORK = {
    "currency": {
        "shop/prices.py": "def price(item, currency):\n    return f'{len(item)} {currency}'\n",
        "shop/bill.py": "from shop.prices import price\n\nTOTAL = price('apple', 'EUR')\n",
    },
    "docs": {"docs/prices.md": "# Prices\n"},
    "basket": {
        "shop/basket.py": "from shop.prices import price\n\nBASKET = [price(i) for i in ['pear']]\n"
    },
    "receipt": {"shop/receipt.py": "from shop.basket import BASKET\n\nRECEIPT = str(BASKET)\n"},
    "search": {"shop/search.py": "FOUND = 'pear'\n"},
}
NEEDS = {"docs": ["currency"], "basket": ["docs"], "receipt": ["basket"], "search": ["docs"]}
CHECK = (
    f"{sys.executable} -c 'import importlib, pathlib; "
    '[importlib.import_module("shop." + p.stem) for p in pathlib.Path("shop").glob("[a-z]*.py")]\''
)
MEND = "sed -i \"s/price(i)/price(i, 'EUR')/\" shop/basket.py"


@pytest.fixture
def ran(epic: Epic, tmp_path: Path) -> Epic:
    """The epic, with the work of every domain done; each of them passes the check by itself."""
    epic.epic_id = "bill"
    add_files(epic.repository, BASE)
    domains = [
        {
            "name": name,
            "description": f"Work on {name}",
            "files": ["**"],
            "depends_on": NEEDS.get(name, []),
            "command": writes(tmp_path / name, files),
        }
        for name, files in WORK.items()
    ]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"epic_id": "bill", "domains": domains, "validation": [CHECK]}))
    assert ropewalk(epic.repository, "plan", "--from", str(plan)).code == 0
    assert ropewalk(epic.repository, "run", "bill", "--parallel").code == 0
    return epic


def writes(folder: Path, files: dict[str, str]) -> str:
    """Return the command of an agent that writes files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return f"cp -r {folder}/. ."


def merge(epic: Epic, *options: str, code: int) -> MergeReport:
    """Merge through the command line; it has to end with ``code``."""
    return answer(
        ropewalk(epic.repository, "merge", "bill", *options, "--json"), MergeReport, code=code
    )


def statuses(report: MergeReport) -> dict[str, str]:
    return {domain.name: str(domain.status) for domain in report.domains}


def test_the_right_domain_is_named_nothing_lands_and_park_lands_the_others(ran: Epic) -> None:
    main = run_git(ran.repository, "rev-parse", "main")

    failed = merge(ran, code=4)

    assert failed.status is MergeStatus.VALIDATION_FAILED
    assert statuses(failed) == {
        "currency": "merged",
        "docs": "merged",
        "basket": "ejected",
        "receipt": "blocked",
        "search": "merged",
    }
    assert failed.validation.culprit == "basket"
    (blame,) = failed.validation.blamed
    assert (blame.domain, blame.exit_code) == ("basket", 1)
    assert "missing 1 required positional argument: 'currency'" in Path(blame.log).read_text()
    assert failed.validation.runs[-1].prefix == ("currency", "docs", "search")
    assert failed.validation.runs[-1].exit_code == 0
    assert next(d for d in failed.domains if d.name == "receipt").blocked_by == "basket"
    assert run_git(ran.repository, "rev-parse", "main") == main
    assert run_git(ran.repository, "status", "--porcelain") == ""

    parked = merge(ran, "--on-conflict", "park", code=6)

    assert parked.status is MergeStatus.LANDED
    assert statuses(parked) == statuses(failed)
    assert (ran.repository / "shop" / "search.py").exists()
    assert not (ran.repository / "shop" / "basket.py").exists()
    assert ran.worktree("basket").is_dir()
    assert not ran.worktree("currency").exists()


def test_both_sides_are_named_where_neither_fails_alone(epic: Epic, tmp_path: Path) -> None:
    add_files(epic.repository, BASE)
    domains = [
        {"name": name, "files": ["**"], "command": writes(tmp_path / name, WORK[name])}
        for name in ("currency", "search", "basket")
    ]
    plan = {"epic_id": "bill", "domains": domains, "validation": [CHECK]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    ropewalk(epic.repository, "plan", "--from", str(tmp_path / "plan.json"))
    ropewalk(epic.repository, "run", "bill", "--parallel")

    report = merge(epic, code=4)

    (blame,) = report.validation.blamed
    assert {blame.domain, blame.together_with} == {"basket", "currency"}
    assert f", together with {blame.together_with}" in str(report.target.reason)


def test_an_agent_mends_it_and_the_whole_lands_with_its_commit_named(
    ran: Epic, tmp_path: Path
) -> None:
    (ran.repository / "ropewalk.toml").write_text(
        '[merge]\nagent = "mender"\n[agents.mender]\nkind = "command"\n'
        f"shell = {json.dumps(f'cat > {tmp_path}/prompt.txt; {MEND}')}\n"
    )

    report = merge(ran, "--on-conflict", "agent", code=0)

    assert report.status is MergeStatus.LANDED
    assert set(statuses(report).values()) == {"merged"}
    (fix,) = report.validation.fixes
    assert (fix.by, fix.domain, fix.agent, fix.command) == ("agent", "basket", "mender", CHECK)
    assert fix.commit == report.target.result == run_git(ran.repository, "rev-parse", "main")
    prompt = (tmp_path / "prompt.txt").read_text()
    assert "Work on basket" in prompt
    assert "missing 1 required positional argument: 'currency'" in prompt
    assert "newly calls 'price' of shop/prices.py, whose parameters currency changed" in prompt


def test_a_person_mends_it_in_the_worktree_that_stop_opens(ran: Epic) -> None:
    shown = ropewalk(ran.repository, "merge", "bill", "--on-conflict", "stop")
    bench = ran.worktree("_resolve")
    assert shown.code == 4
    assert str(bench) in shown.stdout
    assert "ropewalk merge bill --continue" in shown.stdout
    basket = bench / "shop" / "basket.py"
    basket.write_text(basket.read_text().replace("price(i)", "price(i, 'EUR')"))

    report = merge(ran, "--continue", code=0)

    assert report.status is MergeStatus.LANDED
    assert [(fix.by, fix.domain) for fix in report.validation.fixes] == [("person", "basket")]
    assert "'EUR') for" in (ran.repository / "shop" / "basket.py").read_text()
    assert not bench.exists()
