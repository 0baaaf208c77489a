"""May a parent order be kept: its terms, checked before its first child is made. One clear Invalid for each fault."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from server.core.errors import Denied, Invalid
from server.domain.instruments import Instrument
from server.domain.orders import OrderRequest
from server.orders.desk import Desk
from server.orders.parent import ParentOrder
from server.orders.preview import Preview
from server.orders.validate import validate

__all__ = ("MOST_PARTS", "ParentTerms")

MOST_PARTS = 50
"""Parts of an iceberg or a sliced order: what brokers allow."""
_SLICED = frozenset({"NSE", "BSE", "NFO", "BFO", "CDS", "MCX"})
"""Exchanges whose largest order is a freeze quantity, above which members send several. Elsewhere a largest order is a
rule that parts would go round."""
_BEYOND_STOP = Decimal("0.03")
"""How far beyond its trigger the limit of an SL exit lies, where the exchange has no SL-M for the instrument."""
_FREEZE = "order.freeze"


class ParentTerms:
    """Checks what was asked.

    Args:
        preview: every objection to an order, as the ticket shows them.
    """

    def __init__(self, desk: Desk, preview: Callable[[OrderRequest], Preview]) -> None:
        self._desk = desk
        self._preview = preview

    def checked(self, asked: ParentOrder, instrument: Instrument) -> ParentOrder:
        """The terms in plain form; raises Invalid naming the field, Denied when a limit refuses the whole."""
        asked = msgspec.structs.replace(asked, unit=instrument.unit)
        self._probe(asked, instrument, "", asked.quantity, asked.price, "price")
        if asked.kind == "iceberg":
            return self._iceberg(asked, instrument)
        if asked.kind == "slices":
            return self._slices(asked, instrument)
        if asked.product != "MIS":
            raise _bad(
                f"a {asked.kind} order is for the day: its stop rests at the exchange until the close only",
                "product",
                "Use MIS, or a GTT for more days.",
                "MIS",
                asked.product,
            )
        return self._guarded(asked, instrument)

    def _iceberg(self, asked: ParentOrder, instrument: Instrument) -> ParentOrder:
        self._probe(asked, instrument, "slice", asked.slice, asked.price, "price")
        parts = -(-asked.quantity // asked.slice)
        if not 2 <= parts <= MOST_PARTS:
            least = -(-asked.quantity // MOST_PARTS)
            least += -least % instrument.lot
            said, ending = instrument.said, "s" if parts != 1 else ""
            raise _bad(
                f"{said(asked.quantity)} in parts of {said(asked.slice)} makes {parts} part{ending}",
                "slice",
                f"Use {said(least)} to {said(asked.quantity - instrument.lot)}: 2 to {MOST_PARTS} parts.",
                f"2 to {MOST_PARTS} parts",
                parts,
            )
        return msgspec.structs.replace(asked, stop=None, stop_limit=None, target=None)

    def _slices(self, asked: ParentOrder, instrument: Instrument) -> ParentOrder:
        """The whole is asked of every check but the freeze quantity; each part is asked again when it goes out."""
        freeze, said = instrument.freeze, instrument.said
        if freeze is None or asked.quantity <= freeze:
            most = "" if freeze is None else f" (it takes {said(freeze)})"
            raise _bad(
                f"the exchange takes {said(asked.quantity)} of {instrument.symbol} in one order{most}",
                "quantity",
                "Place a plain order.",
                freeze or "",
                asked.quantity,
            )
        most_units = freeze - freeze % instrument.lot
        parts = -(-asked.quantity // most_units)
        if parts > MOST_PARTS:
            raise _bad(
                f"{said(asked.quantity)} makes {parts} orders of {said(most_units)}",
                "quantity",
                f"Use at most {said(MOST_PARTS * most_units)}: {MOST_PARTS} parts.",
                MOST_PARTS * most_units,
                asked.quantity,
            )
        problems = self._preview(_whole(asked)).problems
        if instrument.exchange in _SLICED:
            problems = [problem for problem in problems if problem.code != _FREEZE]
        if problems:
            worst = problems[0]
            raise Denied(
                worst.detail,
                code=worst.code,
                field=worst.field,
                limit=worst.limit,
                value=worst.value,
                headroom=worst.headroom,
                remedy=worst.remedy,
            )
        return msgspec.structs.replace(asked, slice=most_units, stop=None, stop_limit=None, target=None)

    def price(self, parent: ParentOrder, instrument: Instrument, price: Decimal) -> Decimal:
        """A new price of one at work, on the tick; raises Invalid."""
        self._probe(msgspec.structs.replace(parent, type="LIMIT"), instrument, "", parent.slice, price, "price")
        return price.quantize(instrument.tick)

    def _guarded(self, asked: ParentOrder, instrument: Instrument) -> ParentOrder:
        desk, way = self._desk, asked.way
        market = desk.market(asked.account)
        from_price = asked.price
        if from_price is None:
            quote = market.quote(asked.key)
            if quote is None:
                raise _bad(f"there is no price yet for {instrument.symbol}", "key", "Wait for one.", "", "")
            from_price = quote.ltp
        if asked.stop is None:
            raise _bad(f"a {asked.kind} order needs a stop", "stop", "Give the price at which to get out.", "", "")
        for field in ("stop", "target"):
            price: Decimal | None = getattr(asked, field)
            if price is None:
                continue
            self._probe(asked, instrument, field, asked.quantity, price, "price")
            beyond = (price - from_price) * way
            if (field == "stop") == (beyond >= 0):
                word = "below" if (field == "stop") == (way > 0) else "above"
                raise _bad(
                    f"the {field} {price} of a {asked.side.lower()} entry must lie {word} {from_price}",
                    field,
                    f"Use a {field} {word} {from_price}.",
                    f"{word} {from_price}",
                    price,
                )
        if asked.kind == "bracket" and asked.target is None:
            raise _bad("a bracket order needs a target", "target", "Give the price at which to take profit.", "", "")
        limit = None
        if "SL-M" not in desk.rules.order_types(instrument, desk.day(asked.account)):
            tick = instrument.tick
            side = ROUND_FLOOR if way > 0 else ROUND_CEILING
            limit = max(tick, (asked.stop * (1 - way * _BEYOND_STOP) / tick).to_integral_value(side) * tick)
        target = asked.target if asked.kind == "bracket" else None
        return msgspec.structs.replace(asked, slice=0, stop_limit=limit, target=target)

    def _probe(
        self, asked: ParentOrder, instrument: Instrument, field: str, quantity: int, price: Decimal | None, named: str
    ) -> None:
        """Could this be an order? The fault is told under the parent's own field."""
        request = OrderRequest(
            account=asked.account,
            key=asked.key,
            side=asked.side,
            quantity=quantity,
            type="LIMIT" if price is not None else asked.type,
            product=asked.product,
            price=price,
            tag=asked.tag,
            request_id=asked.request_id,
        )
        try:
            if asked.type == "MARKET" and asked.price is not None:
                raise _bad("a MARKET entry has no price", "price", "Leave the price empty.", "", asked.price)
            validate(request, instrument, self._desk.day(asked.account))
        except Invalid as error:
            if field and error.field in ("quantity", named):
                error.field = field
            raise


def _whole(asked: ParentOrder) -> OrderRequest:
    """A sliced order as the one order it would be."""
    return OrderRequest(
        account=asked.account,
        key=asked.key,
        side=asked.side,
        quantity=asked.quantity,
        type=asked.type,
        product=asked.product,
        price=asked.price,
        tag=asked.tag,
    )


def _bad(what: str, field: str, remedy: str, limit: object, value: object) -> Invalid:
    return Invalid(
        f"Not sent: {what}.", code=f"parent.{field}", field=field, remedy=remedy, limit=str(limit), value=str(value)
    )
