"""Money: integer minor units and a currency. Rates and prices are Decimal; floats never come in."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import msgspec

__all__ = ("INR", "Money", "exact", "money_words", "on_tick", "to_minor", "to_text")

INR = "INR"
_DIGITS = {"INR": 2, "USD": 2, "EUR": 2, "USDT": 8, "BTC": 8, "JPY": 0}


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units (paise for INR)."""

    minor: int
    currency: str = INR

    @classmethod
    def of(cls, amount: Decimal, currency: str = INR) -> "Money":
        """Round `amount` half up to the currency's minor unit."""
        return cls(to_minor(amount, currency), currency)

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def decimal(self) -> Decimal:
        """The amount in major units, with the currency's digits."""
        return Decimal(self.minor).scaleb(-_DIGITS[self.currency])

    def __str__(self) -> str:
        return str(self.decimal())

    def _same(self, other: "Money") -> None:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")


def to_minor(amount: Decimal, currency: str = INR) -> int:
    """Minor units of `amount`, rounded half up (away from zero)."""
    return int(amount.scaleb(_DIGITS[currency]).to_integral_value(ROUND_HALF_UP))


def to_text(minor: int, currency: str = INR) -> str:
    """Wire form of minor units: a plain decimal string, `-1234.50`."""
    return str(Decimal(minor).scaleb(-_DIGITS[currency]))


def money_words(minor: int, currency: str = INR) -> str:
    """An amount of an account's books in a sentence: `Rs 1234.50`, `12.50 USDT`. Books keep hundredths of any
    currency (decision 0014)."""
    return f"Rs {to_text(minor)}" if currency == INR else f"{to_text(minor)} {currency}"


@lru_cache(maxsize=16_384)
def exact(price: float) -> Decimal:
    """The Decimal that a float from the market table stands for (shortest text that reads back the same)."""
    return Decimal(repr(float(price)))


def on_tick(price: Decimal, tick: Decimal) -> bool:
    """Whether `price` is a whole number of ticks."""
    return tick > 0 and price % tick == 0
