import pytest

from ropewalk.errors import InvalidInput
from ropewalk.model.config import DomainRule
from tests.planner.trees import domains_of, load_tree, split, split_tree

APP = {
    "api/orders.py": '"""Orders."""\n\nfrom db.models import Order\n\n\ndef place_order(): ...\n',
    "api/stock.py": "def count_stock(): ...\n",
    "db/models.py": "class Order: ...\n\n\nclass Item: ...\n",
    "web/orders.js": "export function showOrders() {}\n",
    "tests/test_orders.py": "from api.orders import place_order\n",
    "tests/test_stock.py": "from api.stock import count_stock\n",
    "README.md": "# Shop\n",
    "sub/README.md": "# Part\n",
}


def names(epic: str) -> dict[str, dict[str, list[str]]]:
    return domains_of(split_tree(epic, APP)[0])


def paths(epic: str) -> set[str]:
    return {path for domain in names(epic).values() for path in domain.get("files", ())}


def test_an_epic_that_has_nothing_to_do_with_the_tree_is_refused_with_advice() -> None:
    with pytest.raises(InvalidInput, match="none of 8 files has to do with") as caught:
        names("Quantum teleportation of bananas")

    assert "--from" in caught.value.hint


def test_an_empty_epic_is_refused() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        names(" \n ")


def test_a_file_is_found_by_the_end_of_its_path() -> None:
    assert "api/stock.py" in paths("Round the counts in `stock.py`")


def test_a_glob_in_the_epic_means_its_files() -> None:
    assert "api/**" in paths("Log every call in `api/*.py`")


def test_a_folder_in_the_epic_is_written_as_a_folder() -> None:
    assert "api/**" in paths("Log every call below `api/`")


def test_code_is_found_by_a_name_that_it_defines() -> None:
    assert "api/stock.py" in paths("Make `count_stock` faster")


def test_a_method_is_found_with_its_class() -> None:
    files = {"a/x.py": "class Box:\n    def open(self): ...\n", "a/y.py": "def open(): ...\n"}

    plan, _ = split_tree("Let `Box.open` take a key", files)

    assert plan.domains[0].files == ("a/x.py",)


def test_tests_follow_the_code_they_are_named_after() -> None:
    assert names("Make `count_stock` faster")["tests"] == {
        "files": ["tests/test_stock.py"],
        "depends_on": ["backend"],
    }


def test_a_test_beside_its_code_belongs_to_the_codes_domain() -> None:
    files = {
        "lib/price.ts": "export function price() {}\n",
        "lib/price.test.ts": "import './price'\n",
    }

    plan, _ = split_tree("Round the `price`", files | {"lib/other.ts": ""})

    assert [domain.files for domain in plan.domains] == [("lib/price.test.ts", "lib/price.ts")]


def test_what_the_epic_says_to_leave_alone_is_left_out_and_said() -> None:
    epic = "Place orders twice in `api/orders.py`, but do not touch `db/models.py`"

    plan, notes = split_tree(epic, APP)

    assert not any("db/models.py" in domain.files for domain in plan.domains)
    assert "db/models.py (the epic says to leave it alone)" in notes.left_out


def test_a_section_out_of_scope_takes_its_files_out() -> None:
    epic = "# Orders\n\nChange `api/orders.py`.\n\n## Out of scope\n\n`web/orders.js`\n"

    assert "web/orders.js" not in paths(epic)


def test_an_example_to_follow_is_not_changed() -> None:
    plan, notes = split_tree("Change `api/stock.py`; do it like `api/orders.py`", APP)

    assert not any("api/orders.py" in domain.files for domain in plan.domains)
    assert "api/orders.py (named, but not as something to change)" in notes.left_out


def test_a_file_named_in_two_sections_is_shared_by_both_domains() -> None:
    epic = (
        "# Orders\n\n## Database\n`db/models.py`\n\n## Backend\n`db/models.py`, `api/orders.py`\n"
    )

    found = names(epic)

    assert found["database"]["files"] == ["db/models.py"]
    assert found["backend"]["files"] == ["api/orders.py", "db/models.py"]


def test_a_file_that_is_to_be_made_goes_to_the_domain_of_its_neighbours() -> None:
    found = names("Add a module `api/returns.py` beside `api/orders.py`")

    assert found["backend"]["new_files"] == ["api/returns.py"]


def test_a_new_file_without_a_folder_goes_where_its_like_is() -> None:
    found = names("Add a new module `returns.py` beside `api/orders.py`")

    assert found["backend"]["new_files"] == ["api/returns.py"]


def test_only_new_files_are_a_plan_too() -> None:
    assert names("Create `ops/deploy.sh`") == {"infra": {"new_files": ["ops/deploy.sh"]}}


def test_a_file_that_exists_is_never_proposed_as_new() -> None:
    plan, _ = split_tree(
        "Add `package-lock.json` and change `a/b.js`", {"package-lock.json": "", "a/b.js": ""}
    )

    assert all(domain.new_files == () for domain in plan.domains)


def test_a_file_at_the_top_does_not_mean_its_namesakes() -> None:
    assert names("Explain orders in `README.md` and in `api/stock.py`")["docs"]["files"] == [
        *("README.md", "!*/**/README.md")
    ]


