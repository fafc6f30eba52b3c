from hypothesis import given
from hypothesis import strategies as st

from ropewalk.planner.tree_index import TreeIndex
from ropewalk.store.patterns import Patterns

NAMES = st.sampled_from(["a", "b", "ab", "a.py", "b.py", "[a]", "a b", "x-y"])
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), max_size=12)
PARTS = st.sampled_from(["a", "b", "ab", "a.py", "*", "**", "*.py", "a*", "[ab]", "?", "[a]"])
PATTERNS = st.lists(
    st.builds(
        lambda parts, slash, negated: f"{'!' * negated}{'/'.join(parts)}{'/' * slash}",
        st.lists(PARTS, min_size=1, max_size=4),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@given(PATHS, PATTERNS)
def test_the_narrowed_search_finds_what_trying_everything_finds(
    paths: list[str], patterns: list[str]
) -> None:
    assert TreeIndex(paths).select(patterns) == Patterns(patterns).select(set(paths))


def test_a_path_with_brackets_means_itself() -> None:
    tree = TreeIndex(("app/[id].tsx", "[id].tsx", "app/i.tsx"))

    assert tree.select(("app/[id].tsx",)) == ("app/[id].tsx", "app/i.tsx")
    assert "[id].tsx" in tree
