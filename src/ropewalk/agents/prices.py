"""What tokens cost, by the prices that a person wrote down; what is not known is never guessed."""

import re
from collections.abc import Mapping
from typing import Final

from ropewalk.model.config import PriceConfig
from ropewalk.model.result import TokenUsage

Prices = Mapping[str, PriceConfig]
_MILLION: Final = 1_000_000
_DATED: Final = re.compile(r"(?P<name>.+?)[-@](?:\d{8}|\d{4}-\d{2}-\d{2})")


def find_price(prices: Prices, *models: str | None) -> PriceConfig | None:
    """Return the price of the first model that has one.

    A provider before a slash and a date behind the name are left aside where the whole name has no
    price.
    """
    for model in filter(None, models):
        short = model.rpartition("/")[2]
        dated = _DATED.fullmatch(short)
        for name in (model, short, dated["name"] if dated else short):
            if name in prices:
                return prices[name]
    return None


def cost_of(usage: TokenUsage, price: PriceConfig) -> float | None:
    """Return the cost of tokens in USD, None where no token was counted.

    Tokens read from a cache or written to one cost what other input does where no price says more.
    """
    counted = (
        (usage.input_tokens, price.input),
        (usage.output_tokens, price.output),
        (usage.cache_read_tokens, _else(price.cache_read, price.input)),
        (usage.cache_write_tokens, _else(price.cache_write, price.input)),
    )
    known = [count * per_million for count, per_million in counted if count is not None]
    return sum(known) / _MILLION if known else None


def _else(price: float | None, other: float) -> float:
    return other if price is None else price
