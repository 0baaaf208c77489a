"""Changes of a strategy's legs on purpose: roll to another expiry, shift along the strikes, hedge what is naked.

An adjustment is worked out as orders (what is closed, what is opened), looked at before and after, then sent as one
basket like any other.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from server.core.errors import Invalid, NotFound
from server.domain.instruments import Instrument
from server.market.market import Market
from server.strategies.sending import LegSent
from server.strategies.strategy import Strategy, StrategyLeg

__all__ = ("AdjustKind", "Change", "changes_of")

AdjustKind = Literal["roll", "shift", "hedge", "legs"]
_WINGS = 4


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted, one kind with its own fields."""

    kind: AdjustKind
    expiry: date | None = None
    """roll: the expiry to roll to."""
    steps: int = 0
    """shift: listed strikes up (down)."""
    width: int = _WINGS
    """hedge: listed strikes between a naked option and what covers it."""
    legs: tuple[str, ...] = ()
    """roll and shift: which legs by key; empty = all options held."""
    added: tuple[LegSent, ...] = ()
    """legs: what is bought and sold."""


def changes_of(strategy: Strategy, market: Market, change: Change) -> list[LegSent]:
    """Orders that make the change; raises Invalid or NotFound where the chain does not have what is needed."""
    match change.kind:
        case "roll":
            return _rolled(strategy, market, change)
        case "shift":
            return _shifted(strategy, market, change)
        case "hedge":
            return _hedged(strategy, market, change)
        case "legs":
            if not change.added:
                raise Invalid("No leg was sent.", code="options.legs", field="legs_added", remedy="Send at least one.")
            return list(change.added)


def _rolled(strategy: Strategy, market: Market, change: Change) -> list[LegSent]:
    if change.expiry is None:
        raise Invalid("To roll, name the expiry to roll to.", code="options.date", field="expiry")
    out = []
    for leg, item in _chosen(strategy, market, change):
        if item.expiry == change.expiry:
            raise Invalid(
                f"{item.symbol} expires on {change.expiry:%d %b %Y} already.",
                code="options.date",
                field="expiry",
                remedy="Choose another expiry, or only the legs that are to be rolled.",
            )
        strikes = [row.strike for row in market.catalogue.chain(item.name, change.expiry)]
        assert item.strike is not None
        strike = min(strikes, key=lambda listed: abs(listed - (item.strike or Decimal(0))))
        out += _moved(leg, item, _listed(market, item, change.expiry, strike))
    return out


def _shifted(strategy: Strategy, market: Market, change: Change) -> list[LegSent]:
    if change.steps == 0:
        raise Invalid("To shift, say by how many strikes.", code="options.no_strike", field="steps")
    out = []
    for leg, item in _chosen(strategy, market, change):
        assert item.expiry is not None and item.strike is not None
        out += _moved(leg, item, _beside(market, item, change.steps))
    return out


def _hedged(strategy: Strategy, market: Market, change: Change) -> list[LegSent]:
    """Options bought beyond the sold ones, as many units as are sold and not covered."""
    if not 1 <= change.width <= 200:
        raise Invalid("The width is 1 to 200 strikes.", code="options.no_strike", field="width", value=change.width)
    held = [(leg, item) for leg in strategy.held if (item := market.instrument(leg.key)) is not None]
    out = []
    for right in ("CE", "PE"):
        own = [(leg, item) for leg, item in held if item.kind == "OPTION" and item.right == right]
        other = sum(leg.quantity for leg, item in held if item.kind != "OPTION")
        bare = -(sum(leg.quantity for leg, _ in own) + (max(other, 0) if right == "CE" else max(-other, 0)))
        sold = [(leg, item) for leg, item in own if leg.quantity < 0]
        if bare <= 0 or not sold:
            continue
        # the sold strike nearest to the money is the one that hurts first
        leg, item = min(sold, key=lambda pair: pair[1].strike or Decimal(0), default=sold[0])
        if right == "PE":
            leg, item = max(sold, key=lambda pair: pair[1].strike or Decimal(0))
        wing = _beside(market, item, change.width if right == "CE" else -change.width)
        out.append(LegSent(instrument=wing, product=leg.product, signed=bare))
    if not out:
        raise Invalid(
            "Nothing sold is naked: there is nothing to hedge.",
            code="strategy.state",
            field="kind",
            remedy="Add legs by hand if you want more protection.",
        )
    return out


def _chosen(strategy: Strategy, market: Market, change: Change) -> Sequence[tuple[StrategyLeg, Instrument]]:
    unknown = [key for key in change.legs if all(leg.key != key for leg in strategy.held)]
    if unknown:
        raise Invalid(
            f"{unknown[0][:60]} is no leg of this strategy.", code="strategy.legs", field="legs", value=unknown[0][:60]
        )
    found = [
        (leg, item)
        for leg in strategy.held
        if (not change.legs or leg.key in change.legs)
        and (item := market.instrument(leg.key)) is not None
        and item.kind == "OPTION"
    ]
    if not found:
        raise Invalid("No option of this strategy is held.", code="strategy.legs", field="legs")
    return found


def _moved(leg: StrategyLeg, old: Instrument, new: Instrument) -> list[LegSent]:
    return [
        LegSent(instrument=old, product=leg.product, signed=-leg.quantity),
        LegSent(instrument=new, product=leg.product, signed=leg.quantity),
    ]


def _beside(market: Market, item: Instrument, steps: int) -> Instrument:
    assert item.expiry is not None and item.strike is not None
    strikes = [row.strike for row in market.catalogue.chain(item.name, item.expiry)]
    place = strikes.index(item.strike) + steps
    if not 0 <= place < len(strikes):
        raise Invalid(
            f"The chain of {item.name} for {item.expiry:%d %b %Y} ends before that strike.",
            code="options.no_strike",
            field="steps",
            remedy="Use fewer strikes.",
        )
    return _listed(market, item, item.expiry, strikes[place])


def _listed(market: Market, item: Instrument, expiry: date, strike: Decimal) -> Instrument:
    row = market.catalogue.option(item.name, expiry, strike, item.right or "CE")
    if row is None:
        raise NotFound(
            f"{item.name} {strike} {item.right} of {expiry:%d %b %Y} is not listed.",
            code="options.no_strike",
            field="strike",
            remedy="Choose another strike or expiry.",
        )
    return market.catalogue.instruments[row]
