"""Orders at Alpaca. Our id is the client order id, unique within the account: a lost answer is looked up by it.

A change makes a new order with an id of its own and ends the old one as `replaced`. The new one's client id is ours
with a mark behind it; here the whole row of them is one order. Its `filled` goes on from where the old one stood.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import msgspec

from server.brokers.alpaca.http import place_of
from server.brokers.alpaca.parse import PARSERS, decode_orders, successor
from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Call, Http
from server.brokers.kit.ports import Context
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.core.errors import Invalid, NotFound, Unauthorised
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

__all__ = ("AlpacaExecution", "collapsed")

_TYPES = {"MARKET": "market", "LIMIT": "limit", "SL": "stop_limit", "SL-M": "stop"}
_MARK = "~"
"""Between our id and the number of a change."""
_LENGTH = 20
"""Of our ids at most; Alpaca's own are longer and hyphenated."""
_BOOK = 500
_ACTIVITIES = 100
_MOST_PAGES = 100
_LOOK_BACK = timedelta(hours=24)
_BEAT = 10.0
_ENDED = ("FILLED", "CANCELLED", "REJECTED", "EXPIRED")


class AlpacaExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, http: Http, events: Fanout[Event]) -> None:
        super().__init__(context, http)
        self._events = events
        self._before: dict[str, Decimal] = {}
        """Replacing order's id -> what was filled of the one it replaced."""
        self._up: asyncio.Future[None] | None = None

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST /orders."""
        receipt: Receipt = PARSERS["place"](await self._order("place", "POST", "/orders", order_body(order, listing)))
        return receipt

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """PATCH /orders/{id}; the quantity is the new total. Alpaca cannot turn one type into another."""
        kind = change.type or order.type
        if kind != order.type:
            raise NotAccepted("Alpaca cannot change an order's type: cancel it and place another", "broker.modify")
        body = {"client_order_id": f"{order.id}{_MARK}{order.revision + 1}", "time_in_force": _validity(order, listing)}
        if change.quantity is not None:
            body["qty"] = _text(self.wire_quantity(listing, change.quantity))
        price = change.price if change.price is not None else order.price
        trigger = change.trigger if change.trigger is not None else order.trigger
        body |= _prices(kind, price, trigger)
        receipt: Receipt = PARSERS["modify"](await self._order("modify", "PATCH", f"/orders/{order.broker_id}", body))
        if order.filled:
            self._before[receipt.broker_id] = self.wire_quantity(listing, order.filled)
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """DELETE /orders/{id}: 204 with nothing in it; any other success proves nothing."""
        call = Call(
            name="cancel",
            method="DELETE",
            path=f"/orders/{order.broker_id}",
            group="orders",
            address=place_of(self.context, "rest"),
        )
        answer = await self.http.submit(call, always=True)
        if answer.status != 204:
            raise Invalid(f"Alpaca answered a cancel with HTTP {answer.status}", code="broker.answer")
        return Receipt(broker_id=order.broker_id)

    async def read_orders(self) -> list[OrderLine]:
        """All open orders and those of the last 24 hours."""
        since = (self.context.clock.now() - _LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
        found: dict[str, OrderLine] = {}
        for query in ([("status", "open")], [("status", "all"), ("after", since)]):
            for line in await self._book(query):
                found[line.broker_id] = line
        return collapsed(list(found.values()), self._before)

    async def read_one(self, client_id: str) -> list[OrderLine]:
        """By client order id, then along its changes; absence is believed when the book agrees."""
        path = "/orders:by_client_order_id"
        try:
            body = await self._get("orders", path, [("client_order_id", client_id)])
        except NotFound:
            return [line for line in await self.read_orders() if line.client_id == client_id]
        lines: list[OrderLine] = PARSERS["orders"](body)
        for _ in range(_MOST_PAGES):
            following = successor(body)
            if not following:
                break
            body = await self._get("orders", f"/orders/{following}", [])
            lines += PARSERS["orders"](body)
        return [line for line in collapsed(lines, self._before) if line.client_id == client_id]

    async def read_trades(self) -> list[TradeLine]:
        """FILL activities of the last 24 hours, oldest first, page by page."""
        since = (self.context.clock.now() - _LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
        found: list[TradeLine] = []
        for _ in range(_MOST_PAGES):
            query = [("after", since), ("direction", "asc"), ("page_size", str(_ACTIVITIES))]
            if found:
                query.append(("page_token", found[-1].execution))
            page: list[TradeLine] = PARSERS["trades"](await self._get("trades", "/account/activities/FILL", query))
            found += page
            if len(page) < _ACTIVITIES:
                break
        return found

    async def read_positions(self) -> list[PositionLine]:
        """GET /positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/positions", []))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """GET /account."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/account", []))
        return found

    def execution_id(self, line: TradeLine) -> str:
        """The order and what it had filled after it: activities and stream number executions apart."""
        return f"{line.broker_id}:{line.exchange_id or line.execution}"

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """The stream of trade updates: sign in, ask for them, listen."""
        keys = self.context.credentials

        async def address() -> Address:
            return Address(self.http.address(place_of(self.context, "orders_stream")))

        async def opened(socket: Socket) -> None:
            await socket.say(
                _say({"action": "auth", "key": keys.get("key_id", ""), "secret": keys.get("secret_key", "")})
            )
            await socket.say(_say({"action": "listen", "data": {"streams": ["trade_updates"]}}))

        def heard(data: bytes | str, at: int) -> None:
            for event in decode_orders(data):
                if isinstance(event, NoticeEvent) and event.refusal is not None and event.refusal.kind == "auth":
                    raise Unauthorised(
                        "Alpaca does not accept the keys for its order stream.",
                        code="broker.session",
                        remedy="Sign in again on the Connect page.",
                    )
                if isinstance(event, NoticeEvent) and event.kind == "subscribed":
                    self._up = asyncio.ensure_future(up())  # from now on nothing is missed; what was before is read
                self._events.put(event)
                if isinstance(event, OrderEvent):
                    sink(event)

        silence = self.http.manifest.stream.silence_s if self.http.manifest.stream else 60.0
        await Socket(self.http, "alpaca:orders", address, opened, heard, silence=silence, beat=(_BEAT, None)).run()

    def hear(self, event: Event) -> None:
        """As the base does, with the row of changes told as one order."""
        if isinstance(event, OrderEvent):
            line, trade = _ours(event.order), event.trade
            before = self._before.get(line.broker_id, Decimal(0))
            if line.filled < before:
                line = msgspec.structs.replace(line, filled=line.filled + before)
            if trade is not None:
                trade = msgspec.structs.replace(trade, client_id=line.client_id)
            if line.raw_state == "rejected" and _is_change(event.order.client_id):
                line = msgspec.structs.replace(line, fetch_again=True)  # the order it was to replace works on
            event = OrderEvent(order=line, trade=trade)
            if line.fetch_again and trade is not None:
                self._push_fill(trade)
        super().hear(event)

    def _missing(self) -> bool:
        """As the base, but changes of an order tell the same fills again."""
        have: dict[str, int] = {}
        for fill in self._fills.values():
            have[fill.order] = have.get(fill.order, 0) + fill.quantity
        told: dict[str, Decimal] = {}
        for broker_id, filled in self._told.items():
            order = self._ours.get(broker_id, broker_id)
            told[order] = max(told.get(order, Decimal(0)), filled)
        return any(have.get(order, 0) < filled for order, filled in told.items())

    async def _book(self, query: list[tuple[str, str]]) -> list[OrderLine]:
        """Pages of the book, oldest first; the next one begins where the last ended."""
        found: list[OrderLine] = []
        after = query
        for _ in range(_MOST_PAGES):
            asked = [*after, ("limit", str(_BOOK)), ("direction", "asc"), ("nested", "false")]
            page: list[OrderLine] = PARSERS["orders"](await self._get("orders", "/orders", asked))
            found += page
            last = page[-1].placed if len(page) >= _BOOK else None
            if last is None:
                return found
            after = [*(pair for pair in query if pair[0] != "after"), ("after", last.isoformat())]
        return found

    async def _order(self, name: str, method: str, path: str, body: dict[str, str]) -> bytes:
        call = Call(
            name=name,
            method="POST" if method == "POST" else "PATCH",
            path=path,
            group="orders",
            address=place_of(self.context, "rest"),
            json=body,
        )
        return await self.http.order(call)

    async def _get(self, name: str, path: str, query: list[tuple[str, str]]) -> bytes:
        return await self.http.read(
            Call(name=name, method="GET", path=path, address=place_of(self.context, "rest"), query=query)
        )


