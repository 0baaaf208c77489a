"""Orders at Kite. Our id goes out as the tag, and the order book is looked through for it; tags are not unique, so
nothing is ever sent twice. MARKET and SL-M carry a market protection: Kite refuses them without since April 2026.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Call, Http
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.zerodha.parse import PARSERS
from server.brokers.zerodha.stream import KiteStream
from server.domain.brokerage import Event, FundsLine, OrderLine, PositionLine, Receipt, TradeLine
from server.domain.orders import Order
from server.orders.ports import BrokerFunds, Change

__all__ = ("KiteExecution", "order_form")

_AUTOMATIC = "-1"


class KiteExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, http: Http, stream: KiteStream, events: Fanout[Event]) -> None:
        super().__init__(context, http)
        self._ticker = stream
        self._events = events

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST /orders/{variety}; more than the freeze quantity is sliced by Kite."""
        form = order_form(order, listing, self.wire_quantity(listing, order.quantity))
        if listing.instrument.freeze is not None and order.quantity > listing.instrument.freeze:
            form["autoslice"] = "true"
        body = await self.http.order(
            Call(name="place", method="POST", path=f"/orders/{_variety(order)}", group="orders", form=form)
        )
        receipt: Receipt = PARSERS["place"](body)
        return receipt

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """PUT /orders/{variety}/{id}; the quantity is the new total."""
        kind = change.type or order.type
        price = change.price if change.price is not None else order.price
        trigger = change.trigger if change.trigger is not None else order.trigger
        form = {
            "order_type": kind,
            "quantity": _text(self.wire_quantity(listing, change.quantity or order.quantity)),
            "validity": order.validity,
            **_prices(kind, price, trigger, order.protection),
        }
        body = await self.http.order(
            Call(
                name="modify",
                method="PUT",
                path=f"/orders/{_variety(order)}/{order.broker_id}",
                group="orders",
                form=form,
            )
        )
        receipt: Receipt = PARSERS["modify"](body)
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """DELETE /orders/{variety}/{id}."""
        body = await self.http.order(
            Call(name="cancel", method="DELETE", path=f"/orders/{_variety(order)}/{order.broker_id}", group="orders"),
            always=True,
        )
        receipt: Receipt = PARSERS["cancel"](body)
        return receipt

    async def read_orders(self) -> list[OrderLine]:
        """GET /orders."""
        found: list[OrderLine] = PARSERS["orders"](await self._get("orders", "/orders"))
        return found

    async def read_trades(self) -> list[TradeLine]:
        """GET /trades."""
        found: list[TradeLine] = PARSERS["trades"](await self._get("trades", "/trades"))
        return found

    async def read_positions(self) -> list[PositionLine]:
        """GET /portfolio/positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/portfolio/positions"))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """GET /user/margins."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/user/margins"))
        return found

    def money(self, lines: list[FundsLine]) -> BrokerFunds:
        """The equity segment's: commodity money is a pot of its own."""
        return super().money([line for line in lines if line.segment in ("equity", "all")] or lines)

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """Order updates come on the ticker's first socket."""
        self._events.listen_with(sink)
        self._ticker.on_up = up
        await self._ticker.start()
        await self._ticker.ended()

    async def _get(self, name: str, path: str) -> bytes:
        return await self.http.read(Call(name=name, method="GET", path=path))


def order_form(order: Order, listing: Listing, quantity: Decimal) -> dict[str, str]:
    """A new order as Kite's form has it."""
    form = {
        "exchange": listing.exchange,
        "tradingsymbol": listing.symbol,
        "transaction_type": order.side,
        "quantity": _text(quantity),
        "product": order.product,
        "order_type": order.type,
        "validity": order.validity,
        "tag": order.id,
        **_prices(order.type, order.price, order.trigger, order.protection),
    }
    if order.disclosed:
        form["disclosed_quantity"] = _text(order.disclosed * listing.instrument.unit)
    return form


def _prices(kind: str, price: Decimal | None, trigger: Decimal | None, protection: Decimal | None) -> dict[str, str]:
    found = {}
    if kind in ("LIMIT", "SL") and price is not None:
        found["price"] = _text(price)
    if kind in ("SL", "SL-M") and trigger is not None:
        found["trigger_price"] = _text(trigger)
    if kind in ("MARKET", "SL-M"):
        found["market_protection"] = _text(protection) if protection else _AUTOMATIC
    return found


def _variety(order: Order) -> str:
    return "amo" if order.after_market else "regular"


def _text(value: Decimal | int) -> str:
    return format(value, "f")
