"""Expiry settlement: what becomes of a futures or options position when its contract ends. Pure.

Index contracts settle in cash at the underlying's closing value. Stock contracts are delivered (compulsory since the
October 2019 expiries, rules/india_rules.md §1): a future at the closing price, an option in the money at its strike,
into or out of delivery holdings. Shares to be delivered that are not held are bought in at the closing price; the
exchange's auction would cost more. An option out of the money ends at zero.
"""

from decimal import Decimal

import msgspec

from server.domain.instruments import Instrument
from server.domain.orders import Product, Side

__all__ = ("Leg", "settle")

_ZERO = Decimal(0)


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One settlement fill, in the order in which they must be applied."""

    role: str
    """buyin, delivery or close: makes the execution id."""
    key: str
    product: Product
    side: Side
    quantity: int
    price: Decimal


def settle(
    instrument: Instrument,
    product: Product,
    quantity: int,
    closing: Decimal,
    shares_held: int,
    *,
    physical: bool,
    delivered: bool = False,
) -> list[Leg]:
    """Legs that end a position of `quantity` signed units.

    The leg that closes the contract comes last, so that an interrupted settlement is found open and finished.

    Args:
        closing: the underlying's closing value.
        shares_held: free delivery holdings of the underlying, units.
        physical: settled by delivery rather than in cash.
        delivered: whether the shares have been moved already by an interrupted settlement.
    """
    size = abs(quantity)
    out: Side = "SELL" if quantity > 0 else "BUY"
    if instrument.kind == "FUTURE":
        worth, at, wants = closing, closing, quantity > 0
    else:
        strike = instrument.strike or _ZERO
        call = instrument.right == "CE"
        worth = max(closing - strike if call else strike - closing, _ZERO)
        at, wants = strike, (quantity > 0) == call
    legs: list[Leg] = []
    if physical and worth > 0 and not delivered:
        move: Side = "BUY" if wants else "SELL"
        short = 0 if wants else size - max(0, min(size, shares_held))
        if short:
            legs.append(_shares(instrument, "buyin", "BUY", short, closing))
        legs.append(_shares(instrument, "delivery", move, size, at))
    # what an option delivered at its strike was worth is in the shares
    price = _ZERO if physical and instrument.kind == "OPTION" else worth
    legs.append(Leg(role="close", key=instrument.key, product=product, side=out, quantity=size, price=price))
    return legs


def _shares(instrument: Instrument, role: str, side: Side, quantity: int, price: Decimal) -> Leg:
    return Leg(role=role, key=instrument.underlying, product="CNC", side=side, quantity=quantity, price=price)
