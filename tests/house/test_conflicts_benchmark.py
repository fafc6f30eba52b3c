"""The corpus of conflicts is read, split and judged as its benchmark says."""

import gzip
import json
from pathlib import Path

import pytest

from benchmarks import conflicts
from benchmarks.corpus import Half, Sameness, by_hand, load, place
from benchmarks.measure import CannotMeasureError
from benchmarks.weights import Choice, choices, learned
from ropewalk.merging.resolve.regions import cut

CALL = {
    "kind": "python",
    "base": "call(one, two)\n",
    "ours": "call(1, two)\n",
    "theirs": "call(one, 2)\n",
    "resolved": "call(1, 2)\n",
}
NOTES = {
    "kind": "rst",
    "base": "top\n\nend\n",
    "ours": "top\n\nmine\n\nend\n",
    "theirs": "top\n\nother\n\nend\n",
    "resolved": "top\n\nsomething else\n\nend\n",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.jsonl.gz"
    cases = [{"id": number, **(CALL if number % 3 else NOTES)} for number in range(12)]
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(case)}\n" for case in cases)
    return file


def test_the_halves_are_disjoint_whole_and_stay_the_same(corpus: Path) -> None:
    halves = {half: {case.id for case in load(corpus, half)} for half in Half}

    assert halves[Half.LEARN] | halves[Half.JUDGE] == halves[Half.ALL]
    assert not halves[Half.LEARN] & halves[Half.JUDGE]
    assert len(halves[Half.ALL]) == 12
    assert halves[Half.LEARN] == {"3", "4", "11"}


def test_a_person_s_text_is_found_by_each_way_to_compare() -> None:
    offered = [b"other\n", b"if a:\n  b\n", b"if a:\n\n    b\n"]
    wanted = b"if a:\n    b"

    assert place(offered, wanted, Sameness.SPACE) == 1
    assert place(offered, wanted, Sameness.RUNS) == 1
    assert place(offered, wanted, Sameness.LINES) == 2
    assert place(offered, b"if a:b", Sameness.RUNS) is None


def test_what_a_person_put_in_a_region_is_what_stands_between_its_neighbours(corpus: Path) -> None:
    (case, *_) = (case for case in load(corpus, Half.ALL) if case.group == "rst")

    (lines,) = by_hand(cut(case.conflict), case.resolved)

    assert lines is not None
    assert b"".join(lines).strip() == b"something else"


def test_a_region_whose_neighbour_was_edited_too_teaches_nothing(corpus: Path) -> None:
    (case, *_) = (case for case in load(corpus, Half.ALL) if case.group == "rst")

    assert by_hand(cut(case.conflict), b"new top\n\nmine\n\nend\n") == (None,)


def test_weights_favour_what_was_taken_and_seldom_seen_features_weigh_little() -> None:
    often = Choice(found=({"good": 1.0}, {"bad": 1.0}), taken=0)
    once = Choice(found=({"rare": 1.0}, {"good": 1.0}), taken=0)

    weights = learned([*[often] * 20, once])

    assert weights["good"] > 0 > weights["bad"]
    assert 0 < weights["rare"] < weights["good"]


def test_only_regions_that_a_method_resolves_as_the_person_did_are_learned_from(
    corpus: Path,
) -> None:
    seen = list(choices(load(corpus, Half.ALL)))

    assert len(seen) == 8


def test_the_benchmark_prints_its_figures_by_kind_and_writes_them(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conflicts.measure(corpus, Half.ALL, folder=tmp_path)

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    written = json.loads((tmp_path / "conflicts_all.json").read_text(encoding="utf-8"))
    assert ["python", "8", *("8", "(100.0", "%)") * 4] in rows
    assert ["rst", "4", *("0", "(0.0", "%)") * 4] in rows
    assert written["figures"]["by_kind"]["all"] == {"1": 8, "4": 8, "16": 8, "files": 12}


def test_without_a_corpus_it_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        conflicts.main([])
    assert ended.value.code == 2
    assert "FILE" in capsys.readouterr().err

    assert conflicts.main([str(tmp_path / "missing.gz")]) == 1
    assert "could not measure: " in capsys.readouterr().err


def test_a_file_of_another_form_is_refused_with_the_fields_that_are_needed(tmp_path: Path) -> None:
    file = tmp_path / "wrong.gz"
    file.write_bytes(gzip.compress(b'{"id": 1}\n'))

    with pytest.raises(CannotMeasureError, match="base, ours, theirs, resolved"):
        load(file, Half.ALL)
