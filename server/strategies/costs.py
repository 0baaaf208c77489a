"""What a set of legs takes: margin on the way and at the end, with the benefit of its hedges, and charges."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from server.core.errors import Invalid
from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Product
from server.market.market import Market
from server.risk.margin import MarginLeg, portfolio_margin
from server.rulebook import Rulebook

__all__ = ("LegOrder", "MarginNeed", "charges_of", "margin_of", "sending_order")

_LINES = Charges.__struct_fields__


class LegOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One leg as an order: signed units at a price."""

    instrument: Instrument
    quantity: int
    price: Decimal
    product: Product = "NRML"


class MarginNeed(msgspec.Struct, frozen=True, kw_only=True):
    """Paise. Premium paid for options bought, less premium received so far (never below zero), is in it."""

    initial_minor: int
    """Most money held at any step, legs sent one after the other."""
    final_minor: int
    """Held when all legs are filled."""
    alone_minor: int
    """What the legs would take one by one."""
    benefit_minor: int
    """What their hedges spare."""


def sending_order(legs: Sequence[LegOrder]) -> list[int]:
    """Numbers of the legs in the order they are sent: buys first, they bring the hedge."""
    return sorted(range(len(legs)), key=lambda i: legs[i].quantity < 0)


def margin_of(
    market: Market, rulebook: Rulebook, legs: Sequence[LegOrder], held: Sequence[MarginLeg] = ()
) -> MarginNeed:
    """Margin of the legs beyond that of what is `held`; raises Invalid where a price is missing."""
    priced = [_margin_leg(market, leg) for leg in legs]
    before = _held(held, rulebook, market.day)
    on_way, paid, initial, final = list(held), Decimal(0), 0, 0
    for index in sending_order(legs):
        on_way.append(priced[index])
        leg = legs[index]
        if leg.instrument.kind == "OPTION" or (leg.instrument.kind == "EQUITY" and leg.product == "CNC"):
            paid += leg.price * leg.quantity
        final = _held(on_way, rulebook, market.day) - before + max(0, int(paid * 100))
        initial = max(initial, final)
    whole = portfolio_margin(priced, rulebook, market.day)
    return MarginNeed(
        initial_minor=max(0, initial),
        final_minor=max(0, final),
        alone_minor=whole.total_minor + whole.benefit_minor,
        benefit_minor=whole.benefit_minor,
    )


def charges_of(rulebook: Rulebook, plan: str, legs: Sequence[LegOrder], day: date) -> Charges:
    """Charges of trading all legs once."""
    found = [
        rulebook.charges(
            plan,
            leg.instrument,
            "BUY" if leg.quantity > 0 else "SELL",
            leg.product,
            abs(leg.quantity),
            leg.price,
            day,
        )
        for leg in legs
    ]
    return Charges(**{name: sum((getattr(one, name) for one in found), Decimal(0)) for name in _LINES})


def _held(legs: Sequence[MarginLeg], rulebook: Rulebook, day: date) -> int:
    return portfolio_margin(legs, rulebook, day).held_minor if legs else 0


def _margin_leg(market: Market, leg: LegOrder) -> MarginLeg:
    item = leg.instrument
    under = market.last(item.underlying) if item.underlying else float(leg.price)
    if not under > 0:
        raise Invalid(f"There is no price of {item.name} yet.", code="market.quiet", field="legs")
    last = market.last(item.key)
    return MarginLeg(
        instrument=item,
        quantity=leg.quantity,
        price=last if last > 0 else float(leg.price),
        underlying_price=under,
        product=leg.product,
    )
