"""What is wrong with a clean merge and can be seen without running anything."""

import json
from pathlib import Path

import pytest

from ropewalk.merging.names import module_of, read_python
from ropewalk.merging.twice import kind_of, named_in
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import Epic, entry

FILLER = "".join(f"A{n} = {n}\n" for n in range(20))


def begin(epic: Epic, files: dict[str, str | None]) -> None:
    """Put files into the commit that everything starts from."""
    epic.base = epic.commit(files)
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)


def log_of(report: MergeReport) -> str:
    return Path(report.validation.blamed[0].log).read_text(encoding="utf-8")


def test_a_name_that_one_domain_removed_and_another_one_imports_is_found(epic: Epic) -> None:
    begin(epic, {"shop/__init__.py": "", "shop/prices.py": "def price():\n    pass\n"})
    epic.domain("clean", {"shop/prices.py": "def cost():\n    pass\n"})
    epic.domain("docs", {"docs/x.md": "x\n"})
    epic.domain("user", {"shop/bill.py": '"""Bill."""\nfrom shop.prices import price\n'})

    report = epic.merge()

    assert report.status == "validation_failed"
    assert report.validation.culprit == "user"
    assert log_of(report) == (
        "user: shop/bill.py, line 2, imports 'price' from shop/prices.py, where clean removed it\n"
    )
    assert entry(report, "clean").status == "merged"


def test_a_module_that_one_domain_moved_and_another_one_imports_is_found(epic: Epic) -> None:
    begin(epic, {"shop/__init__.py": "", "shop/old.py": "X = 1\n"})
    epic.domain("move", {"shop/old.py": None, "shop/fresh.py": "X = 1\n"})
    epic.domain("user", {"shop/bill.py": "from . import old\n"})

    report = epic.merge()

    assert report.validation.culprit == "user"
    assert log_of(report) == (
        "user: shop/bill.py, line 1, imports shop.old, whose file shop/old.py move removed\n"
    )


