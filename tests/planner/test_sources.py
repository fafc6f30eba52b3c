import pytest

from ropewalk.planner.imports import Modules, import_graph
from ropewalk.planner.sources import NO_FACTS, Import, read_facts
from ropewalk.planner.words import spell, split_identifier, stems


def defines(path: str, text: str) -> frozenset[str]:
    return read_facts(path, text.encode()).defines


def graph(files: dict[str, str]) -> dict[str, frozenset[str]]:
    facts = {path: read_facts(path, text.encode()) for path, text in files.items()}
    return {path: found for path, found in import_graph(facts).items() if found}


@pytest.mark.parametrize(
    "words",
    [
        ("cache", "caches", "cached", "caching"),
        ("query", "queries"),
        ("cookie", "cookies"),
        ("authentication", "authenticate", "auth"),
        ("search", "searches", "searching", "searched"),
        ("mapping", "mapped", "maps"),
        ("class", "classes"),
        ("database", "databases", "db"),
    ],
)
def test_forms_of_a_word_have_one_stem(words: tuple[str, ...]) -> None:
    found = {split_identifier(word) for word in words} - {()}

    assert len(found) <= 1


def test_identifiers_are_taken_apart() -> None:
    assert stems("HTTPServer parse_query2 loadOrders") == stems(
        "http server parse query load order"
    )


def test_a_stem_is_shown_as_the_word_it_came_from() -> None:
    assert spell("Searches and search")[stems("search")[0]] == "searches"


def test_python_defines_functions_classes_methods_and_constants() -> None:
    text = "LIMIT: int = 3\nA = B = 1\n\nclass Box:\n    size = 1\n    def open(self): ...\n"
    text += "\nasync def go(): ...\n\nif LIMIT:\n    def late(): ...\n"

    assert defines("a.py", text) == {
        *("LIMIT", "A", "B", "Box", "size", "Box.size", "open", "Box.open", "go", "late")
    }


def test_broken_python_still_says_what_it_can() -> None:
    facts = read_facts(
        "a.py", b"from api import (\n  a, b)\nimport os\ndef good(): ...\ndef bad(:\n"
    )

    assert facts.defines >= {"good"}
    assert facts.imports == (Import(module="api", names=("a", "b")), Import(module="os"))


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("a.ts", "export async function load() {}", "load"),
        ("a.ts", "export const total = 1", "total"),
        ("a.tsx", "export default class Page {}", "Page"),
        ("a.ts", "interface Order {}", "Order"),
        ("a.go", "func (s *Server) Start() {}", "Start"),
        ("a.rs", "pub fn run() {}", "run"),
        ("a.sql", 'CREATE TABLE IF NOT EXISTS "orders" (id INT)', "orders"),
        ("a.sql", "alter table orders add day date", "orders"),
        ("a.css", ".search-box { color: red }", "search-box"),
        ("a.html", '<form id="search">', "search"),
    ],
)
def test_other_languages_define_names(path: str, text: str, name: str) -> None:
    assert name in defines(path, text)


def test_headings_and_directives_of_documents_count() -> None:
    facts = read_facts("a.rst", b"Searching\n=========\n\n.. autofunction:: shop.find_order\n")

    assert facts.heading_words >= {*stems("searching"), *stems("find_order")}
    assert facts.uses >= {"find_order"}


def test_binary_content_says_nothing() -> None:
    assert read_facts("a.py", b"def a(): ...\0") == NO_FACTS


def test_content_that_breaks_the_parser_is_no_error() -> None:
    assert read_facts("a.py", b"x = " + b"(" * 100_000).defines == frozenset()


def test_python_imports_are_followed_absolute_relative_and_below_src() -> None:
    files = {
        "src/shop/__init__.py": "",
        "src/shop/model.py": "",
        "src/shop/api/__init__.py": "from ..model import Order\n",
        "src/shop/api/routes.py": "from . import tools\nfrom .. import model\n",
        "src/shop/api/tools.py": "import shop.model\nimport os, json\n",
        "tests/test_routes.py": "from shop.api import routes, other\n",
    }

    assert graph(files) == {
        "src/shop/api/__init__.py": {"src/shop/model.py"},
        "src/shop/api/routes.py": {"src/shop/api/tools.py", "src/shop/model.py"},
        "src/shop/api/tools.py": {"src/shop/model.py"},
        "tests/test_routes.py": {"src/shop/api/routes.py", "src/shop/api/__init__.py"},
    }


def test_of_several_modules_of_one_name_the_closest_is_meant() -> None:
    modules = Modules(["a/utils.py", "b/utils.py"])

    assert modules.find("utils", near="b/x.py") == "b/utils.py"
    assert modules.find("nothing") is None


def test_script_imports_are_followed_with_and_without_endings() -> None:
    files = {
        "src/app.ts": "import { a } from './a'\nimport b from '../lib/b.js'\nimport '@/c'\n",
        "src/a.tsx": "const x = require('./dir')\nimport('react')\n",
        "src/c.js": "",
        "src/dir/index.ts": "",
        "lib/b.ts": "",
        "web/page.html": "<script src='main.js'></script><link href='https://x.example/a.css'>",
        "web/main.js": "import './page.html'",
    }

    assert graph(files) == {
        "src/app.ts": {"src/a.tsx", "lib/b.ts", "src/c.js"},
        "src/a.tsx": {"src/dir/index.ts"},
        "web/page.html": {"web/main.js"},
        "web/main.js": {"web/page.html"},
    }


def test_imports_are_found_wherever_they_stand() -> None:
    text = b"try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c\nfinally:\n"
    text += b"    import d\n\ndef f():\n    match x:\n        case 1:\n            import e\n"

    facts = read_facts("x.py", text)

    assert {one.module for one in facts.imports} == set("abcde")


def test_docstrings_of_all_depths_are_prose() -> None:
    text = (
        b'"""alpha"""\n\nclass A:\n    """beta"""\n\n    def f(self):\n        "gamma"  # delta\n'
    )

    assert read_facts("x.py", text).prose_words >= {"alpha", "beta", "gamma", "delta"}
