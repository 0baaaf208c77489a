"""Orders at FYERS. Our id goes out as the order tag (it comes back as `1:<id>`, not unique), so nothing is sent twice.

Code 201 means that an order went out and nobody answered for it; an error that carries an order id is an order that
exists and was refused. The order socket speaks the back end's field names.
"""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from server.brokers.fyers.http import FyersHttp
from server.brokers.fyers.parse import PARSERS, decode_orders
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Call
from server.brokers.kit.ports import Context
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.core.errors import Unauthorised
from server.domain.brokerage import Event, FundsLine, OrderLine, PositionLine, Receipt, TradeLine
from server.domain.orders import Order
from server.orders.ports import BrokerFunds, Change

__all__ = ("PRODUCTS", "TYPES", "FyersExecution")

PRODUCTS = {"CNC": "CNC", "NRML": "MARGIN", "MIS": "INTRADAY"}
TYPES = {"LIMIT": 1, "MARKET": 2, "SL-M": 3, "SL": 4}
_BEAT = 10.0
_SUBSCRIBE = json.dumps({"T": "SUB_ORD", "SLIST": ["orders", "trades"], "SUB_T": 1})


class FyersExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, http: FyersHttp, told: Callable[[Event], None]) -> None:
        super().__init__(context, http)
        self._wire = http
        self._tell = told

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST /orders/sync; more than the freeze quantity is sliced by FYERS."""
        freeze = listing.instrument.freeze
        body = await self._send(
            "place",
            "POST",
            {
                "symbol": listing.symbol,
                "qty": int(self.wire_quantity(listing, order.quantity)),
                "type": TYPES[order.type],
                "side": 1 if order.side == "BUY" else -1,
                "productType": PRODUCTS[order.product],
                "validity": order.validity,
                "disclosedQty": int(self.wire_quantity(listing, order.disclosed)),
                "offlineOrder": order.after_market,
                "stopLoss": 0,
                "takeProfit": 0,
                "orderTag": order.id,
                "isSliceOrder": freeze is not None and order.quantity > freeze,
                **_prices(order.type, order.price, order.trigger),
            },
        )
        receipt: Receipt = PARSERS["place"](body)
        return receipt

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """PATCH /orders/sync; the quantity is the new total."""
        kind = change.type or order.type
        price = change.price if change.price is not None else order.price
        trigger = change.trigger if change.trigger is not None else order.trigger
        body = await self._send(
            "modify",
            "PATCH",
            {
                "id": order.broker_id,
                "type": TYPES[kind],
                "qty": int(self.wire_quantity(listing, change.quantity or order.quantity)),
                **_prices(kind, price, trigger),
            },
        )
        receipt: Receipt = PARSERS["modify"](body)
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """DELETE /orders/sync."""
        receipt: Receipt = PARSERS["cancel"](await self._send("cancel", "DELETE", {"id": order.broker_id}, always=True))
        return receipt

    async def read_orders(self) -> list[OrderLine]:
        """GET /orders."""
        found: list[OrderLine] = PARSERS["orders"](await self._get("orders", "/orders"))
        return found

    async def read_trades(self) -> list[TradeLine]:
        """GET /tradebook."""
        found: list[TradeLine] = PARSERS["trades"](await self._get("trades", "/tradebook"))
        return found

    async def read_positions(self) -> list[PositionLine]:
        """GET /positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/positions"))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """GET /funds."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/funds"))
        return found

    def money(self, lines: list[FundsLine]) -> BrokerFunds:
        """The equity segment's."""
        return super().money([line for line in lines if line.segment == "equity"] or lines)

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """The order socket; the word ping every ten seconds keeps it up."""

        async def address() -> Address:
            session = self.context.session
            if session is None:
                raise Unauthorised("FYERS is not signed in.", code="broker.session", remedy="Sign in again.")
            signed = f"{self.context.credentials.get('app_id', '')}:{session.access_token}"
            return Address(self.http.address("orders_stream"), {"authorization": signed})

        async def opened(socket: Socket) -> None:
            await socket.say(_SUBSCRIBE)
            await up()

        def heard(data: bytes | str, at: int) -> None:
            for event in decode_orders(data):
                self._tell(event)
                sink(event)

        socket = Socket(self.http, "fyers:orders", address, opened, heard, silence=3 * _BEAT, beat=(_BEAT, "ping"))
        await socket.run()

    async def _send(self, name: str, method: Any, said: dict[str, Any], *, always: bool = False) -> bytes:
        return await self._wire.command(
            Call(name=name, method=method, path="/orders/sync", group="orders", json=said), always=always
        )

    async def _get(self, name: str, path: str) -> bytes:
        return await self._wire.fetch(Call(name=name, method="GET", path=path))


def _prices(kind: str, price: Decimal | None, trigger: Decimal | None) -> dict[str, Decimal | int]:
    found: dict[str, Decimal | int] = {"limitPrice": 0, "stopPrice": 0}
    if kind in ("LIMIT", "SL") and price is not None:
        found["limitPrice"] = price
    if kind in ("SL", "SL-M") and trigger is not None:
        found["stopPrice"] = trigger
    return found
