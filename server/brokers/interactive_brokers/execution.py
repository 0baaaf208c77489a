"""Orders at Interactive Brokers. Our id is the order reference, which IB keeps and does not check; the permanent id
names an order for all programs and for ever.

A lost answer is looked up by the reference in open orders, completed ones and executions. Commands go out once, under
an order number of this connection, and wait for the gateway's word.
"""

import asyncio
import contextlib
import copy
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import msgspec

from server.brokers.interactive_brokers import objects
from server.brokers.interactive_brokers.data import TYPES, contract_of, put_prices, sent_order
from server.brokers.interactive_brokers.http import Gateway
from server.brokers.interactive_brokers.parse import PARSERS, WARNINGS, decode_orders, refusal_of, said
from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.core.errors import Invalid, Unavailable
from server.domain.brokerage import (
    Event,
    FundsLine,
    OrderEvent,
    OrderLine,
    PositionLine,
    Receipt,
    Refusal,
    TradeEvent,
    TradeLine,
)
from server.domain.orders import Order
from server.orders.ports import BrokerFunds, Change, NotAccepted

if TYPE_CHECKING:
    from ib_async import IB, Trade

__all__ = ("GatewayExecution",)

_UNSENT = ("PendingSubmit", "ApiPending")
_ENDED = ("Filled", "Cancelled", "ApiCancelled", "Inactive")
_RESTORED = (1101, 1102)
_WAITS = (0.5, 2.0, 5.0, 10.0, 30.0)
"""Seconds between tries to reach the gateway again; it restarts once a day."""
_UNTAKEN = frozenset({110, 321, 434})
"""Warnings to the library; but an order that the gateway never took stays under one: its API is read-only, say."""
_NO_CHANGE = frozenset({103, 104, 105, 110, 135, 161, 201, 321, 329, 434, 10147, 10148, 10149})
"""Errors after which an order is as it was."""


class GatewayExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, gateway: Gateway, events: Fanout[Event]) -> None:
        super().__init__(context, gateway)
        self._gateway = gateway
        self._events = events
        self._asked: dict[str, Decimal] = {}
        """Our id -> quantity: completed orders do not always tell what was asked for."""
        self._seen: dict[tuple[str, str, Decimal], datetime] = {}
        """When an order was first seen as it stands: IB does not say when that came about."""
        self._rows: dict[str, Trade] = {}
        """Permanent id -> order of this client, as last seen: a new connection knows none, and reading may fail."""

    def recall(self, orders: Iterable[Order]) -> None:
        """Quantities of the orders that may still change."""
        for order in orders:
            self._asked[order.id] = Decimal(order.quantity)

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """Under a new order number; the permanent id in the answer is the proof."""
        sent = sent_order(order, listing, self._gateway.account)
        self._asked[order.id] = self.wire_quantity(listing, order.quantity)

        def send(ib: "IB") -> "Trade":
            sent.orderId = ib.client.getReqId()
            return ib.placeOrder(contract_of(listing), sent)

        def judge(trade: "Trade") -> Receipt | None:
            number = _number(trade)
            refusal = _refusal(trade, 0)
            if refusal is not None and (trade.orderStatus.status in _ENDED or not number) and not trade.fills:
                return Receipt(broker_id=str(number or ""), refusal=refusal)
            if number and trade.orderStatus.status not in _UNSENT:
                self._remember(trade)
                return Receipt(broker_id=str(number), client_id=order.id)
            return None

        return await self._gateway.command("place", send, judge)

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """The same order number again with all its terms; proved when the gateway shows them.

        An order of ours is sent as it first was: what a gateway adds to an order it shows is not all fit to send."""
        trade = await self._ours_there(order)
        wanted = copy.copy(trade.order)
        if wanted.orderRef == order.id:
            wanted = sent_order(order, listing, trade.order.account)
            wanted.orderId, wanted.clientId, wanted.permId = (
                trade.order.orderId,
                trade.order.clientId,
                trade.order.permId,
            )
            wanted.totalQuantity = trade.order.totalQuantity
        kind = change.type or order.type
        wanted.orderType = TYPES[kind]
        if change.quantity is not None:
            wanted.totalQuantity = self.wire_quantity(listing, change.quantity)  # type: ignore[assignment]
        put_prices(
            wanted,
            kind,
            change.price if change.price is not None else order.price,
            change.trigger if change.trigger is not None else order.trigger,
        )
        before = len(trade.log)

        def judge(row: "Trade") -> Receipt | None:
            refusal = _refusal(row, before)
            if refusal is not None:
                if int(refusal.code) in _NO_CHANGE:
                    raise NotAccepted(self.http.clean(refusal.message), refusal.code)
                return Receipt(broker_id=order.broker_id, refusal=refusal)
            if _terms(row.order) == _terms(wanted):
                if change.quantity is not None:
                    self._asked[order.id] = self.wire_quantity(listing, change.quantity)
                return Receipt(broker_id=order.broker_id)
            if row.orderStatus.status in _ENDED:
                raise NotAccepted("The order ended before the change arrived.", "broker.too_late")
            return None

        if _terms(trade.order) == _terms(wanted):
            return Receipt(broker_id=order.broker_id)
        return await self._gateway.command("modify", lambda ib: ib.placeOrder(trade.contract, wanted), judge)

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """Proved when the gateway says that it is cancelled."""
        trade = await self._ours_there(order, remembered=True)
        before = len(trade.log)

        def send(ib: "IB") -> "Trade":
            ib.wrapper.trades.setdefault((trade.order.clientId, trade.order.orderId), trade)
            ib.cancelOrder(trade.order)
            return trade

        def judge(row: "Trade") -> Receipt | None:
            refusal = _refusal(row, before)
            if refusal is not None and refusal.code != "202":
                if int(refusal.code) in _NO_CHANGE:
                    raise NotAccepted(self.http.clean(refusal.message), refusal.code)
                return Receipt(broker_id=order.broker_id, refusal=refusal)
            if row.orderStatus.status == "Filled":
                raise NotAccepted("The order was filled before the cancel arrived.", "broker.too_late")
            return Receipt(broker_id=order.broker_id) if row.orderStatus.status in _ENDED else None

        return await self._gateway.command("cancel", send, judge)

    async def read_orders(self) -> list[OrderLine]:
        """Open orders of all programs, then completed ones: what ended between the two readings is in the second.

        Orders that the library saw end are taken too, for completed orders come late."""
        ended = [row for row in self._gateway.trades() if row.orderStatus.status in _ENDED and _number(row)]
        open_ = await self._gateway.fetch("orders", lambda ib: ib.reqAllOpenOrdersAsync(), alone=True)
        for row in open_:
            self._remember(row)
        done = await self._gateway.fetch("orders", lambda ib: ib.reqCompletedOrdersAsync(False), alone=True)
        book: dict[str, OrderLine] = {}
        for rows in (ended, [row for row in open_ if _number(row)], done):
            line: OrderLine
            for line in PARSERS["orders"](objects.trades(rows)):
                if not (line.fetch_again or (line.broker_id in book and rows is ended)):
                    book[line.broker_id] = _richer(line, book.get(line.broker_id))
        averages = _averages(await self.read_trades()) if any(_lacks(line) for line in book.values()) else {}
        return [self._whole(line, averages) for line in book.values()]

    async def read_one(self, client_id: str) -> list[OrderLine]:
        """By the order reference. An execution without an order in the books proves that it arrived."""
        lines = [line for line in await self.read_orders() if line.client_id == client_id]
        if not lines and any(line.client_id == client_id for line in await self.read_trades()):
            raise Unavailable(
                "Interactive Brokers shows executions of the order and not yet the order.",
                code="broker.book",
                remedy="It is looked up again by itself.",
            )
        return lines

    async def read_trades(self) -> list[TradeLine]:
        """Executions of today."""
        rows = await self._gateway.fetch("trades", lambda ib: ib.reqExecutionsAsync())
        mine = [row for row in rows if self._gateway.account in ("", row.execution.acctNumber)]
        found: list[TradeLine] = PARSERS["trades"](objects.fills(mine))
        return found

    async def read_positions(self) -> list[PositionLine]:
        """Positions of the account."""
        found: list[PositionLine] = PARSERS["positions"](objects.positions(await self._gateway.positions()))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """The account's summary."""
        found: list[FundsLine] = PARSERS["funds"](objects.values(await self._gateway.summary()))
        return found

    def money(self, lines: list[FundsLine]) -> BrokerFunds:
        """The line in which IB tells what is free; lines of other currencies hold cash only."""
        return super().money([line for line in lines if line.available is not None])

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """Hand on what the library calls back; bring the line up again when it went down."""
        again: set[asyncio.Future[None]] = set()
        down = asyncio.Event()

        def ordered(row: Any) -> None:
            if _number(row) and self._mine(row.order.account):
                tell("order", objects.trade(row))

        def executed(row: Any, fill: Any) -> None:
            if self._mine(fill.execution.acctNumber):
                tell("execution", objects.fill(fill))

        def tell(event: str, data: Any) -> None:
            with contextlib.suppress(Invalid):  # what cannot be read is in the books, whose reading says so
                for one in decode_orders(objects.frame(event, data)):
                    self._events.put(one)
                    if isinstance(one, OrderEvent):
                        one = OrderEvent(order=self._whole(one.order, {}))
                    if isinstance(one, OrderEvent | TradeEvent):
                        sink(one)

        def erred(number: int, code: int, text: str, contract: Any) -> None:
            if code in _RESTORED:
                again.add(task := asyncio.ensure_future(up()))
                task.add_done_callback(again.discard)

        def cut() -> None:
            down.set()

        while True:
            await self._reached()
            client = self._gateway.client
            down.clear()
            client.orderStatusEvent += ordered
            client.openOrderEvent += ordered
            client.execDetailsEvent += executed
            client.errorEvent += erred
            client.disconnectedEvent += cut
            try:
                await up()
                await down.wait()
            finally:
                client.orderStatusEvent -= ordered
                client.openOrderEvent -= ordered
                client.execDetailsEvent -= executed
                client.errorEvent -= erred
                client.disconnectedEvent -= cut

    async def _reached(self) -> None:
        for wait in chain(_WAITS, repeat(_WAITS[-1])):
            try:
                await self._gateway.open()
            except Unavailable:
                await self.context.clock.sleep(wait)
            else:
                return

    async def _ours_there(self, order: Order, *, remembered: bool = False) -> "Trade":
        """The library's own view of an order, if this connection may change it; else NotAccepted, with nothing sent.

        `remembered`: as we last saw it will do where it cannot be read; a cancel needs no more than its number."""
        for fresh in (False, True):
            try:
                if fresh:
                    await self._gateway.fetch("orders", lambda ib: ib.reqAllOpenOrdersAsync(), alone=True)
            except Unavailable as error:
                if remembered and order.broker_id in self._rows:
                    return self._again(self._rows[order.broker_id])
                raise NotAccepted(f"Not sent: {error.detail}", error.code) from None
            for row in [row for row in self._gateway.trades() if str(_number(row)) == order.broker_id]:
                if row.orderStatus.status in _ENDED and not _refusal(row, 0):
                    raise NotAccepted("The order has ended.", "broker.too_late")
                if row.orderStatus.status in _ENDED:
                    continue
                if row.order.clientId != self._gateway.number or row.order.orderId <= 0:
                    raise NotAccepted("Another program made this order; only it may change it.", "broker.not_ours")
                return row
        raise NotAccepted("Interactive Brokers has no such open order.", "broker.not_found")

    def _remember(self, row: "Trade") -> None:
        if row.order.clientId == self._gateway.number and row.order.orderId > 0 and _number(row):
            self._rows[str(_number(row))] = row

    def _again(self, row: "Trade") -> "Trade":
        """For a connection that does not know it."""
        from ib_async import Trade

        return Trade(row.contract, row.order, copy.copy(row.orderStatus), [], [])

    def _mine(self, account: str) -> bool:
        return not account or self._gateway.account in ("", account)

    def _whole(self, line: OrderLine, averages: dict[str, Decimal]) -> OrderLine:
        """With the quantity that was asked for and the average of its executions, where the line lacks them."""
        size = line.quantity
        if line.state in ("FILLED", "CANCELLED"):
            size = max(size, self._asked.get(line.client_id, size))
        average = line.average if line.average is not None else averages.get(line.broker_id)
        now = line.updated or line.placed or self.context.clock.now()
        seen = self._seen.setdefault((line.broker_id, line.state, line.filled), now)
        return msgspec.structs.replace(line, quantity=size, average=average, updated=seen)


