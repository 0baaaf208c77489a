"""Orders at OANDA. Our id is the client extension's, unique among orders: a lost answer is looked up by it.

An order does not say how far it is filled: executions stand in transactions, which are read on from the last one known
and joined to the book here. A change makes a new order for the rest, and so may a partial fill (`rest`); the row of
them is told as one order. MARKET is fill-or-kill there, and a 201 may carry the order's end.
"""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import msgspec

from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Call, Http
from server.brokers.kit.ports import Context
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.brokers.oanda.http import account_path, place_of, signed
from server.brokers.oanda.lines import Lines
from server.brokers.oanda.parse import PARSERS, all_transactions, decode_orders, first_transaction, last_transaction
from server.brokers.oanda.rest import Rests
from server.core.errors import NotFound, SaudaError
from server.domain.brokerage import (
    Event,
    FundsLine,
    LineState,
    OrderEvent,
    OrderLine,
    PositionLine,
    Receipt,
    TradeLine,
)
from server.domain.orders import Order
from server.orders.ports import Change, NotAccepted

__all__ = ("OandaExecution",)

_TYPES = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "STOP", "SL-M": "STOP"}
_LOOK_BACK = timedelta(hours=24)
_BOOK = 500
_MOST_PAGES = 100
_EXPIRED = "TIME_IN_FORCE_EXPIRED"
_ROWS = ("CANCELLED", "FILLED")
"""States in which an order may have been followed by another one."""


class OandaExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, http: Http, events: Fanout[Event]) -> None:
        super().__init__(context, http)
        self._events = events
        self._after = ""
        """The last transaction read."""
        self._done: dict[str, TradeLine] = {}
        self._first = 0
        """The first transaction read."""
        self._rests = Rests()

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST /orders."""
        body: dict[str, object] = {"order": order_body(order, listing, self.wire_quantity(listing, order.quantity))}
        receipt: Receipt = PARSERS["place"](await self._order("place", "POST", "/orders", body))
        if receipt.refusal is not None and receipt.refusal.code == _EXPIRED:
            return msgspec.structs.replace(receipt, refusal=None)  # it lived, and ended unfilled
        return receipt

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """PUT /orders/{id}: a new order for what is left to fill."""
        if change.type is not None and change.type != order.type:
            raise NotAccepted("OANDA cannot change an order's type: cancel it and place another", "broker.modify")
        left = (change.quantity if change.quantity is not None else order.quantity) - order.filled
        if left <= 0:
            raise NotAccepted(f"{order.filled} are filled already", "broker.modify")
        changed = msgspec.structs.replace(
            order,
            price=change.price if change.price is not None else order.price,
            trigger=change.trigger if change.trigger is not None else order.trigger,
        )
        body: dict[str, object] = {"order": order_body(changed, listing, self.wire_quantity(listing, left))}
        receipt: Receipt = PARSERS["modify"](
            await self._under_its_number(
                order.broker_id, lambda number: self._order("modify", "PUT", f"/orders/{number}", body)
            )
        )
        return receipt

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """PUT /orders/{id}/cancel."""
        body = await self._under_its_number(
            order.broker_id, lambda number: self._order("cancel", "PUT", f"/orders/{number}/cancel", None, always=True)
        )
        receipt: Receipt = PARSERS["cancel"](body)
        return receipt

    async def _under_its_number(self, broker_id: str, send: Callable[[str], Awaitable[bytes]]) -> bytes:
        """Send a command for the order as it works now. Refused, it is sent once more if the order's rest turns out to
        work under another number: the first one was for an order that is over."""
        number = self._rests.current(broker_id)
        try:
            return await send(number)
        except NotAccepted:
            with contextlib.suppress(SaudaError):
                await self._read_on()
            if (now := self._rests.current(broker_id)) == number:
                raise
            return await send(now)

    async def read_orders(self) -> list[OrderLine]:
        """The last 500 orders in any state, with what transactions say is filled."""
        query = [("state", "ALL"), ("count", str(_BOOK))]
        found: list[OrderLine] = PARSERS["orders"](await self._get("orders", "/orders", query))
        await self._read_on()
        return self._collapsed([line for line in found if line.symbol])

    async def read_one(self, client_id: str) -> list[OrderLine]:
        """By client id; absence is believed when the book agrees."""
        try:
            body = await self._get("orders", f"/orders/@{client_id}", [])
        except NotFound:
            body = b""
        if body:
            lines: list[OrderLine] = PARSERS["orders"](body)
            await self._read_on()
            if not any(self._in_a_row(line) for line in lines):
                return self._collapsed(lines)
        return [line for line in await self.read_orders() if line.client_id == client_id]

    async def read_trades(self) -> list[TradeLine]:
        """Executions since 24 hours before the first look."""
        await self._read_on()
        return list(self._done.values())

    async def read_positions(self) -> list[PositionLine]:
        """GET /openPositions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/openPositions", []))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """GET /summary."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/summary", []))
        return found

    def execution_id(self, line: TradeLine) -> str:
        """The transaction's number, unique within the account."""
        return line.execution

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """The stream of transactions."""

        async def address() -> Address:
            base = self.http.address(place_of(self.context, "stream"))
            return Address(f"{base}{account_path(self.context, '/transactions/stream')}", signed(self.context))

        async def opened(socket: Socket) -> None:
            await up()

        def heard(data: bytes | str, at: int) -> None:
            for event in decode_orders(data):
                self._events.put(event)
                if isinstance(event, OrderEvent):
                    sink(event)

        silence = self.http.manifest.stream.silence_s if self.http.manifest.stream else 10.0
        await Lines(self.http, "oanda:transactions", address, opened, heard, silence=silence).run()

    def hear(self, event: Event) -> None:
        """Executions at once; everything but a new order is read from the book, where the row of changes is one."""
        if isinstance(event, OrderEvent):
            if event.trade is not None and (event.trade.client_id or event.trade.broker_id in self._ours):
                self._push_fill(event.trade)
            line = event.order
            stranger = not line.client_id and line.broker_id not in self._ours
            if line.parent_id or (stranger and not line.fetch_again):  # the book knows whether it is the rest of one
                event = OrderEvent(order=msgspec.structs.replace(event.order, fetch_again=True))
        super().hear(event)

    async def _read_on(self) -> None:
        """Read transactions from the last one known."""
        if not self._after:
            since = (self.context.clock.now() - _LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
            first = first_transaction(
                await self._get("trades", "/transactions", [("from", since), ("pageSize", "1000")])
            )
            self._after = str(max(int(first) - 1, 0))
            self._first = int(first)
        for _ in range(_MOST_PAGES):
            body = await self._get("trades", "/transactions/sinceid", [("id", self._after)])
            line: TradeLine
            for line in PARSERS["trades"](body):
                self._done[line.execution] = line
            rows = all_transactions(body)
            self._rests.read(rows)
            if rows:
                self._after = rows[-1].id
            if not rows or self._after == last_transaction(body):
                return

    def _in_a_row(self, line: OrderLine) -> bool:
        """Whether other orders may belong to it."""
        known = line.broker_id in self._rests.next or line.broker_id in self._rests.before
        return known or bool(line.parent_id) or line.state in _ROWS

    def _collapsed(self, lines: list[OrderLine]) -> list[OrderLine]:
        """One line for each row of changes, filled as transactions say."""
        filled: dict[str, tuple[Decimal, Decimal]] = {}
        for trade in self._done.values():
            size, value = filled.get(trade.broker_id, (Decimal(0), Decimal(0)))
            filled[trade.broker_id] = (size + trade.quantity, value + trade.quantity * trade.price)
        by_id = {line.broker_id: line for line in lines}
        first_of: dict[str, OrderLine] = {}
        for line in sorted(lines, key=_number):
            first_of.setdefault(line.client_id, line)
        rows: dict[str, list[OrderLine]] = {}
        for line in lines:
            first = line
            for _ in range(len(lines)):
                older = by_id.get(first.parent_id) or by_id.get(self._rests.before.get(first.broker_id, ""))
                if older is None and first.client_id:
                    older = first_of[first.client_id]
                if older is None or older is first:
                    break
                first = older
            rows.setdefault(first.broker_id, []).append(line)
        found = []
        for first_id, row in rows.items():
            row.sort(key=_number)
            current, before = row[-1], row[:-1]
            known = [filled.get(line.broker_id, (Decimal(0), Decimal(0))) for line in row]
            done = sum((size for size, _ in known), Decimal(0))
            value = sum((money for _, money in known), Decimal(0))
            earlier = sum((size for size, _ in known[:-1]), Decimal(0))
            if not done and current.state == "FILLED":
                done = current.filled  # filled before the transactions we have read
            total = current.quantity + earlier
            reason = self._rests.ended.get(current.broker_id, current.reason)
            state: LineState = current.state
            if state == "CANCELLED" and reason == _EXPIRED:
                state = "CANCELLED" if done else "EXPIRED"
            elif state in ("OPEN", "TRIGGER_PENDING") and _is_part(done, total):
                state = "PARTIAL"
            elif state == "FILLED" and _is_part(done, total) and _number(row[0]) < self._first:
                done = total  # begun before the transactions we have read
            elif state == "FILLED" and _is_part(done, total):
                # over under its number, and no batch of its fills made another: nothing of it works any more
                state, reason = "CANCELLED", reason or "THE_REST_DOES_NOT_STAND"
            live = state in ("OPEN", "TRIGGER_PENDING", "PARTIAL")
            for line in row:
                if own := current.client_id or by_id[first_id].client_id:
                    self._ours[line.broker_id] = own
            found.append(
                msgspec.structs.replace(
                    current,
                    client_id=current.client_id or by_id[first_id].client_id,
                    parent_id="",
                    quantity=total,
                    filled=done,
                    pending=total - done if live else None,
                    average=value / done if done and value else None,
                    state=state,
                    reason="" if live else reason.replace("_", " ").capitalize(),
                    placed=before[0].placed if before else current.placed,
                )
            )
        return found

    async def _order(
        self, name: str, method: str, tail: str, body: dict[str, object] | None, *, always: bool = False
    ) -> bytes:
        call = Call(
            name=name,
            method="POST" if method == "POST" else "PUT",
            path=account_path(self.context, tail),
            group="orders",
            address=place_of(self.context, "rest"),
            json=body,
        )
        return await self.http.order(call, always=always)

    async def _get(self, name: str, tail: str, query: list[tuple[str, str]]) -> bytes:
        path = account_path(self.context, tail)
        return await self.http.read(
            Call(name=name, method="GET", path=path, address=place_of(self.context, "rest"), query=query)
        )


def order_body(order: Order, listing: Listing, size: Decimal) -> dict[str, object]:
    """A new order as OANDA has it: units below zero sell, figures are text."""
    body: dict[str, object] = {
        "type": _TYPES[order.type],
        "instrument": listing.symbol,
        "units": _text(size if order.side == "BUY" else -size),
        "positionFill": "DEFAULT",
        "timeInForce": _validity(order),
        "clientExtensions": {"id": order.id},
    }
    if order.type == "LIMIT" and order.price is not None:
        body["price"] = _text(order.price)
    if order.type in ("SL", "SL-M") and order.trigger is not None:
        body["price"] = _text(order.trigger)
    if order.type == "SL" and order.price is not None:
        body["priceBound"] = _text(order.price)
    return body


def _validity(order: Order) -> str:
    if order.type == "MARKET":
        return "IOC" if order.validity == "IOC" else "FOK"
    return "IOC" if order.validity == "IOC" else "GFD"


def _number(line: OrderLine) -> int:
    return int(line.broker_id) if line.broker_id.isdigit() else 0


def _is_part(done: Decimal, total: Decimal) -> bool:
    return Decimal(0) < done < total


def _text(value: Decimal) -> str:
    return format(value, "f")