def test_rules_of_the_configuration_come_before_conventions() -> None:
    tree = load_tree("service")
    rules = (
        DomainRule(name="storage", files=("models/**", "migrations/**")),
        DomainRule(
            name="service",
            files=("api/**",),
            depends_on=("storage", "absent"),
            briefing="backend",
            checks=("pytest -q tests/api",),
        ),
    )

    plan, _ = split(
        "Rank better in `api/search.py` and `models/document.py`",
        paths=tree.paths,
        read=tree.read,
        rules=rules,
    )

    domains = {domain.name: domain for domain in plan.domains}
    assert domains["service"].files == ("api/search.py",)
    assert domains["service"].depends_on == ("storage",)
    assert domains["service"].checks == ("pytest -q tests/api",)
    assert domains["storage"].briefing is None


def test_a_bullet_with_the_name_of_a_rule_names_its_domain() -> None:
    rules = (DomainRule(name="stock-keeping", files=("api/stock.py",)),)
    files = {path: text.encode() for path, text in APP.items()}

    plan, _ = split(
        "Count better\n\n- stock keeping: count twice\n- whatever: nothing\n",
        paths=sorted(files),
        read=files.get,
        rules=rules,
    )

    assert plan.domains[0].name == "stock-keeping"
    assert plan.domains[0].files == ("api/stock.py",)


def test_a_section_for_which_there_is_nothing_is_a_warning() -> None:
    files = {path: text for path, text in APP.items() if not path.startswith("db/")}

    _, notes = split_tree(
        "# Orders\n\n## Database\nA table.\n\n## Backend\n`api/orders.py`\n", files
    )

    assert notes.warnings == (
        "database: the epic has a section for it, but nothing in the tree matches",
    )


def test_old_code_is_left_out_unless_it_is_named() -> None:
    files = {"api/search.py": "def search(): ...\n", "legacy/search_old.py": "def search(): ...\n"}

    _, notes = split_tree("Search faster", files)
    named, _ = split_tree("Remove `legacy/search_old.py`", files)

    assert notes.left_out == ("legacy/search_old.py (its path says that it is old code)",)
    assert named.domains[0].files == ("legacy/search_old.py",)


def test_what_usually_changes_with_a_chosen_file_is_proposed_as_unsure() -> None:
    files = {path: text.encode() for path, text in APP.items()}

    plan, notes = split(
        "Make `count_stock` say orders",
        paths=sorted(files),
        read=files.get,
        co_change={"api/stock.py": ("db/models.py", "gone.py")},
    )

    assert ("db/models.py",) in [domain.files for domain in plan.domains]
    assert notes.sure < notes.total


def test_vendored_generated_and_binary_files_are_never_chosen() -> None:
    files = {
        "node_modules/orders/index.js": "orders",
        "web/orders.min.js": "orders",
        "web/orders.png": "orders",
        "orders.lock": "orders",
        "api/orders.py": "def orders(): ...\n",
    }

    plan, _ = split_tree("Orders, orders, orders", files)

    assert [domain.files for domain in plan.domains] == [("api/orders.py",)]


def test_a_file_too_large_to_read_is_still_found_by_its_path() -> None:
    files = {"api/orders.py": "x = 1\n" * 50_000, "api/stock.py": ""}

    plan, _ = split_tree("Orders by mail", files)

    assert plan.domains[0].files == ("api/orders.py",)


def test_each_domain_is_told_the_sentences_about_its_files() -> None:
    epic = "Better shop\n\nOrders are placed by `place_order`. The page `web/orders.js` blinks."

    plan, _ = split_tree(epic, APP)

    told = {domain.name: domain.description for domain in plan.domains}
    assert told["backend"] == (
        "Better shop: the code of backend. Orders are placed by `place_order`."
    )
    assert told["frontend"] == ("Better shop: the user interface. The page `web/orders.js` blinks.")
    assert plan.description == epic


def test_the_notes_say_why_each_file_is_there() -> None:
    _, notes = split_tree("Change `place_order` and `web/orders.js`", APP)

    why = {note.domain: note.why for note in notes.domains}
    assert why["backend"] == ("api/orders.py (defines place_order)",)
    assert why["frontend"] == ("web/orders.js (named in the epic)",)
    assert why["tests"] == ("tests/test_orders.py (tests api/orders.py)",)


def test_a_large_library_is_split_into_few_parts() -> None:
    files = {
        f"src/tool/{part}/{name}.py": f"from tool.{part} import base\n\nclass Cache{name}: ...\n"
        for part in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
        for name in ("base", "cache")
    }

    plan, _ = split_tree("Cache everything: `src/tool/*/*.py`", files)

    assert 2 <= len(plan.domains) <= 4
    assert sum(len(domain.files) for domain in plan.domains) >= 4


def test_a_database_gets_room_for_migrations() -> None:
    files = APP | {"db/migrations/0001.sql": "CREATE TABLE orders (id INT);\n"}

    plan, _ = split_tree("Keep the day of an `Order` and show it in `web/orders.js`", files)

    database = plan.domains[0]
    assert database.name == "database"
    assert database.new_files == ("db/migrations/**",)
