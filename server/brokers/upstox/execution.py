"""Orders at Upstox. Our id goes out as the tag (not unique there), so nothing is ever sent twice; the book is looked
through for it. Sliced orders come back as several ids under one tag.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Call, Http
from server.brokers.kit.ports import Context
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.brokers.upstox.parse import PARSERS, decode_orders
from server.brokers.upstox.stream import authorised
from server.domain.brokerage import Event, FundsLine, OrderLine, PositionLine, Receipt, TradeLine
from server.domain.orders import Order
from server.orders.ports import Change

__all__ = ("PRODUCTS", "UpstoxExecution")

PRODUCTS = {"CNC": "D", "NRML": "D", "MIS": "I"}
_AUTOMATIC = -1
_UPDATES = (("update_types", "order"),)
_BEAT = 10.0


class UpstoxExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, http: Http, told: Callable[[Event], None]) -> None:
        super().__init__(context, http)
        self._tell = told

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST /v3/order/place; more than the freeze quantity is sliced by Upstox."""
        freeze = listing.instrument.freeze
        json = {
            "quantity": int(self.wire_quantity(listing, order.quantity)),
            "product": PRODUCTS[order.product],
            "validity": order.validity,
            "tag": order.id,
            "instrument_token": listing.token,
            "order_type": order.type,
            "transaction_type": order.side,
            "disclosed_quantity": int(self.wire_quantity(listing, order.disclosed)),
            "is_amo": order.after_market,
            "slice": freeze is not None and order.quantity > freeze,
            **_prices(order.type, order.price, order.trigger, order.protection),
        }
        receipt: Receipt = PARSERS["place"](await self._send("place", "POST", "/v3/order/place", json))
        return receipt

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """PUT /v3/order/modify; the quantity is the new total."""
        kind = change.type or order.type
        json = {
            "order_id": order.broker_id,
            "quantity": int(self.wire_quantity(listing, change.quantity or order.quantity)),
            "validity": order.validity,
            "order_type": kind,
            "disclosed_quantity": int(self.wire_quantity(listing, order.disclosed)),
            **_prices(
                kind,
                change.price if change.price is not None else order.price,
                change.trigger if change.trigger is not None else order.trigger,
                order.protection,
            ),
        }
        receipt: Receipt = PARSERS["modify"](await self._send("modify", "PUT", "/v3/order/modify", json))
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """DELETE /v3/order/cancel."""
        body = await self.http.order(
            Call(
                name="cancel",
                method="DELETE",
                path="/v3/order/cancel",
                group="orders",
                address="orders",
                query=[("order_id", order.broker_id)],
            ),
            always=True,
        )
        receipt: Receipt = PARSERS["cancel"](body)
        return receipt

    async def read_orders(self) -> list[OrderLine]:
        """GET /v2/order/retrieve-all."""
        found: list[OrderLine] = PARSERS["orders"](await self._get("orders", "/v2/order/retrieve-all"))
        return found

    async def read_trades(self) -> list[TradeLine]:
        """GET /v2/order/trades/get-trades-for-day."""
        body = await self._get("trades", "/v2/order/trades/get-trades-for-day")
        found: list[TradeLine] = PARSERS["trades"](body)
        return found

    async def read_positions(self) -> list[PositionLine]:
        """GET /v2/portfolio/short-term-positions."""
        body = await self._get("positions", "/v2/portfolio/short-term-positions")
        found: list[PositionLine] = PARSERS["positions"](body)
        return found

    async def read_funds(self) -> list[FundsLine]:
        """GET /v3/user/get-funds-and-margin."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/v3/user/get-funds-and-margin"))
        return found

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """The portfolio stream."""

        async def address() -> Address:
            return await authorised(self.http, "/v2/feed/portfolio-stream-feed/authorize", _UPDATES)

        async def opened(socket: Socket) -> None:
            await up()

        def heard(data: bytes | str, at: int) -> None:
            for event in decode_orders(data):
                self._tell(event)
                sink(event)

        socket = Socket(self.http, "upstox:orders", address, opened, heard, silence=3 * _BEAT, beat=(_BEAT, None))
        await socket.run()

    async def _send(self, name: str, method: Any, path: str, json: dict[str, Any]) -> bytes:
        return await self.http.order(
            Call(name=name, method=method, path=path, group="orders", address="orders", json=json)
        )

    async def _get(self, name: str, path: str) -> bytes:
        return await self.http.read(Call(name=name, method="GET", path=path))


def _prices(
    kind: str, price: Decimal | None, trigger: Decimal | None, protection: Decimal | None
) -> dict[str, Decimal | int]:
    found: dict[str, Decimal | int] = {"price": 0, "trigger_price": 0}
    if kind in ("LIMIT", "SL") and price is not None:
        found["price"] = price
    if kind in ("SL", "SL-M") and trigger is not None:
        found["trigger_price"] = trigger
    if kind in ("MARKET", "SL-M"):
        found["market_protection"] = protection or _AUTOMATIC
    return found
