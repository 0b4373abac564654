"""An amount of money out of whatever a page writes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from price_parser import Price

_MOST = Decimal(100_000_000)
_LONGEST_CURRENCY = 20
_LONGEST = 80  # characters; what is longer is no price


@dataclass(frozen=True)
class Money:
    """An amount above zero; the currency as the page writes it (code or sign)."""

    amount: Decimal
    currency: str | None = None


def parse(value: object, currency: object = None) -> Money | None:
    """`"1.299,00 €"`, `1299.0`, `"$12"`; None for zero, nonsense and texts without a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    hint = currency[:_LONGEST_CURRENCY] if isinstance(currency, str) and currency else None
    price = Price.fromstring(str(value)[:_LONGEST], currency_hint=hint)
    if price.amount is None or not 0 < price.amount < _MOST:
        return None
    return Money(price.amount, hint or price.currency)
