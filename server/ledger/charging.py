"""Charges of a fill: what the order has cost so far, less what its earlier fills were charged.

Brokerage has a ceiling per order and STT is rounded to the rupee, so charging each partial fill by itself would
overcharge. Charging the order's running total makes ten fills cost what one fill costs, in whatever order they come.
Lines are rounded half up to the paisa, as on a contract note, so what is shown is what is posted.

A settlement at expiry is no trade: an exercised option pays STT on what it is worth, shares delivered pay STT and
stamp duty, a future pays nothing (rules/india_rules.md §3). An order of the broker's square-off pays his fee on top.
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

    def exercise_charges(self, quantity: int, intrinsic: Decimal, day: date) -> Charges:
        """Charges of a long option exercised at expiry; `intrinsic` per unit."""
        ...

    def square_off_charges(self, broker: str, day: date) -> Charges:
        """Fee for one order of the broker's automatic square-off."""
        ...

    def depository_charges(self, broker: str, instrument: Instrument, day: date) -> Charges:
        """What delivering one share out of the demat account costs on a day; Invalid where it is not known."""
        ...


class Charged(msgspec.Struct, frozen=True):
    """What an order has traded and been charged so far."""

    quantity: int = 0
    value: Decimal = _NOTHING
    charges: Charges = Charges()

    def and_also(self, fill: Fill, charges: Charges) -> "Charged":
        """With one more fill and its charges."""
        lines = Charges(**{name: getattr(self.charges, name) + getattr(charges, name) for name in _LINES})
        return Charged(self.quantity + fill.quantity, self.value + fill.value, lines)


def charge_fill(
    rates: Rates,
    plan: str,
    instrument: Instrument,
    product: Product,
    fill: Fill,
    day: date,
    before: Charged,
    origin: str,
) -> tuple[Charged, Charges]:
    """The order's new running total, and the charges of this fill alone (lines in whole paise).

    Args:
        plan: whose brokerage, `zerodha`.
        day: market date of the trade.
        before: the order's total without this fill.
        origin: who made the order.
    """
    quantity = before.quantity + fill.quantity
    value = before.value + fill.value
    price = value / quantity  # of a unit, which is what charges are asked with
    if fill.liquidity == "settlement":
        total = _settlement(rates, plan, instrument, product, fill.side, quantity, price, day)
    else:
        total = rates.charges(plan, instrument, fill.side, product, quantity, price, day)
        if origin == "squareoff":
            total = _each(total, rates.square_off_charges(plan, day), 1)
    total = Charges(**{name: getattr(total, name).quantize(_PAISA, ROUND_HALF_UP) for name in _LINES})
    alone = total if not before.quantity else _each(total, before.charges, -1)
    return Charged(quantity, value, total), alone


def _settlement(
    rates: Rates,
    plan: str,
    instrument: Instrument,
    product: Product,
    side: Side,
    quantity: int,
    price: Decimal,
    day: date,
) -> Charges:
    if instrument.kind == "OPTION":
        held = side == "SELL" and price > 0  # the holder is closed out by a sale at what it is worth
        return rates.exercise_charges(quantity, price, day) if held else Charges()
    if instrument.kind == "FUTURE":
        return Charges()
    full = rates.charges(plan, instrument, side, product, quantity, price, day)
    return Charges(stt=full.stt, stamp=full.stamp)


def _each(left: Charges, right: Charges, sign: int) -> Charges:
    return Charges(**{name: getattr(left, name) + sign * getattr(right, name) for name in _LINES})
