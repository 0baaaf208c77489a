"""Orders at Alice Blue. Our id goes out as `orderTag`, and the order book is looked through for it; tags are not
unique, so nothing is ever sent twice. MARKET and SL-M carry a market protection in percent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec

from server.brokers.aliceblue.http import AliceHttp
from server.brokers.aliceblue.parse import PARSERS, decode_orders, order_token
from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.ports import Context
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.core.errors import Unauthorised
from server.domain.brokerage import (
    Event,
    FundsLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionLine,
    Receipt,
    TradeLine,
)
from server.domain.orders import Order
from server.orders.ports import Change, NotAccepted

__all__ = ("AliceExecution",)

_TYPES = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "SL", "SL-M": "SLM"}
_PRODUCTS = {"CNC": "LONGTERM", "MIS": "INTRADAY", "NRML": "NORMAL"}
_OTHER = {"NORMAL": "NRML", "NRML": "NORMAL"}
_WRONG_WORD = ("EC969", "EC092")
"""Refusals of the product's word; in shares they mean the product itself."""
_POLL = 15.0
"""Seconds between looks at the book where the account has no order socket."""


class AliceExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, side: AliceHttp, events: Fanout[Event]) -> None:
        super().__init__(context, side.http)
        self._side = side
        self._events = events
        self._up: asyncio.Future[None] | None = None
        self._normal = _PRODUCTS["NRML"]
        """The word for carrying forward: the other one after a refusal of this one; its papers and SDKs differ."""

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST /orders/placeorder, a list of one."""
        body = self._body(order, listing, order.type, order.price, order.trigger, order.quantity)
        body |= {"orderTag": order.id, "apiOrderSource": "API"}
        try:
            receipt: Receipt = PARSERS["place"](await self._side.command("place", "/orders/placeorder", [body]))
        except NotAccepted as refused:
            self._learn_word(listing, str(body["product"]), refused.code)
            raise
        if receipt.refusal is not None:
            self._learn_word(listing, str(body["product"]), receipt.refusal.code)
        return receipt

    def _learn_word(self, listing: Listing, word: str, code: str) -> None:
        """A refused word is not sent again: the next order carries the other. This one stays refused."""
        if listing.instrument.derivative and word in _OTHER and code in _WRONG_WORD:
            self._normal = _OTHER[word]

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """POST /orders/modify; the quantity is the new total."""
        price = change.price if change.price is not None else order.price
        trigger = change.trigger if change.trigger is not None else order.trigger
        quantity = change.quantity if change.quantity is not None else order.quantity
        body = self._body(order, listing, change.type or order.type, price, trigger, quantity)
        body["brokerOrderId"] = order.broker_id
        receipt: Receipt = PARSERS["modify"](await self._side.command("modify", "/orders/modify", body))
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """POST /orders/cancel."""
        body = await self._side.command("cancel", "/orders/cancel", {"brokerOrderId": order.broker_id}, always=True)
        receipt: Receipt = PARSERS["cancel"](body)
        return receipt

    async def read_orders(self) -> list[OrderLine]:
        """GET /orders/book."""
        found: list[OrderLine] = PARSERS["orders"](await self._side.read("orders", "/orders/book"))
        return [msgspec.structs.replace(line, token=f"{line.exchange}|{line.token}") for line in found]

    async def read_trades(self) -> list[TradeLine]:
        """GET /orders/trades."""
        found: list[TradeLine] = PARSERS["trades"](await self._side.read("trades", "/orders/trades"))
        return [msgspec.structs.replace(line, token=f"{line.exchange}|{line.token}") for line in found]

    async def read_positions(self) -> list[PositionLine]:
        """GET /positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._side.read("positions", "/positions"))
        return [msgspec.structs.replace(line, token=f"{line.exchange}|{line.token}") for line in found]

    async def read_funds(self) -> list[FundsLine]:
        """GET /limits/."""
        found: list[FundsLine] = PARSERS["funds"](await self._side.read("funds", "/limits/"))
        return found

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """The order socket, with a token made for each connect; where the account has none, the book is polled."""
        token = order_token(await self._side.read("stream", "/open-api/order-notify/ws/createWsToken"))
        if not token:
            while True:
                await up()
                await self.context.clock.sleep(_POLL)
        tokens = [token]

        async def address() -> Address:
            if not tokens:
                body = await self._side.read("stream", "/open-api/order-notify/ws/createWsToken")
                tokens.append(order_token(body))
            return Address(self.http.address("orders_stream"))

        async def opened(socket: Socket) -> None:
            hello = {"orderToken": tokens.pop(), "userId": self._side.user}
            await socket.say(msgspec.json.encode(hello).decode())
            self._up = asyncio.ensure_future(up())

        def heard(data: bytes | str, at: int) -> None:
            for event in decode_orders(data):
                if isinstance(event, NoticeEvent) and event.kind == "connected":  # it listens only from now on
                    self.refresh()
                if isinstance(event, NoticeEvent) and event.refusal is not None and event.refusal.kind == "auth":
                    raise Unauthorised(
                        "Alice Blue does not accept the session for its order stream.",
                        code="broker.session",
                        remedy="Sign in again on the Connect page.",
                    )
                self._events.put(event)
                if isinstance(event, OrderEvent):
                    sink(event)

        beat = (50.0, msgspec.json.encode({"heartbeat": "h", "userId": self._side.user}).decode())
        silence = self.http.manifest.stream.silence_s if self.http.manifest.stream else 70.0
        await Socket(self.http, "aliceblue:orders", address, opened, heard, silence=silence, beat=beat).run()

    def _body(
        self,
        order: Order,
        listing: Listing,
        kind: str,
        price: Decimal | None,
        trigger: Decimal | None,
        quantity: int,
    ) -> dict[str, object]:
        product = _PRODUCTS[order.product]
        if order.product == "NRML":
            product = self.context.credentials.get("normal_product", "").strip().upper() or self._normal
        body: dict[str, object] = {
            "instrumentId": listing.token.partition("|")[2],
            "exchange": listing.exchange,
            "transactionType": order.side,
            "quantity": int(self.wire_quantity(listing, quantity)),
            "orderComplexity": "AMO" if order.after_market else "REGULAR",
            "product": product,
            "orderType": _TYPES[kind],
            "price": _text(price if kind in ("LIMIT", "SL") and price is not None else Decimal(0)),
            "slTriggerPrice": _text(trigger if kind in ("SL", "SL-M") and trigger is not None else Decimal(0)),
            "validity": order.validity,
            "disclosedQuantity": int(order.disclosed * listing.instrument.unit),
        }
        if kind in ("MARKET", "SL-M"):
            body["marketProtectionPercent"] = _text(order.protection) if order.protection else "2"
        return body


def _text(value: Decimal) -> str:
    return format(value, "f")
