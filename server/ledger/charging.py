"""Charges of a fill: what the order has cost so far, less what its earlier fills were charged.

Brokerage has a ceiling per order and STT is rounded to the rupee, so charging each partial fill by itself would
overcharge. Charging the order's running total makes ten fills cost what one fill costs, in whatever order they come.
Lines are rounded half up to the paisa, as on a contract note, so what is shown is what is posted.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

import msgspec

from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Fill, Product, Side

__all__ = ("Charged", "Rates", "charge_fill")

_PAISA = Decimal("0.01")
_NOTHING = Decimal(0)
_LINES = Charges.__struct_fields__


class Rates(Protocol):
    """The part of the rulebook that knows charges."""

    def charges(
        self,
        broker: str,
        instrument: Instrument,
        side: Side,
        product: Product,
        quantity: int,
        price: Decimal,
        day: date,
    ) -> Charges:
        """Charges of one order filled in full at `price`."""
        ...


class Charged(msgspec.Struct, frozen=True):
    """What an order has traded and been charged so far."""

    quantity: int = 0
    value: Decimal = _NOTHING
    charges: Charges = Charges()


def charge_fill(
    rates: Rates, plan: str, instrument: Instrument, product: Product, fill: Fill, day: date, before: Charged
) -> tuple[Charged, Charges]:
    """The order's new running total, and the charges of this fill alone (lines in whole paise).

    Args:
        plan: whose brokerage, `zerodha`.
        day: market date of the trade.
        before: the order's total without this fill.
    """
    quantity = before.quantity + fill.quantity
    value = before.value + fill.price * fill.quantity
    total = _rounded(rates.charges(plan, instrument, fill.side, product, quantity, value / quantity, day))
    return Charged(quantity, value, total), _less(total, before.charges)


def _rounded(charges: Charges) -> Charges:
    return Charges(**{name: getattr(charges, name).quantize(_PAISA, ROUND_HALF_UP) for name in _LINES})


def _less(total: Charges, before: Charges) -> Charges:
    return Charges(**{name: getattr(total, name) - getattr(before, name) for name in _LINES})