def order_body(order: Order, listing: Listing) -> dict[str, str]:
    """A new order as Alpaca has it; figures are text, so that none is rounded on the way."""
    return {
        "symbol": listing.symbol,
        "qty": _text(order.quantity * listing.instrument.unit),
        "side": order.side.lower(),
        "type": _TYPES[order.type],
        "time_in_force": _validity(order, listing),
        "client_order_id": order.id,
        **_prices(order.type, order.price, order.trigger),
    }


def collapsed(lines: list[OrderLine], before: dict[str, Decimal] | None = None) -> list[OrderLine]:
    """One line for each row of changes: the one at work, else the last that took effect, under the first one's id.

    What a later order says is filled goes on from the earlier one where it says less."""
    ours = [_ours(line) for line in lines]
    by_id = {line.broker_id: line for line in ours}
    rows: dict[str, list[OrderLine]] = {}
    for line in ours:
        first = line
        for _ in range(len(ours)):
            older = by_id.get(first.parent_id)
            if older is None or "replaces" not in first.tags:
                break
            first = older
        rows.setdefault(first.broker_id, []).append(line)
    found = []
    for first_id, row in rows.items():
        if len(row) == 1:
            found.append(row[0])
            continue
        row.sort(key=lambda line: (line.placed is not None, line.placed, line.broker_id))
        live = [line for line in row if line.state not in _ENDED]
        done = [line for line in row if line.state != "REJECTED" and line.raw_state != "replaced"]
        current = (live or done or row)[-1]
        total = Decimal(0)
        for line in row:
            total = line.filled if line.filled >= total else total + line.filled
            if line is current:
                break
        paid = [(line.filled, line.average) for line in row if line.average is not None]
        if before is not None and total > current.filled:
            before[current.broker_id] = total - current.filled
        found.append(
            msgspec.structs.replace(
                current,
                client_id=by_id[first_id].client_id,
                parent_id="",
                filled=total,
                pending=current.quantity - total if current in live else None,
                average=current.average if current.average is not None else (paid[-1][1] if paid else None),
                placed=row[0].placed,
                fetch_again=False,
            )
        )
    return found


def _ours(line: OrderLine) -> OrderLine:
    """Under our id, without the mark of a change. Ids that Alpaca gives to orders made elsewhere are not ours."""
    own = line.client_id.partition(_MARK)[0]
    ours = len(own) <= _LENGTH and own.isascii() and own.isalnum()
    return msgspec.structs.replace(line, client_id=own if ours else "")


def _is_change(client_id: str) -> bool:
    return _MARK in client_id


def _validity(order: Order, listing: Listing) -> str:
    """Coins trade round the clock: Alpaca takes gtc and ioc for them only."""
    if order.validity == "IOC":
        return "ioc"
    return "gtc" if listing.instrument.kind == "CRYPTO" else "day"


def _prices(kind: str, price: Decimal | None, trigger: Decimal | None) -> dict[str, str]:
    found = {}
    if kind in ("LIMIT", "SL") and price is not None:
        found["limit_price"] = _text(price)
    if kind in ("SL", "SL-M") and trigger is not None:
        found["stop_price"] = _text(trigger)
    return found


def _text(value: Decimal) -> str:
    return format(value, "f")


def _say(message: dict[str, object]) -> str:
    return msgspec.json.encode(message).decode()
