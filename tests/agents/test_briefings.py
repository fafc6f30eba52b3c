from pathlib import Path

import pytest

from ropewalk.agents.briefings import (
    MAX_BRIEFING_BYTES,
    choose_briefing,
    kind_of_files,
    list_briefings,
)
from ropewalk.errors import InvalidInput
from ropewalk.model.plan import Domain

SHIPPED = ("backend", "database", "default", "docs", "frontend", "tests")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "briefings"
    folder.mkdir()
    (folder / "backend.md").write_text("# Our backend\n")
    (folder / "payments.md").write_text("# Payments\n")
    return folder


def test_every_kind_has_a_page_to_work_by() -> None:
    assert list_briefings(None) == SHIPPED
    for name in SHIPPED:
        text = choose_briefing(Domain(name="x", briefing=name), None).text
        headings = [line for line in text.splitlines() if line.startswith("## ")]
        assert headings == [
            "## Purpose",
            "## First look",
            "## How to work",
            "## Quality bar",
            "## Leave alone",
            "## Done when",
            "## Report",
        ]
        assert 1500 < len(text) < 4000


def test_the_name_in_the_plan_decides(own: Path) -> None:
    domain = Domain(name="backend", briefing="payments", files=("web/**",))

    assert choose_briefing(domain, own).text == "# Payments\n"


def test_the_repositorys_own_page_comes_before_the_shipped_one(own: Path) -> None:
    assert choose_briefing(Domain(name="backend"), own).text == "# Our backend\n"
    assert choose_briefing(Domain(name="backend"), None).text.startswith("# Backend\n")


def test_the_name_of_the_domain_comes_before_its_files(own: Path) -> None:
    domain = Domain(name="payments", files=("web/**",))

    assert choose_briefing(domain, own).name == "payments"


def test_files_decide_where_no_name_does() -> None:
    domain = Domain(name="checkout", paths=("web/cart.tsx", "web/pay.tsx", "api/pay.py"))

    assert choose_briefing(domain, None).name == "frontend"


def test_without_names_and_files_the_default_is_taken(tmp_path: Path) -> None:
    assert choose_briefing(Domain(name="checkout"), tmp_path / "missing").name == "default"


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (("db/migrations/001_init.py",), "database"),
        (("shop/models/item.py",), "database"),
        (("schema.sql",), "database"),
        (("tests/models/test_item.py",), "tests"),
        (("api/test_routes.py",), "tests"),
        (("web/cart.test.ts",), "tests"),
        (("docs/guide.rst",), "docs"),
        (("README.md",), "docs"),
        (("web/cart.ts",), "frontend"),
        (("shop/cart.tsx",), "frontend"),
        (("ui/**",), "frontend"),
        (("api/routes.py", "api/items.go"), "backend"),
        (("Makefile", "pyproject.toml"), "default"),
        (("api/a.py", "db/b.sql"), "database"),
        ((), "default"),
    ],
)
def test_the_kind_of_most_files_wins(paths: tuple[str, ...], kind: str) -> None:
    assert kind_of_files(paths) == kind


def test_an_unknown_name_is_refused_with_the_known_ones(own: Path) -> None:
    with pytest.raises(InvalidInput, match="'paymets'") as refused:
        choose_briefing(Domain(name="shop", briefing="paymets"), own)

    assert "payments" in refused.value.hint
    assert "frontend" in refused.value.hint


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "backend.md", ""])
def test_a_name_is_not_a_path(own: Path, name: str) -> None:
    (own.parent / "secret.md").write_text("secret")

    with pytest.raises(InvalidInput, match="does not exist"):
        choose_briefing(Domain(name="shop", briefing=name), own)


def test_a_link_is_not_read(own: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (own / "leak.md").symlink_to(tmp_path / "secret")

    with pytest.raises(InvalidInput, match="symlink"):
        choose_briefing(Domain(name="shop", briefing="leak"), own)


def test_the_folder_itself_may_be_a_link(own: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(own)

    assert choose_briefing(Domain(name="payments"), tmp_path / "linked").text == "# Payments\n"


def test_a_page_that_is_too_long_is_refused(own: Path) -> None:
    (own / "long.md").write_text("x" * (MAX_BRIEFING_BYTES + 1))

    with pytest.raises(InvalidInput, match="too large"):
        choose_briefing(Domain(name="long"), own)


def test_a_page_cannot_steer_a_terminal(own: Path) -> None:
    (own / "odd.md").write_text("# Odd \x1b[31mred\n")

    assert choose_briefing(Domain(name="odd"), own).text == "# Odd red\n"
