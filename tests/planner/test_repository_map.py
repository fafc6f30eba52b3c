"""What a model gets to know of a tree, within a limit."""

from collections.abc import Mapping, Sequence

import pytest

from ropewalk.planner.corpus import Corpus
from ropewalk.planner.repository_map import draw_map
from ropewalk.planner.scan import scan

FILES = {
    "README.md": "# Shop\n",
    "db/models.py": "class Item:\n    def save(self): ...\n\nLIMIT = 3\n_private = 1\n",
    "api/routes.py": "from db.models import Item\n\ndef route(): ...\n",
    "tests/test_api.py": "from api import routes\n\ndef test_it(): ...\n",
    "web/app.ts": "import { x } from './util'\nexport const start = 1\n",
    "web/util.ts": "export function x() {}\n",
    "web/logo.png": "\x89PNG",
}
CO_CHANGE = {"db/models.py": ("api/routes.py", "gone.py"), "gone.py": ("db/models.py",)}


def corpus(files: Mapping[str, str]) -> Corpus:
    return Corpus(scan(files, lambda path: files[path].encode()))


def draw(
    epic: str = "Search",
    files: Mapping[str, str] = FILES,
    *,
    tokens: int = 20_000,
    co_change: Mapping[str, Sequence[str]] = CO_CHANGE,
) -> str:
    drawn = draw_map(corpus(files), epic, co_change=co_change, tokens=tokens)
    assert drawn.tokens <= tokens
    assert len(drawn.text) <= tokens * 4
    return drawn.text


def test_a_small_tree_is_drawn_whole() -> None:
    assert draw() == (
        "# Files, by folder\n"
        "(top): README.md\n"
        "api/: routes.py\n"
        "db/: models.py\n"
        "tests/: test_api.py\n"
        "web/: app.ts util.ts\n"
        "# What files define\n"
        "api/routes.py: route\n"
        "db/models.py: Item, LIMIT, Item.save\n"
        "web/app.ts: start\n"
        "web/util.ts: x\n"
        "# Imports\n"
        "api/routes.py imports db/models.py\n"
        "tests/test_api.py imports api/routes.py\n"
        "web/app.ts imports web/util.ts\n"
        "# Often changed together\n"
        "db/models.py with api/routes.py"
    )


@pytest.mark.parametrize("tokens", [0, 5, 40, 100, 300, 2_000])
def test_a_map_keeps_to_its_limit_and_says_what_it_leaves_out(tokens: int) -> None:
    many = {f"part{n % 40}/file{n}.py": f"def thing{n}(): ...\n" for n in range(900)}

    text = draw(files=many, tokens=tokens)

    assert ("left out" in text or "files" in text) == (tokens >= 40)


def test_what_the_epic_speaks_of_goes_first() -> None:
    many = {f"part{n % 40}/file{n}.py": f"def thing{n}(): ...\n" for n in range(900)}
    many["zoo/down/invoice.py"] = "def send_invoice(): ...\n"

    assert "send_invoice" in draw("Send each invoice by mail", many, tokens=600)
    assert "send_invoice" not in draw("Colours", many, tokens=600)


def test_the_same_tree_gives_the_same_map_in_any_order() -> None:
    backwards = dict(reversed(FILES.items()))

    assert draw() == draw(files=backwards)


def test_a_change_inside_a_function_leaves_the_map_as_it_is() -> None:
    edited = FILES | {"api/routes.py": FILES["api/routes.py"].replace("...", "return 1")}

    assert draw() == draw(files=edited)


def test_names_that_would_break_a_line_are_quoted() -> None:
    odd = {"a b/c.py": "", "x/odd\u2028name.py": "def f(): ..."}

    assert "\u2028" not in draw(files=odd, co_change={})


def test_in_a_large_tree_an_edit_that_the_epic_does_not_concern_changes_nothing() -> None:
    many = {
        f"{part}/step{n}.py": f"def {part}_step{n}(): ...\n"
        for n in range(40)
        for part in ("invoices", "letters", "colours", "users", "reports")
    }
    elsewhere = many | {"users/step7.py": many["users/step7.py"] + "def forget(): ...\n"}
    concerned = many | {"invoices/step7.py": many["invoices/step7.py"] + "def send(): ...\n"}
    epic = "Number the invoices"

    assert draw(epic, many) == draw(epic, elsewhere)
    assert draw(epic, many) != draw(epic, concerned)
    assert "users_step7" not in draw(epic, many)
    assert "users_step7" in draw("Something else", many)
