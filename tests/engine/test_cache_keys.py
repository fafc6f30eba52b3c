from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.engine.cache import cache_key
from ropewalk.errors import InvalidInput
from ropewalk.model.values import JsonObject

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_names_and_values_of_components_do_not_run_into_each_other() -> None:
    keys = {
        cache_key({"prompt": "ab", "context": "c"}),
        cache_key({"prompt": "a", "context": "bc"}),
        cache_key({"promptab": "c"}),
        cache_key({"prompt": "ab", "context": "c", "model": "m1"}),
        cache_key({"prompt": "ab", "context": "c", "model": "m2"}),
        cache_key({"prompt": ["ab", "c"]}),
        cache_key({"prompt": ["a", "bc"]}),
        cache_key({"prompt": None}),
        cache_key({"prompt": "null"}),
        cache_key({"prompt": 1}),
        cache_key({"prompt": True}),
        cache_key({}),
    }

    assert len(keys) == 12


def test_the_order_of_components_and_the_kind_of_container_do_not_matter() -> None:
    assert cache_key({"a": 1, "b": (1, 2)}) == cache_key({"b": [1, 2], "a": 1})
    assert cache_key(MappingProxyType({"a": {"b": 1}})) == cache_key(
        {"a": MappingProxyType({"b": 1})}
    )


@pytest.mark.parametrize(
    "bad",
    [
        {1: "a"},
        {"a": {2: "b"}},
        {"a": [{None: 1}]},
        {"a": float("nan")},
        {"a": {1, 2}},
        {"a": b"x"},
    ],
)
def test_what_json_cannot_tell_apart_is_no_component(bad: JsonObject) -> None:
    with pytest.raises(InvalidInput, match="cannot be cached"):
        cache_key(bad)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(st.text(), JSON, max_size=4))
def test_equal_keys_mean_equal_components(first: JsonObject, second: JsonObject) -> None:
    assert (cache_key(first) == cache_key(second)) == (repr_of(first) == repr_of(second))


def repr_of(value: object) -> object:
    """Tell apart what Python calls equal: 1, 1.0 and True, 0.0 and -0.0."""
    if isinstance(value, dict):
        return "object", sorted((name, repr_of(item)) for name, item in value.items())
    return [repr_of(item) for item in value] if isinstance(value, list) else repr(value)
