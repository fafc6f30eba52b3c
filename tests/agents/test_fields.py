import pytest

from ropewalk.agents.fields import amount_at, count_at, read_object

TOO_MUCH = f"1{'0' * 400}"


@pytest.mark.parametrize("told", ["1e999", "NaN", "-1", "true", '"1"', "null", TOO_MUCH])
def test_a_number_that_cannot_be_is_unknown(told: str) -> None:
    fields = read_object(f'{{"x": {told}}}'.encode())

    assert amount_at(fields, "x") is None
    assert count_at(fields, "x") is None


def test_amounts_and_counts_are_told() -> None:
    fields = read_object(b'{"cost": 0.5, "tokens": 12}')

    assert amount_at(fields, "cost") == 0.5
    assert count_at(fields, "tokens") == 12
