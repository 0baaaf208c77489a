"""Orders at a Noren back end. Our id goes out as `remarks`, and the order book is looked through for it; remarks are
not unique, so nothing is ever sent twice.

Market orders are refused from an API: they go out as limit orders at a protected price, marked behind our id so that
they are told as what they are when they come back.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec

from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.noren.http import NorenHttp
from server.brokers.noren.protection import protected
from server.brokers.noren.stream import NorenStream
from server.core.errors import SaudaError
from server.domain.brokerage import (
    Event,
    FundsLine,
    LineType,
    OrderEvent,
    OrderLine,
    PositionLine,
    QuoteLine,
    Receipt,
    TradeLine,
)
from server.domain.orders import Order
from server.orders.ports import Change, NotAccepted

__all__ = ("NorenExecution", "order_values")

_PRODUCTS = {"CNC": "C", "NRML": "M", "MIS": "I"}
_MARK = "-M"
"""Behind our id on an order at market."""
_AT_MARKET = ("MARKET", "SL-M")


class NorenExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, noren: NorenHttp, stream: NorenStream, events: Fanout[Event]) -> None:
        super().__init__(context, noren.http)
        self._noren = noren
        self._line = stream
        self._events = events
        self._parse = noren.noren.parsers()

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """PlaceOrder."""
        prices = await self._prices(order, order.type, order.price, order.trigger, listing)
        values = order_values(order, listing, self.wire_quantity(listing, order.quantity), prices)
        receipt: Receipt = self._parse["place"](await self._noren.command("place", "PlaceOrder", values))
        return receipt

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """ModifyOrder; the quantity is the new total, and what is not repeated would be lost."""
        kind = change.type or order.type
        price = change.price if change.price is not None else order.price
        trigger = change.trigger if change.trigger is not None else order.trigger
        values: dict[str, object] = {
            "norenordno": order.broker_id,
            "exch": listing.exchange,
            "tsym": listing.symbol,
            "qty": _text(self.wire_quantity(listing, change.quantity or order.quantity)),
            "ret": order.validity,
            **await self._prices(order, kind, price, trigger, listing),
        }
        receipt: Receipt = self._parse["modify"](await self._noren.command("modify", "ModifyOrder", values))
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """CancelOrder."""
        values: dict[str, object] = {"norenordno": order.broker_id}
        body = await self._noren.command("cancel", "CancelOrder", values, always=True)
        receipt: Receipt = self._parse["cancel"](body)
        return receipt

    async def read_orders(self) -> list[OrderLine]:
        """OrderBook."""
        found: list[OrderLine] = self._parse["orders"](await self._noren.read("orders", "OrderBook", {}))
        return [_ours(line) for line in found]

    async def read_trades(self) -> list[TradeLine]:
        """TradeBook."""
        found: list[TradeLine] = self._parse["trades"](await self._noren.read("trades", "TradeBook", {}))
        return [msgspec.structs.replace(line, client_id=line.client_id.removesuffix(_MARK)) for line in found]

    async def read_positions(self) -> list[PositionLine]:
        """PositionBook."""
        found: list[PositionLine] = self._parse["positions"](await self._noren.read("positions", "PositionBook", {}))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """Limits."""
        found: list[FundsLine] = self._parse["funds"](await self._noren.read("funds", "Limits", {}))
        return found

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """Order updates come on the price socket."""

        def heard(event: Event) -> None:
            if isinstance(event, OrderEvent):
                sink(event)

        self._events.listen_with(heard)
        self._line.on_up = up
        await self._line.ended()

    def hear(self, event: Event) -> None:
        """As the base does, with protected orders told as market orders."""
        if isinstance(event, OrderEvent):
            line = _ours(event.order)
            trade = event.trade
            if trade is not None:
                trade = msgspec.structs.replace(trade, client_id=line.client_id)
            event = OrderEvent(order=line, trade=trade)
        super().hear(event)

    async def _prices(
        self, order: Order, kind: str, price: Decimal | None, trigger: Decimal | None, listing: Listing
    ) -> dict[str, str]:
        """`prctyp`, `prc` and `trgprc` of an order; at market, the worst price it may trade at."""
        if kind in _AT_MARKET:
            around = trigger if kind == "SL-M" and trigger is not None else await self._last(order, listing)
            price = protected(listing.instrument, order.side, around, order.protection)
        found = {"prctyp": "SL-LMT" if kind in ("SL", "SL-M") else "LMT", "prc": _text(price or Decimal(0))}
        if kind in ("SL", "SL-M") and trigger is not None:
            found["trgprc"] = _text(trigger)
        return found

    async def _last(self, order: Order, listing: Listing) -> Decimal:
        """A price to protect: the one the order was made at, else a fresh quote. Nothing is sent without."""
        if order.reference is not None and order.reference > 0:
            return order.reference
        exchange, _, token = listing.token.partition("|")
        quote: QuoteLine
        try:
            body = await self._noren.read("quotes", "GetQuotes", {"exch": exchange, "token": token}, "quotes")
            (quote,) = self._parse["quotes"](body)
        except SaudaError as error:
            raise NotAccepted(f"Not sent: there is no price to protect it with. {error.detail}", error.code) from None
        touch = quote.ask if order.side == "BUY" else quote.bid
        found = touch or quote.last
        if not found or found <= 0:
            raise NotAccepted(f"Not sent: {listing.instrument.symbol} has no price now", "broker.no_price")
        return found


def order_values(order: Order, listing: Listing, quantity: Decimal, prices: dict[str, str]) -> dict[str, object]:
    """A new order as Noren has it; every value is text."""
    values: dict[str, object] = {
        "exch": listing.exchange,
        "tsym": listing.symbol,
        "qty": _text(quantity),
        "dscqty": _text(order.disclosed * listing.instrument.unit),
        "prd": _PRODUCTS[order.product],
        "trantype": order.side[0],
        "ret": order.validity,
        "remarks": order.id + (_MARK if order.type in _AT_MARKET else ""),
        "ordersource": "API",
        **prices,
    }
    if order.after_market:
        values["amo"] = "Yes"
    return values


def _ours(line: OrderLine) -> OrderLine:
    """Under our id; one that we protected is what it was asked to be."""
    if not line.client_id.endswith(_MARK):
        return line
    own = line.client_id.removesuffix(_MARK)
    kind: dict[LineType, LineType] = {"LIMIT": "MARKET", "SL": "SL-M"}
    return msgspec.structs.replace(line, client_id=own, type=kind.get(line.type, line.type), price=None)


def _text(value: Decimal | int) -> str:
    return format(value, "f")
