"""A broker that does what its script says: takes, refuses, loses, repeats, contradicts."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from server.core.clock import Clock
from server.core.errors import Unavailable
from server.domain.orders import LIVE_STATES, Fill, Order, OrderState
from server.orders.ports import (
    Ack,
    BrokerFunds,
    BrokerPosition,
    Change,
    NotAccepted,
    OrderReport,
    Update,
)
from tests.orders_market import ACCOUNT, StageMarket

__all__ = ("BrokerOrder", "FakeBroker")


class BrokerOrder(msgspec.Struct, kw_only=True):
    """An order as the broker holds it."""

    broker_id: str
    order: Order
    state: OrderState = "OPEN"
    filled: int = 0
    at: datetime
    reason: str = ""
    triggered: bool = False


class FakeBroker:
    """Does what its script says, one word a submit; `ok` when the script is empty.

    Words: ok, reject, hang (never arrives, never answers), hang_after (arrives, never answers), error (never arrives),
    error_after (arrives, then the line breaks), garbage (arrives, unreadable answer), fill (arrives and fills),
    update_first (fills and reports before it answers).
    """

    name = "fake"

    def __init__(self, clock: Clock, market: StageMarket, *, can_look_up: bool = True) -> None:
        self.clock = clock
        self.market = market
        self.can_look_up = can_look_up
        self.tags = True
        """Whether it keeps our id."""
        self.script: deque[str] = deque()
        self.modify_script: deque[str] = deque()
        self.cancel_script: deque[str] = deque()
        self.received: Counter[str] = Counter()
        """How often each client id was sent to us, whatever became of it."""
        self.book: dict[str, BrokerOrder] = {}
        self.fills: list[Fill] = []
        self.held: dict[tuple[str, str], int] = {}
        self.money = BrokerFunds(available_minor=0, used_minor=0)
        self.blind = False
        """Whether look-ups and lists fail."""
        self.connected = False
        self._queue: asyncio.Queue[Update | None] = asyncio.Queue()
        self._count = 0

    def recall(self, orders: Iterable[Order]) -> None:
        """What it was told before it connected."""
        self.recalled = [order.id for order in orders]

    async def connect(self) -> None:
        self.connected = True
        self._queue = asyncio.Queue()

    async def place(self, order: Order) -> Ack:
        self.received[order.id] += 1
        await asyncio.sleep(0)
        word = self.script.popleft() if self.script else "ok"
        if word == "reject":
            raise NotAccepted("RMS: margin exceeds", "broker.margin")
        if word == "hang":
            await asyncio.Event().wait()
        if word == "error":
            raise ConnectionError("refused")
        taken = self.take(order)
        if word == "hang_after":
            await asyncio.Event().wait()
        if word == "error_after":
            raise ConnectionResetError("cut")
        if word == "garbage":
            raise ValueError("unreadable answer")
        if word == "fill":
            self.fill(order.id)
        if word == "update_first":
            self.fill(order.id)
            self.report(order.id)
            for _ in range(10):
                await asyncio.sleep(0)
        return Ack(taken.broker_id)

    async def modify(self, order: Order, change: Change) -> Ack:
        await asyncio.sleep(0)
        word = self.modify_script.popleft() if self.modify_script else "ok"
        if word == "fill_first" and self.of(order.id).state in LIVE_STATES:
            self.fill(order.id)
        if word in ("reject", "fill_first"):
            raise NotAccepted("too late")
        if word == "error":
            raise ConnectionError("refused")
        held = self.of(order.id)
        fields = {
            n: getattr(change, n) for n in ("quantity", "price", "trigger", "type") if getattr(change, n) is not None
        }
        held.order = msgspec.structs.replace(held.order, **fields)
        held.at = self.market.now()
        if word.startswith("renumber"):  # the change is another order there; the old number is over
            held.broker_id = f"{held.broker_id}r"
        if word in ("error_after", "renumber_after"):
            raise ConnectionResetError("cut")
        if word != "renumber":
            self.report(order.id)
        return Ack(held.broker_id)

    async def cancel(self, order: Order) -> Ack:
        await asyncio.sleep(0)
        word = self.cancel_script.popleft() if self.cancel_script else "ok"
        if word == "error":
            raise ConnectionError("refused")
        held = self.of(order.id, order.broker_id)
        if word == "fill_first" and held.filled < held.order.quantity:
            self.fill(order.id)
        if held.state not in LIVE_STATES:
            raise NotAccepted("it is finished")
        if word == "silent":
            return Ack(held.broker_id)
        self.end(order.id, "CANCELLED", "Cancelled by user", broker_id=order.broker_id)
        return Ack(held.broker_id)

    async def find(self, client_id: str) -> OrderReport | None:
        await asyncio.sleep(0)
        if self.blind:
            raise ConnectionError("blind")
        found = [o for o in self.book.values() if o.order.id == client_id and self.tags]
        return self._view(found[0]) if found else None

    async def orders(self) -> list[OrderReport]:
        await asyncio.sleep(0)
        if self.blind:
            raise Unavailable("blind")
        return [self._view(o) for o in self.book.values()]

    async def trades(self) -> list[Fill]:
        await asyncio.sleep(0)
        return list(self.fills)

    async def positions(self) -> list[BrokerPosition]:
        await asyncio.sleep(0)
        return [BrokerPosition(key=k, product=p, quantity=q) for (k, p), q in self.held.items() if q]  # type: ignore[arg-type]

    async def funds(self) -> BrokerFunds:
        return self.money

    def updates(self) -> AsyncIterator[Update]:
        return self._drain(self._queue)

    async def _drain(self, queue: "asyncio.Queue[Update | None]") -> AsyncIterator[Update]:
        while (update := await queue.get()) is not None:
            yield update

    async def close(self) -> None:
        self.connected = False

    # what a test does

    def cut(self) -> None:
        """End the stream of updates."""
        self._queue.put_nowait(None)

    @property
    def waiting(self) -> int:
        """Updates not yet taken."""
        return self._queue.qsize()

    def push(self, update: Update) -> None:
        """Send an update."""
        self._queue.put_nowait(update)

    def take(self, order: Order) -> BrokerOrder:
        """Put an order into the broker's book."""
        self._count += 1
        broker_id = f"B{self._count}"
        held = self.book[broker_id] = BrokerOrder(broker_id=broker_id, order=order, at=self.market.now())
        return held

    def of(self, client_id: str, broker_id: str = "") -> BrokerOrder:
        """The broker's order for our id."""
        return next(
            o for o in self.book.values() if o.order.id == client_id or (broker_id and o.broker_id == broker_id)
        )

    def fill(
        self,
        client_id: str,
        quantity: int | None = None,
        price: str | None = None,
        *,
        execution: str = "",
        push: bool = True,
        broker_id: str = "",
    ) -> Fill:
        """Fill some or all of an order."""
        held = self.of(client_id, broker_id)
        units = held.order.quantity - held.filled if quantity is None else quantity
        held.filled += units
        if held.state in LIVE_STATES:
            held.state = "FILLED" if held.filled >= held.order.quantity else "PARTIAL"
        held.at = self.market.now()
        fill = Fill(
            execution=execution or f"X{len(self.fills) + 1}",
            account=ACCOUNT.id,
            order=client_id if self.tags else held.broker_id,
            key=held.order.key,
            side=held.order.side,
            quantity=units,
            price=Decimal(price) if price else self.market.prices[held.order.key],
            at=self.clock.now(),
            at_market=self.market.now(),
        )
        self.fills.append(fill)
        place = (fill.key, held.order.product)
        self.held[place] = self.held.get(place, 0) + fill.signed
        if push:
            self.push(fill)
        return fill

    def end(
        self, client_id: str, state: OrderState, reason: str = "", *, push: bool = True, broker_id: str = ""
    ) -> None:
        """Cancel, reject or expire an order."""
        held = self.of(client_id, broker_id)
        held.state, held.reason, held.at = state, reason, self.market.now()
        if push:
            self.push(self._view(held))

    def report(self, client_id: str) -> OrderReport:
        """Report an order as it stands."""
        view = self._view(self.of(client_id))
        self.push(view)
        return view

    def _view(self, held: BrokerOrder) -> OrderReport:
        order = held.order
        return OrderReport(
            broker_id=held.broker_id,
            client_id=order.id if self.tags else "",
            key=order.key,
            state=held.state,
            quantity=order.quantity,
            filled=held.filled,
            average=None,
            side=order.side,
            type=order.type,
            product=order.product,
            price=order.price,
            trigger=order.trigger,
            triggered=held.triggered,
            reason=held.reason,
            at_market=held.at,
        )
