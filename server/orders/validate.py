"""Is it an order at all: instrument, quantity, lot, tick, expiry, price and trigger. One clear Invalid for each fault.

Limits, sessions and money are risk's business; here is what no account and no hour could make right.
"""

from datetime import date
from decimal import Decimal

import msgspec

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.money import on_tick
from server.domain.orders import OrderRequest
from server.risk.ports import Market

__all__ = ("LONGEST_TAG", "MOST_AMOUNT", "instrument_of", "most_units", "validate")

LONGEST_TAG = 64
_LONGEST_REQUEST = 120
MOST_AMOUNT = 1_000_000_000
"""Largest quantity of an order, as the exchange counts it."""
_EXACT = 2**53 - 1
"""Largest number of units: beyond it a browser cannot count them one by one."""
_DEAREST = Decimal(100_000_000)
_FINEST = -8
"""Least exponent of a number somebody sends: below it, Decimal's own arithmetic would round it away."""


def instrument_of(market: Market, key: str, field: str = "key") -> Instrument:
    """The instrument, if orders can be placed in it; raises Invalid."""
    instrument = market.instrument(key)
    if instrument is None:
        raise Invalid(
            f"Not sent: there is no instrument {key[:80]!r} in this market.",
            code="order.instrument",
            field=field,
            value=key[:80],
            remedy="Pick it from the search; keys look like NSE:RELIANCE or NFO:NIFTY01DEC2624500CE.",
        )
    if instrument.barred:
        raise Invalid(
            f"Not sent: {instrument.barred}",
            code="order.barred",
            field=field,
            value=key,
            remedy="Watch it, or trade another instrument.",
        )
    if not instrument.tradable:
        raise Invalid(
            f"Not sent: {instrument.symbol} is an index and cannot be traded.",
            code="order.not_tradable",
            field=field,
            value=key,
            remedy=f"Trade a future or an option on {instrument.symbol}.",
        )
    return instrument


def validate(request: OrderRequest, instrument: Instrument, day: date) -> OrderRequest:
    """The request with its numbers in plain form; raises Invalid. `day` is the market's date."""
    if request.unit is not None and request.unit != instrument.unit:
        raise _bad(
            f"the quantity was counted in steps of {request.unit:f}, and {instrument.symbol} trades in steps of "
            f"{instrument.unit:f}",
            "unit",
            "order.unit",
            "Read the instrument again, and count the quantity in its `unit`.",
            format(instrument.unit, "f"),
            format(request.unit, "f"),
        )
    _expiry(instrument, day)
    _product(request, instrument)
    _quantity(request.quantity, instrument)
    _prices(request, instrument)
    _disclosed(request, instrument)
    protection = request.protection
    if protection is not None and not (_short(protection) and 0 < protection <= 100):
        raise _bad(
            f"market protection {_show(protection)} is not a percentage above 0",
            "protection",
            "order.protection",
            "Leave it empty for the usual slab, or give a percentage such as 2.",
            "0 to 100",
            _show(protection),
        )
    if request.validity == "IOC" and request.type in ("SL", "SL-M"):
        raise _bad("a stop order cannot be IOC", "validity", "order.validity", "Use DAY.", "DAY", request.validity)
    for field, text, longest in (
        ("tag", request.tag, LONGEST_TAG),
        ("request_id", request.request_id, _LONGEST_REQUEST),
    ):
        if len(text) > longest:
            raise _bad(
                f"{field} is longer than {longest} characters",
                field,
                f"order.{field}",
                f"Use at most {longest} characters.",
                longest,
                len(text),
            )
        if not text.isprintable():
            raise _bad(
                f"{field} has characters that cannot be shown",
                field,
                f"order.{field}",
                "Use letters, digits and signs only.",
                "printable characters",
                ascii(text)[1:-1],
            )
    return msgspec.structs.replace(
        request,
        price=_on(instrument.tick, request.price),
        trigger=_on(instrument.tick, request.trigger),
    )


def _expiry(instrument: Instrument, day: date) -> None:
    if instrument.expiry is not None and instrument.expiry < day:
        raise _bad(
            f"{instrument.symbol} expired on {instrument.expiry:%d %b %Y}",
            "key",
            "order.expired",
            "Choose a later expiry.",
            instrument.expiry,
            day,
        )


def _product(request: OrderRequest, instrument: Instrument) -> None:
    taken = ("MIS", "NRML") if instrument.derivative else ("MIS", "CNC")
    if request.product not in taken:
        raise _bad(
            f"product {request.product} does not exist for {instrument.symbol}",
            "product",
            "order.product",
            f"Use {taken[0]} (for the day) or {taken[1]} (to keep).",
            ", ".join(taken),
            request.product,
        )


def most_units(instrument: Instrument) -> int:
    """Largest quantity of an order in an instrument, in units."""
    return min(instrument.units(MOST_AMOUNT), _EXACT)


