"""Answers of models are found again, for a while, and what that saves is counted."""

import threading
from pathlib import Path

import pytest

from ropewalk.engine.answers import AnswerCache, CacheUse, KeptAnswer, Lookups
from ropewalk.engine.cache import Cache
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject
from tests.engine.caches import LARGE, files

QUESTION: JsonObject = {"step": "plan", "model": "m-1", "parts": {"epic": "ab", "map": "c"}}
ANSWER = KeptAnswer(
    text="the plan", usage=TokenUsage(input_tokens=1000, output_tokens=200, cache_read_tokens=45)
)


def usable(_text: str) -> bool:
    return True


def answers(
    root: Path, *, use: CacheUse = CacheUse.USE, now: float = 1000.0, max_bytes: int = LARGE
) -> AnswerCache:
    return AnswerCache(
        Cache(root, max_bytes, now=lambda: now), root, max_age_s=24 * 3600.0, use=use
    )


def test_an_answer_is_found_again_with_what_it_took(tmp_path: Path) -> None:
    answers(tmp_path).keep(QUESTION, ANSWER)

    assert answers(tmp_path).find(QUESTION, is_usable=usable) == ANSWER


@pytest.mark.parametrize(
    "other",
    [
        {**QUESTION, "model": "m-2"},
        {**QUESTION, "parts": {"epic": "a", "map": "bc"}},
        {**QUESTION, "step": "judge"},
    ],
    ids=["another model", "the same text, parted elsewhere", "another step"],
)
def test_another_question_finds_nothing(tmp_path: Path, other: JsonObject) -> None:
    answers(tmp_path).keep(QUESTION, ANSWER)

    assert answers(tmp_path).find(other, is_usable=usable) is None


@pytest.mark.parametrize(
    ("later", "is_there"), [(0, True), (86_400, True), (86_401, False), (-1, False)]
)
def test_an_answer_counts_for_a_day_and_not_from_the_future(
    tmp_path: Path, later: int, *, is_there: bool
) -> None:
    answers(tmp_path).keep(QUESTION, ANSWER)

    found = answers(tmp_path, now=1000.0 + later).find(QUESTION, is_usable=usable)

    assert (found is not None) == is_there


def test_an_answer_that_can_no_longer_be_used_is_a_miss(tmp_path: Path) -> None:
    cache = answers(tmp_path)
    cache.keep(QUESTION, ANSWER)

    assert cache.find(QUESTION, is_usable=lambda text: text != "the plan") is None
    assert cache.lookups() == Lookups(misses=1)


def test_look_ups_are_counted_over_all_processes(tmp_path: Path) -> None:
    answers(tmp_path).keep(QUESTION, ANSWER)
    for number in range(13):
        wanted = QUESTION if number < 8 else {"step": number}
        answers(tmp_path).find(wanted, is_usable=usable)

    lookups = answers(tmp_path).lookups()

    assert lookups == Lookups(hits=8, misses=5, tokens_saved=8 * 1245)
    assert lookups.hit_rate is not None
    assert f"{lookups.hit_rate:.1%}" == "61.5%"


def test_lines_that_were_torn_do_not_count(tmp_path: Path) -> None:
    answers(tmp_path).find(QUESTION, is_usable=usable)
    with (tmp_path / "lookups.jsonl").open("ab") as file:
        file.write(b'[]\n{"hit": tr\n')

    assert answers(tmp_path).lookups() == Lookups(misses=1)
    assert answers(tmp_path / "none").lookups().hit_rate is None


def test_refreshing_reads_nothing_and_keeps_the_new_answer(tmp_path: Path) -> None:
    answers(tmp_path).keep(QUESTION, KeptAnswer(text="old"))
    fresh = answers(tmp_path, use=CacheUse.REFRESH)

    assert fresh.find(QUESTION, is_usable=usable) is None
    fresh.keep(QUESTION, ANSWER)

    assert answers(tmp_path).find(QUESTION, is_usable=usable) == ANSWER
    assert answers(tmp_path).lookups() == Lookups(hits=1, tokens_saved=1245)


def test_without_the_cache_nothing_is_read_and_nothing_is_written(tmp_path: Path) -> None:
    answers(tmp_path / "a").keep(QUESTION, ANSWER)
    off = answers(tmp_path / "b", use=CacheUse.OFF)

    with off.only_one(QUESTION):
        off.keep(QUESTION, ANSWER)

    assert off.find(QUESTION, is_usable=usable) is None
    assert not (tmp_path / "b").exists()


def test_a_damaged_entry_is_a_miss(tmp_path: Path) -> None:
    cache = answers(tmp_path)
    cache.keep(QUESTION, ANSWER)
    (value,) = files(tmp_path, "cas")
    value.write_bytes(b"{}")

    assert cache.find(QUESTION, is_usable=usable) is None


def test_the_cache_is_brought_down_to_its_size_and_keeps_the_newest(tmp_path: Path) -> None:
    for number in range(5):
        answers(tmp_path, now=1000.0 + number, max_bytes=1200).keep(
            {"step": number}, KeptAnswer(text="x" * 300)
        )

    left = answers(tmp_path, now=1010.0)

    assert left.find({"step": 4}, is_usable=usable) is not None
    assert left.find({"step": 0}, is_usable=usable) is None


def test_only_one_of_those_who_ask_at_once_makes_the_answer(tmp_path: Path) -> None:
    made: list[int] = []
    start = threading.Barrier(4)

    def ask(number: int) -> None:
        cache = answers(tmp_path)
        start.wait()
        with cache.only_one(QUESTION):
            if cache.find(QUESTION, is_usable=usable) is None:
                made.append(number)
                cache.keep(QUESTION, ANSWER)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert answers(tmp_path).lookups() == Lookups(hits=3, misses=1, tokens_saved=3 * 1245)
