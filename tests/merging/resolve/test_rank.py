from itertools import islice
from math import exp, isclose

from ropewalk.merging.resolve.compose import compositions
from ropewalk.merging.resolve.features import account, features
from ropewalk.merging.resolve.rank import Option, options, ranked
from ropewalk.merging.resolve.rank_table import WEIGHTS
from ropewalk.merging.resolve.regions import Cut
from ropewalk.merging.resolve.values import Offer, Region

REGION = Region(
    path="a.txt",
    base=(b"keep old\n",),
    ours=(b"keep old\n", b"added by us\n"),
    theirs=(b"keep\n", b"added by them\n"),
)


def offer(text: str, method: str) -> Offer:
    return Offer(lines=tuple(text.encode().splitlines(keepends=True)), method=method)


def option(text: bytes, chance: float) -> Option:
    return Option(texts=((text,),), methods=(text.decode(),), features={}, chance=chance)


def test_what_a_resolution_keeps_of_each_side_is_counted_in_words() -> None:
    made = [offer("keep\nadded by us\n", "some_way")]
    found = features(account(REGION), made, made[0].lines)

    assert found["by_some_way"] == 1.0
    assert found["kept_ours"] == 1.0
    assert isclose(found["kept_theirs"], 2 / 3)
    assert found["gone_theirs"] == 1.0
    assert found["new"] == 0.0
    assert "is_ours" not in found


def test_a_removed_word_that_is_back_and_a_line_that_stands_twice_are_seen() -> None:
    made = [offer("keep old\nadded by us\nadded by us\nmore\n", "some_way")]
    found = features(account(REGION), made, made[0].lines)

    assert found["gone_theirs"] == 0.0
    assert found["twice"] == 1.0
    assert found["new"] > 0


def test_a_side_as_it_is_is_recognised_whatever_its_white_space() -> None:
    made = [offer("  keep old\n\nadded by us", "some_way")]

    assert "is_ours" in features(account(REGION), made, made[0].lines)


def test_offers_that_differ_in_white_space_are_one_option_with_the_more_frequent_text_first() -> (
    None
):
    found = options(
        REGION, [offer("a b\n", "first"), offer("a  b\n", "second"), offer("a  b\n", "third")]
    )

    assert [each.methods for each in found] == [("first", "second", "third")]
    assert found[0].texts == ((b"a  b\n",), (b"a b\n",))


def test_the_chances_of_a_region_add_up_to_one_and_the_likeliest_is_first() -> None:
    given = options(REGION, [offer("a\n", "bad"), offer("b\n", "good"), offer("c\n", "none")])

    found = ranked(given, weights={"by_good": 2.0, "by_bad": -1.0})

    assert [each.methods for each in found] == [("good",), ("none",), ("bad",)]
    assert isclose(sum(exp(each.chance) for each in found), 1.0)
    assert ranked(()) == ()


def test_combinations_come_by_falling_chance_without_making_all_of_them() -> None:
    parts = Cut(stable=((), (b"-",), ()), regions=(REGION, REGION))
    choices = [[option(b"a", -0.1), option(b"b", -2.0)], [option(b"c", -0.2), option(b"d", -0.5)]]

    found = list(compositions(parts, choices))

    assert [each.texts[0] for each in found] == [b"a-c", b"a-d", b"b-c", b"b-d"]
    assert [round(each.score, 1) for each in found] == [-0.3, -0.6, -2.2, -2.5]


def test_forty_regions_do_not_make_the_combinations_explode() -> None:
    parts = Cut(stable=((),) * 41, regions=(REGION,) * 40)
    choices = [[option(b"a", -0.1), option(b"b", -2.0)]] * 40

    assert len(list(islice(compositions(parts, choices), 100))) == 100


def test_a_region_for_which_nothing_is_offered_leaves_no_combination() -> None:
    parts = Cut(stable=((), ()), regions=(REGION,))

    assert list(compositions(parts, [[]])) == []


def test_the_committed_table_prefers_what_keeps_both_sides() -> None:
    assert min(WEIGHTS[f"kept_{side}"] for side in ("ours", "theirs", "least")) > 0
    assert min(WEIGHTS[f"gone_{side}"] for side in ("ours", "theirs", "least")) > 0