HARMLESS: dict[str, tuple[dict[str, str | None], str]] = {
    "defined-again": ({"m.py": "from other import price\n"}, "from m import price\n"),
    "star": ({"m.py": "from other import *\n"}, "from m import price\n"),
    "lazily-made": ({"m.py": "def __getattr__(name):\n    return 1\n"}, "from m import price\n"),
    "in-a-branch": ({"m.py": "if 1:\n    def price(): ...\n"}, "from m import price\n"),
    "a-file-of-that-name": (
        {"m.py": None, "m/__init__.py": "", "m/price.py": ""},
        "from m import price\n",
    ),
    "another-module": ({"m.py": "X = 1\n"}, "from vendor.m import price\n"),
    "two-of-that-name": ({"m.py": "X = 1\n", "src/m.py": "price = 1\n"}, "from m import price\n"),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_a_name_that_may_still_be_there_is_no_finding(epic: Epic, case: str) -> None:
    change, use = HARMLESS[case]
    begin(epic, {"m.py": "def price():\n    pass\n", "other.py": ""})
    epic.domain("clean", change)
    epic.domain("user", {"use.py": use})

    report = epic.merge()

    assert report.status == "landed"
    assert report.validation.notes == ()


def test_what_may_be_all_right_is_a_note_and_lands(epic: Epic) -> None:
    begin(epic, {"m.py": "def price(item):\n    pass\n\n\ndef cost():\n    pass\n"})
    epic.domain("clean", {"m.py": "def price(item, currency='EUR'):\n    pass\n"})
    guarded = "try:\n    from m import cost\nexcept ImportError:\n    cost = None\n"
    epic.domain("user", {"use.py": f"from m import price\n\nprice(1)\n{guarded}"})

    report = epic.merge()

    assert report.status == "landed"
    assert report.validation.notes == (
        "user: use.py, line 5, imports 'cost' from m.py, where clean removed it",
        "user: use.py, line 3, newly calls 'price' of m.py, whose parameters clean changed",
    )


@pytest.mark.parametrize(
    ("path", "before", "one", "two", "said"),
    [
        pytest.param(
            "package.json",
            json.dumps({f"k{n}": n for n in range(12)}, indent=1),
            ('"k0": 0', '"k0": 0,\n "new": 1'),
            ('"k10": 10', '"new": 2,\n "k10": 10'),
            "package.json does not parse: the key 'new' is there twice (a, b)",
            id="a-key-of-json",
        ),
        pytest.param(
            "uv.lock",
            "".join(f'[[package]]\nname = "p{n}"\nversion = "1"\n\n' for n in range(6)),
            ('name = "p0"', 'name = "new"\nversion = "2"\n\n[[package]]\nname = "p0"'),
            ('name = "p5"', 'name = "new"\nversion = "2"\n\n[[package]]\nname = "p5"'),
            "the package new 2 is locked twice in uv.lock (a, b)",
            id="a-locked-package",
        ),
        pytest.param(
            "settings.toml",
            "".join(f"k{n} = {n}\n" for n in range(12)),
            ("k0 = 0", "new = 1\nk0 = 0"),
            ("k11 = 11", "k11 = 11\nnew = 2"),
            "settings.toml does not parse: ",
            id="a-key-of-toml",
        ),
        pytest.param(
            "ci.yaml",
            "".join(f"k{n}: {n}\n" for n in range(12)),
            ("k0: 0", "k0:"),
            ("k1: 1", "    k1: 1"),
            None,
            id="yaml-in-conflict-is-not-our-matter",
        ),
    ],
)
def test_a_file_that_only_the_merge_breaks_is_found(
    epic: Epic, path: str, before: str, one: tuple[str, str], two: tuple[str, str], said: str | None
) -> None:
    begin(epic, {path: before})
    epic.domain("a", {path: before.replace(*one)})
    epic.domain("b", {path: before.replace(*two)})

    report = epic.merge()

    if said is None:
        assert report.status == "conflict"
    else:
        assert report.validation.culprit == "b"
        assert log_of(report).startswith(said)


def test_what_was_there_twice_before_is_no_finding(epic: Epic) -> None:
    before = json.dumps({f"k{n}": n for n in range(12)}, indent=1)
    begin(epic, {"a.json": before.replace('"k4"', '"k3"')})
    epic.domain("a", {"a.json": before.replace('"k4"', '"k3"').replace('"k0"', '"x"')})
    epic.domain("b", {"a.json": before.replace('"k4"', '"k3"').replace('"k11"', '"y"')})

    assert epic.merge().status == "landed"


def test_the_ending_of_lock_files_is_known() -> None:
    assert [kind_of(path) for path in ("a/uv.lock", "composer.lock", "x.lock", "A.PY")] == [
        *(".toml", ".json", ".lock", ".py"),
    ]
    assert named_in(".toml", b"package = 3") == {}
    assert named_in(".py", b"def f(: pass") == {}
    assert named_in(".sh", b"x") == {}


def test_what_a_python_file_binds_and_imports() -> None:
    text = (
        b"from .. import up\nfrom .near import a as b\nimport x.y\n"
        b"with open('f') as f: pass\nfor i in (): pass\ntry:\n    import late\nfinally: pass\n"
        b"def g():\n    from m import inner\n"
    )

    found = read_python("pkg/sub/m.py", text)

    assert found is not None
    assert set(found.defined) == {"up", "b", "x", "f", "i", "late", "g"}
    assert [(one.module, one.name, one.is_certain) for one in found.imports if one.is_certain] == [
        (("pkg",), "up", True),
        (("pkg", "sub", "near"), "a", True),
        (("x", "y"), None, True),
    ]
    assert {one.module for one in found.imports if not one.is_certain} == {("late",), ("m",)}
    assert read_python("m.py", b"def") is None
    assert module_of("pkg/__init__.py") == ("pkg",)