def _number(row: Any) -> int:
    return int(row.order.permId or row.orderStatus.permId)


def _terms(sent: Any) -> tuple[Any, ...]:
    """What a change changes; unset prices of the library are huge floats."""
    return (
        sent.orderType,
        Decimal(str(sent.totalQuantity)),
        Decimal(str(sent.lmtPrice)) if "LMT" in sent.orderType else None,
        Decimal(str(sent.auxPrice)) if "STP" in sent.orderType else None,
    )


def _refusal(row: Any, since: int) -> Refusal | None:
    """The last error in an order's log from an entry on; warnings aside, unless they came before any word of it."""
    for entry in reversed(row.log[since:]):
        code = entry.errorCode
        deadly = (code == 110 and row.orderStatus.status in _ENDED) or (code in _UNTAKEN and not _number(row))
        if code and (deadly or since or code not in WARNINGS) and not 2100 <= code < 2200:
            return refusal_of(code, said(entry.message))
    return None


def _lacks(line: OrderLine) -> bool:
    return line.filled > 0 and line.average is None


def _richer(line: OrderLine, before: OrderLine | None) -> OrderLine:
    """The later line, with what the earlier one knew better."""
    if before is None:
        return line
    return msgspec.structs.replace(
        line,
        client_id=line.client_id or before.client_id,
        quantity=max(line.quantity, before.quantity) if line.state in ("FILLED", "CANCELLED") else line.quantity,
        filled=max(line.filled, before.filled),
        average=line.average if line.average is not None else before.average,
        placed=line.placed or before.placed,
        reason=line.reason or before.reason,
    )


def _averages(trades: list[TradeLine]) -> dict[str, Decimal]:
    """Volume-weighted price by order, a corrected execution counted once as last told."""
    last = {(line.broker_id, line.execution): line for line in trades}
    size: dict[str, Decimal] = {}
    value: dict[str, Decimal] = {}
    for line in last.values():
        size[line.broker_id] = size.get(line.broker_id, Decimal(0)) + line.quantity
        value[line.broker_id] = value.get(line.broker_id, Decimal(0)) + line.quantity * line.price
    return {number: value[number] / size[number] for number in size if size[number]}
