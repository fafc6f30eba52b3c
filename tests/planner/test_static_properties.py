"""Whatever the epic and the tree: a valid plan or our own error, nothing else."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ropewalk.errors import InvalidInput
from ropewalk.model.config import DomainRule
from ropewalk.planner.decision import sort_domains
from ropewalk.planner.draft import to_yaml
from ropewalk.planner.tree_index import TreeIndex
from ropewalk.store.schema.plan_file import parse_plan_file
from tests.planner.trees import split

WORDS = st.sampled_from(
    [
        *("api", "web", "db", "tests", "docs", "search", "order", "cache", "src", "migrations"),
        *(
            "models",
            "legacy",
            "CON",
            "a b",
            "[id]",
            "!x",
            "#y",
            "..z",
            "ünï",
            "x.y",
            "node_modules",
        ),
    ]
)
ENDINGS = st.sampled_from(["", ".py", ".ts", ".test.ts", ".sql", ".md", ".html", ".png", ".lock"])
PATHS = st.builds(
    lambda parts, ending: "/".join(parts) + ending, st.lists(WORDS, min_size=1, max_size=4), ENDINGS
)
CONTENT = st.sampled_from(
    [
        *(b"", b"def search(): ...\n", b"from api import order\n", b"import '../db/order'\n"),
        *(b"class Order:\n    x = 1\n", b"(" * 300, b"\xff\0", b"# cache\n", b"from . import x\n"),
        *(b"CREATE TABLE order (id INT);", b"-" * 5_000, b"x = " + b"-" * 20_000 + b"1"),
    ]
)
MARKS = st.sampled_from(
    [
        *(
            "\n\n## Backend\n",
            "\n- frontend: ",
            "\n\n## Out of scope\n",
            "\n# ",
            "`",
            "``",
            "/",
            "*",
        ),
        *(
            "leave ",
            " alone",
            " but do not touch ",
            "`api/order.py` ",
            "`search` ",
            "```\n",
            "- db: ",
        ),
        *("new `x/y.py` ", "`../up.py` ", "`.git/config` ", "`**`", "\x00", "\u202e", "Order.x "),
        *("## Docs\n", "changelog ", "1. tests: ", "\r\n", "`migrations/` ", "\ud800"),
    ]
)
EPICS = st.lists(MARKS | WORDS.map(lambda word: f"{word} ") | st.text(max_size=8), max_size=25).map(
    "".join
)
RULES = st.lists(
    st.builds(
        DomainRule,
        name=st.sampled_from(["api", "core", "data"]),
        files=st.lists(st.sampled_from(["api/**", "*.py", "db/"]), max_size=2).map(tuple),
        depends_on=st.lists(st.sampled_from(["core", "data"]), max_size=1).map(tuple),
    ),
    max_size=3,
    unique_by=lambda rule: rule.name,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EPICS, st.dictionaries(PATHS, CONTENT, max_size=15), RULES)
def test_any_epic_on_any_tree_gives_a_valid_plan_or_our_own_error(
    epic: str, files: dict[str, bytes], rules: list[DomainRule]
) -> None:
    paths = sorted(files)
    try:
        plan, notes = split(epic, paths=paths, read=files.get, rules=rules)
    except InvalidInput:
        return

    assert parse_plan_file(to_yaml(plan).encode(), name="plan.yaml") == plan
    assert sort_domains({domain.name: domain.depends_on for domain in plan.domains})
    tree = TreeIndex(paths)
    chosen = {path for domain in plan.domains for path in tree.select(domain.files)}
    assert chosen <= set(files)
    assert all(tree.select((p,)) for d in plan.domains for p in d.files if not p.startswith("!"))
    assert notes.sure <= notes.total
