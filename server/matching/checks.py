"""What the exchange refuses, in its words: size, price, order type, session. Pure.

Rules come from the rulebook for the market's own day; the sentence names the limit that was missed.
"""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from server.domain.instruments import Instrument
from server.domain.money import on_tick
from server.domain.orders import Order
from server.matching.liquidity import to_tick
from server.matching.snapshot import Snapshot
from server.rulebook import Rulebook
from server.rulebook.sessions import Phase

__all__ = ("Refusal", "check_band", "check_order", "check_terms")

_DISCLOSED_LEAST = 10
"""Percent of the quantity that must at least be disclosed (rules/india_rules.md §7, from memory)."""


class Refusal(msgspec.Struct, frozen=True):
    """Why the exchange does not take an order."""

    code: str
    reason: str


def check_terms(order: Order, instrument: Instrument, rules: Rulebook, day: date) -> Refusal | None:
    """Everything that can be said of an order without a session or a price."""
    lot, tick, quantity = instrument.lot, instrument.tick, order.quantity
    if instrument.barred:
        return Refusal("exchange.not_tradable", instrument.barred)
    if not instrument.tradable:
        return Refusal("exchange.not_tradable", f"{instrument.symbol} is an index and cannot be traded")
    if instrument.expiry is not None and instrument.expiry < day:
        return Refusal("exchange.expired", f"{instrument.symbol} expired on {instrument.expiry}")
    if quantity <= 0 or quantity % lot:
        return Refusal("exchange.lot", f"Quantity {quantity} is not a multiple of the market lot {lot}")
    if instrument.freeze is not None and quantity > instrument.freeze:
        return Refusal(
            "exchange.freeze", f"Quantity {quantity} is above the freeze quantity {instrument.freeze} of one order"
        )
    if order.disclosed and not quantity * _DISCLOSED_LEAST <= order.disclosed * 100 <= quantity * 100:
        return Refusal(
            "exchange.disclosed",
            f"Disclosed quantity {order.disclosed} is not between {_DISCLOSED_LEAST} % and all of {quantity}",
        )
    if order.type not in rules.order_types(instrument, day):
        return Refusal("exchange.order_type", f"{order.type} orders are not allowed in {instrument.symbol}")
    return _check_prices(order, tick)


def check_order(
    order: Order,
    instrument: Instrument,
    phase: Phase | None,
    now: Snapshot | None,
    rules: Rulebook,
    at: datetime,
    day: date,
) -> Refusal | None:
    """Everything the exchange looks at when an order arrives at `at`, a moment of session day `day`."""
    if (no := check_terms(order, instrument, rules, day)) is not None:
        return no
    if phase is None or (at >= rules.trading_end(instrument, day) and phase.name == "continuous"):
        return Refusal("exchange.closed", f"The market is closed for {instrument.symbol}")
    if order.type not in phase.order_types:
        words = f"{order.type} orders are" if phase.order_types else "Orders are"
        return Refusal("exchange.phase", f"{words} not taken now: {phase.detail or phase.name}")
    if order.validity not in phase.validities:
        return Refusal("exchange.validity", f"{order.validity} orders are not taken now: {phase.detail or phase.name}")
    if order.disclosed and not phase.disclosed:
        return Refusal("exchange.disclosed", f"Disclosed quantity is not taken now: {phase.detail or phase.name}")
    needs_price = phase.name == "continuous" and (order.type == "MARKET" or order.validity == "IOC")
    if needs_price and (now is None or not now.fresh):
        since = f", the last one is of {now.at:%H:%M:%S} UTC" if now is not None else ""
        return Refusal("exchange.no_price", f"There is no fresh price of {instrument.symbol} to fill at{since}")
    if now is None:
        return None
    if order.type == "MARKET" and instrument.kind == "OPTION" and now.volume == 0 and now.open is None:
        return Refusal("exchange.untraded", f"{instrument.symbol} has not traded today: market orders are not taken")
    if order.trigger is not None and not order.triggered:
        passed = now.ltp >= order.trigger if order.side == "BUY" else now.ltp <= order.trigger
        if passed:
            where = "above" if order.side == "BUY" else "below"
            return Refusal(
                "exchange.trigger", f"Trigger price {order.trigger} must be {where} the last traded price {now.ltp}"
            )
        if instrument.derivative:
            return None  # the limit price of a stop order is checked when it triggers
    return check_band(order.price, instrument, phase, now, rules, day)


def check_band(
    price: Decimal | None, instrument: Instrument, phase: Phase, now: Snapshot, rules: Rulebook, day: date
) -> Refusal | None:
    """Whether a limit price lies in the range the exchange takes now; None for no price."""
    if price is None:
        return None
    reference = now.ltp if instrument.derivative or now.close is None else now.close
    low, high = rules.price_band(instrument, reference, day)
    if phase.band is not None:
        tick = instrument.tick
        low = max(low, to_tick(now.ltp * (1 - phase.band), tick, up=True))
        high = min(high, to_tick(now.ltp * (1 + phase.band), tick, up=False))
    if phase.name == "post_close":
        low = high = now.ltp
    if low <= price <= high:
        return None
    return Refusal(
        "exchange.price_range", f"17070: the price {price} is out of the current execution range {low} to {high}"
    )


def _check_prices(order: Order, tick: Decimal) -> Refusal | None:
    limit, stop = order.type in ("LIMIT", "SL"), order.type in ("SL", "SL-M")
    if limit != (order.price is not None) or stop != (order.trigger is not None):
        return Refusal("exchange.prices", f"A {order.type} order needs {_needs(limit, stop)}")
    for name, price in (("Price", order.price), ("Trigger price", order.trigger)):
        if price is not None and (price <= 0 or not on_tick(price, tick)):
            return Refusal("exchange.tick", f"{name} {price} is not a multiple of the tick {tick}")
    if order.price is not None and order.trigger is not None:
        wrong = order.price < order.trigger if order.side == "BUY" else order.price > order.trigger
        if wrong:
            side = "not be below" if order.side == "BUY" else "not be above"
            return Refusal(
                "exchange.trigger", f"The limit {order.price} of a {order.side} stop must {side} its trigger"
            )
    if order.protection is not None and not 0 < order.protection <= 100:
        return Refusal("exchange.protection", f"Market protection {order.protection} % is not above 0 and up to 100")
    return None


def _needs(limit: bool, stop: bool) -> str:
    words = [word for word, wanted in (("a price", limit), ("a trigger price", stop)) if wanted]
    return " and ".join(words) + (" and no other" if words else "no price")
