"""Instruments of a replayed day with the facts of that day, and whether orders can be taken in them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.feeds.replay.recordings import Recording
from server.rulebook import Rulebook

__all__ = ("list_day",)

_TICK = Decimal("0.05")


def list_day(rules: Rulebook, plan: str, recordings: Sequence[Recording]) -> list[Instrument]:
    """Indices first, then shares, futures, options, by symbol; `plan` is whose charges an order would pay.

    Lot, tick and freeze quantity are the rulebook's for that day, else the file's own, else lot 1 and a tick of 0.05;
    an instrument whose rules are not all known for the day is barred from trading, with the rulebook's own words."""
    order = ("INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO")
    ranked = sorted(recordings, key=lambda r: (order.index(r.instrument.kind), r.instrument.name, r.instrument.key))
    spots = {r.instrument.key: r.close for r in recordings}
    asked: dict[tuple[object, ...], str] = {}
    return [_with_facts(rules, plan, r, spots, asked) for r in ranked]


def _with_facts(
    rules: Rulebook, plan: str, recording: Recording, spots: dict[str, float], asked: dict[tuple[object, ...], str]
) -> Instrument:
    instrument, day = recording.instrument, recording.day
    if instrument.kind == "INDEX":
        return instrument
    lot, tick, freeze, missing = recording.lot or 1, _TICK, None, ""
    price = recording.close
    under = spots.get(instrument.underlying, 0.0) if instrument.kind == "OPTION" else price
    # an option's tick goes by its underlying; its strike stands in where the underlying was not recorded
    deciding = Decimal(str(under or instrument.strike or price))
    try:
        if instrument.expiry is not None:
            lot = rules.lot(instrument.name, instrument.expiry)
            freeze = rules.freeze(instrument.name, day)
        tick = rules.tick(instrument.segment, deciding, day)
    except Invalid as error:
        missing = error.detail
    known = msgspec.structs.replace(instrument, lot=lot, tick=tick, freeze=freeze)
    if not missing:
        # the answer is the same for all strikes of an expiry
        place = (known.segment, known.kind, known.name, known.expiry)
        if place not in asked:
            asked[place] = _missing(rules, plan, known, day, Decimal(str(price)))
        missing = asked[place]
    if not missing:
        return known
    return msgspec.structs.replace(known, barred=f"{instrument.symbol} cannot be traded on this day. {missing}")


def _missing(rules: Rulebook, plan: str, instrument: Instrument, day: date, price: Decimal) -> str:
    """What the order path would have to know and the rulebook does not, in its words; empty when nothing is missing."""
    try:
        rules.session(instrument.segment, day)
        rules.square_off(plan, instrument.segment, day)
        rules.order_types(instrument, day)
        rules.price_band(instrument, price, day)
        rules.protection(instrument, price, day)
        rules.margin_rules(instrument, day)
        product: Product = "NRML" if instrument.derivative else "CNC"
        sides: tuple[Side, ...] = ("BUY", "SELL")
        for side in sides:
            rules.charges(plan, instrument, side, product, instrument.lot, price, day)
    except Invalid as error:
        return error.detail
    return ""
