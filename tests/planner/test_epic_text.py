import pytest

from ropewalk.planner.epic_text import EpicText, Passage, read_epic
from ropewalk.planner.kinds import Kind, kind_named, kind_of, migration_folder
from ropewalk.planner.labels import make_name


def read(text: str) -> EpicText:
    return read_epic(
        text, name_domain=lambda label: kind.value if (kind := kind_named(label)) else None
    )


def mentions(text: str) -> list[str]:
    return [mention.text for mention in Passage(text=text).mentions]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Epic search: Find things\n\nAll of them.", "Find things"),
        ("## Feature: Find things ##\n", "Find things"),
        ("Find things. Then show them.", "Find things"),
        ("---\n\n**Find** `things`", "Find** things"),
        ("", ""),
    ],
)
def test_the_title_is_the_first_heading_or_sentence(text: str, title: str) -> None:
    assert read(text).title == title


def test_headings_and_bullets_give_their_text_to_domains() -> None:
    epic = read(
        "# T\n\nIntro.\n\n## Backend\nRoutes.\n\n### Details\nMore.\n\n## Notes\n"
        "- **frontend**: a box\n  that blinks\n- other: nothing\n- Docs — a page\n"
    )

    assert [(p.text, p.domain) for p in epic.passages] == [
        ("Intro.", None),
        ("Routes.", "backend"),
        ("More.", "backend"),
        ("Notes", None),
        ("a box\n  that blinks", "frontend"),
        ("- other: nothing", None),
        ("a page", "docs"),
    ]
    assert epic.domains == ("backend", "frontend", "docs")


def test_code_in_a_fence_opens_no_section() -> None:
    epic = read("# T\n```\n# Backend\n```\nText.")

    assert epic.domains == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "Leave `a.py` alone.",
        "Do not touch `a.py`.",
        "`a.py` must not change.",
        "`a.py` stays as it is.",
        "without changing `a.py`",
    ],
)
def test_what_is_to_be_left_alone_is_excluded(sentence: str) -> None:
    assert [p.excluded for p in read(f"# T\n\n{sentence}").passages] == [True]


def test_only_the_clause_that_says_so_is_excluded() -> None:
    epic = read(
        "# T\n\nChange `a.py`; `b.py` must not change. Change `c.py` but never touch `d.py`."
    )

    assert [(p.text, p.excluded) for p in epic.passages] == [
        ("Change `a.py`;", False),
        ("`b.py` must not change.", True),
        ("Change `c.py`", False),
        ("never touch `d.py`.", True),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Change api/orders.py and web/.", ["api/orders.py", "web/"]),
        ("Change `models.Order.place()` now", ["models.Order.place"]),
        ("The OrderBook keeps a max_size", ["OrderBook", "max_size"]),
        ("See https://x.example/api/orders.py", []),
        ("Use `make test --all -v now`", []),
        ("An order, e.g. this", ["e.g"]),
        ("files `db/*.sql` too", ["db/*.sql"]),
    ],
)
def test_paths_patterns_and_names_are_mentions(text: str, found: list[str]) -> None:
    assert mentions(text) == found


def test_what_is_raised_or_followed_is_merely_used() -> None:
    used = {m.text: m.used for m in Passage(text="`run` raises `Bad`, like `a/b.py`").mentions}

    assert used == {"run": False, "Bad": True, "a/b.py": True}


def test_what_is_to_be_made_is_told_apart() -> None:
    made = {m.text: m.made for m in Passage(text="Add a module `new.py`.").mentions}

    assert made == {"new.py": True}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("db/models.py", Kind.DATABASE),
        ("shop/models.py", Kind.DATABASE),
        ("models.py", Kind.BACKEND),
        ("schema.sql", Kind.DATABASE),
        ("api/routes.py", Kind.BACKEND),
        ("src/tool/run.py", Kind.BACKEND),
        ("web/app.ts", Kind.FRONTEND),
        ("web/views.py", Kind.BACKEND),
        ("src/Page.tsx", Kind.FRONTEND),
        ("app.js", Kind.FRONTEND),
        ("tests/api/data.json", Kind.TESTS),
        ("src/a.test.ts", Kind.TESTS),
        ("pkg/run_test.go", Kind.TESTS),
        ("src/tool/testing/plugin.py", Kind.BACKEND),
        ("src/tool/test.py", Kind.BACKEND),
        ("docs/conf.py", Kind.DOCS),
        ("CHANGES", Kind.DOCS),
        ("README.md", Kind.DOCS),
        ("Dockerfile", Kind.INFRA),
        (".github/workflows/ci.yml", Kind.INFRA),
        ("compose.yaml", Kind.INFRA),
        ("infra/main.tf", Kind.INFRA),
    ],
)
def test_conventions_say_what_a_file_is_for(path: str, kind: Kind) -> None:
    assert kind_of(path) is kind


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("db/migrations/0001.sql", "db/migrations"),
        ("prisma/migrations/1_init/m.sql", "prisma/migrations"),
        ("db/migrations/__init__.py", ""),
        ("db/models.py", ""),
    ],
)
def test_a_migration_knows_its_folder(path: str, folder: str) -> None:
    assert migration_folder(path) == folder


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Front end", Kind.FRONTEND),
        ("Database changes", Kind.DATABASE),
        ("  **API** ", Kind.BACKEND),
        ("Documentation", Kind.DOCS),
        ("Motivation", None),
    ],
)
def test_labels_name_kinds(label: str, kind: Kind | None) -> None:
    assert kind_named(label) is kind


@pytest.mark.parametrize(
    ("text", "name"),
    [("Stock Keeping", "stock-keeping"), ("…", "part"), ("con", "part-con"), ("x" * 99, "x" * 40)],
)
def test_any_text_makes_a_valid_name(text: str, name: str) -> None:
    assert make_name(text) == name
