import pytest

from ropewalk.agents.prices import cost_of, find_price
from ropewalk.model.config import PriceConfig
from ropewalk.model.result import TokenUsage

PLAIN = PriceConfig(input=3.0, output=15.0)
CACHED = PriceConfig(input=3.0, output=15.0, cache_read=0.3, cache_write=3.75)


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (TokenUsage(input_tokens=1000, output_tokens=100), PLAIN, 0.0045),
        (TokenUsage(output_tokens=1_000_000), PLAIN, 15.0),
        (TokenUsage(cache_read_tokens=1_000_000, cache_write_tokens=1_000_000), CACHED, 4.05),
        (TokenUsage(cache_read_tokens=1_000_000, cache_write_tokens=1_000_000), PLAIN, 6.0),
    ],
)
def test_tokens_cost_what_their_price_says(
    usage: TokenUsage, price: PriceConfig, cost: float
) -> None:
    assert cost_of(usage, price) == pytest.approx(cost)


def test_tokens_that_nobody_counted_have_no_cost() -> None:
    assert cost_of(TokenUsage(), PLAIN) is None


@pytest.mark.parametrize(
    ("models", "price"),
    [
        (("sonnet",), PLAIN),
        (("house/sonnet",), PLAIN),
        (("sonnet-20250929",), PLAIN),
        (("sonnet-2025-09-29",), PLAIN),
        ((None, "sonnet"), PLAIN),
        (("opus", "sonnet"), PLAIN),
        (("sonnet-mini",), None),
        ((None, None), None),
    ],
)
def test_a_price_is_found_by_the_name_of_its_model(
    models: tuple[str | None, ...], price: PriceConfig | None
) -> None:
    assert find_price({"sonnet": PLAIN}, *models) is price