def _quantity(quantity: int, instrument: Instrument) -> None:
    lot, said = instrument.lot, instrument.said
    least = -(-max(instrument.least, lot) // lot) * lot
    most = most_units(instrument)
    if quantity <= 0:
        raise _bad(
            f"quantity {said(quantity)} is not above 0",
            "quantity",
            "order.quantity",
            f"Use {said(least)} or more.",
            said(1),
            said(quantity),
        )
    if quantity > most:
        raise _bad(
            f"quantity is above {said(most)}",
            "quantity",
            "order.quantity",
            f"Use {said(most - most % lot)} or less.",
            said(most),
        )
    if quantity % lot:
        below, above = quantity - quantity % lot, quantity - quantity % lot + lot
        remedy = f"Use {said(below)} or {said(above)}." if below else f"Use {said(above)}."
        raise _bad(
            f"quantity {said(quantity)} is not a multiple of the lot {said(lot)}",
            "quantity",
            "order.lot",
            remedy,
            said(lot),
            said(quantity),
        )
    if quantity < least:
        raise _bad(
            f"quantity {said(quantity)} is below the exchange's least of {said(least)} in {instrument.symbol}",
            "quantity",
            "order.least",
            f"Use {said(least)} or more.",
            said(least),
            said(quantity),
        )


def _prices(request: OrderRequest, instrument: Instrument) -> None:
    kind = request.type
    wanted = {"price": kind in ("LIMIT", "SL"), "trigger": kind in ("SL", "SL-M")}
    for field, price in (("price", request.price), ("trigger", request.trigger)):
        if price is None:
            if wanted[field]:
                raise _bad(f"a {kind} order needs a {field}", field, f"order.{field}_missing", f"Give a {field}.")
            continue
        if not wanted[field]:
            raise _bad(
                f"a {kind} order has no {field}",
                field,
                f"order.{field}_forbidden",
                f"Leave the {field} empty, or choose another order type.",
                "",
                price,
            )
        _price(field, price, instrument)
    if kind == "SL" and request.price is not None and request.trigger is not None:
        buying = request.side == "BUY"
        if (request.price < request.trigger) if buying else (request.price > request.trigger):
            word = "below" if buying else "above"
            raise _bad(
                f"the limit price {request.price} of a stop {'buy' if buying else 'sell'} is {word} its trigger",
                "price",
                "order.stop_price",
                f"Use a price {'at or above' if buying else 'at or below'} the trigger {request.trigger}.",
                request.trigger,
                request.price,
            )


def _price(field: str, price: Decimal, instrument: Instrument) -> None:
    if not price.is_finite() or not 0 < price < _DEAREST:
        raise _bad(
            f"{field} {_show(price)} is not a price above 0 and below {_DEAREST}",
            field,
            f"order.{field}",
            f"Give a price in {'rupees' if instrument.currency == 'INR' else instrument.currency}.",
            f"0 to {_DEAREST}",
            _show(price),
        )
    if not _plain_number(price) or not on_tick(price, instrument.tick):
        below = price // instrument.tick * instrument.tick
        near = [p for p in (below, below + instrument.tick) if p > 0]
        raise _bad(
            f"{field} {_show(price)} is not on the tick {instrument.tick}",
            field,
            "order.tick",
            f"Use {' or '.join(str(p) for p in near)}.",
            instrument.tick,
            _show(price),
        )


def _disclosed(request: OrderRequest, instrument: Instrument) -> None:
    said, shown, quantity = instrument.said, request.disclosed, request.quantity
    if shown == 0:
        return
    least = -(-quantity // 10)
    if shown < 0 or shown >= quantity or shown < least:
        room = f"{said(least)} to {said(quantity - 1)}" if least < quantity else ""
        some = f", or {room}: at least a tenth must be shown." if room else "."
        raise _bad(
            f"disclosed quantity {said(shown)} does not fit quantity {said(quantity)}",
            "disclosed",
            "order.disclosed",
            f"Use 0 (show all){some}",
            room or 0,
            said(shown),
        )


def _bad(what: str, field: str, code: str, remedy: str, limit: object = "", value: object = "") -> Invalid:
    return Invalid(f"Not sent: {what}.", code=code, field=field, remedy=remedy, limit=limit, value=value)


def _show(price: Decimal) -> str:
    """A price as text, however many digits somebody sent."""
    text = str(price)
    return text if len(text) <= 24 else f"{text[:20]}..."


def _plain_number(value: Decimal) -> bool:
    """Whether a number is no finer than Decimal's arithmetic keeps apart from zero.

    Zeros at the end do not count: they say nothing."""
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    zeros = next((n for n, digit in enumerate(reversed(digits)) if digit), len(digits))
    return isinstance(exponent, int) and exponent + zeros >= _FINEST


def _short(value: Decimal) -> bool:
    """Whether a number is finite and written with few digits."""
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and exponent >= _FINEST and len(digits) <= -_FINEST + 4


def _on(tick: Decimal, price: Decimal | None) -> Decimal | None:
    """A price that is on the tick, written as the tick is: 2E+2 becomes 200.00, and so does 200.0000."""
    return None if price is None else price.quantize(tick)
