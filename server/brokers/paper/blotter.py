"""The paper broker's blotter: the orders it has seen, its executions, and its line to the simulated exchange."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from server.brokers.paper.config import PaperSettings
from server.brokers.paper.holdings import Holdings
from server.core.clock import Clock
from server.domain.books import Position
from server.domain.orders import LIVE_STATES, Fill, Order, OrderState, Product
from server.matching.engine import Engine
from server.matching.messages import Changed, Event, Input, Price, Reply, Restore, Trade
from server.matching.ports import Market
from server.matching.snapshot import Snapshot, snapshot
from server.orders.ports import OrderReport, Update
from server.rulebook import Rulebook

__all__ = ("OWN", "Blotter", "Known")

OWN = frozenset({"squareoff", "settlement"})
"""Origins of orders the broker makes by himself."""


class Known(msgspec.Struct):
    """An order the broker has seen, as it stands here. In the exchange it goes by `broker_id`."""

    broker_id: str
    order: Order
    state: OrderState
    at: datetime
    filled: int = 0
    value: Decimal = Decimal(0)
    triggered: bool = False
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether it may still fill."""
        return self.state in LIVE_STATES

    @property
    def own(self) -> bool:
        """Made by the broker: reported without a client id."""
        return self.order.origin in OWN

    def report(self) -> OrderReport:
        """The broker's view of it, for the order path."""
        order = self.order
        return OrderReport(
            broker_id=self.broker_id,
            client_id="" if self.own else order.id,
            key=order.key,
            state=self.state,
            quantity=order.quantity,
            filled=self.filled,
            average=self.value / self.filled if self.filled else None,
            side=order.side,
            type=order.type,
            product=order.product,
            price=order.price,
            trigger=order.trigger,
            triggered=self.triggered,
            reason=self.reason,
            at_market=self.at,
            origin=order.origin if self.own else "external",
        )


class Blotter:
    """Everything the broker knows, and the only thing that steps its exchange."""

    def __init__(self, account: str, market: Market, rules: Rulebook, clock: Clock, settings: PaperSettings) -> None:
        self.account = account
        self.market = market
        self.clock = clock
        self.engine = Engine(rules, settings.matching)
        self.known: dict[str, Known] = {}
        self.live: dict[str, Known] = {}
        """Those of them that may still fill."""
        self.fills: list[Fill] = []
        self.executions: set[str] = set()
        self.holdings = Holdings()
        self._answers: dict[tuple[str, str], deque[asyncio.Future[Reply]]] = {}
        self._watches: dict[str, Callable[[], None]] = {}
        self._listeners: list[asyncio.Queue[Update | None]] = []

    def restore(self, orders: Iterable[Order], positions: Iterable[Position], executions: Iterable[str]) -> None:
        """Take back what the books know; orders the broker never acknowledged stay unknown."""
        self.holdings.restore(positions)
        self.executions.update(executions)
        inputs: list[Input] = []
        for order in orders:
            if order.state not in LIVE_STATES or not order.broker_id:
                continue
            known = Known(order.broker_id, order, order.state, order.created_market, order.filled)
            known.value = (order.average or Decimal(0)) * order.filled
            known.triggered = order.triggered
            self.add(known)
            instrument = self.market.instrument(order.key)
            if instrument is None:
                known.state, known.reason = "EXPIRED", "The contract is not listed any more"
                del self.live[known.broker_id]
            else:
                as_sent = msgspec.structs.replace(order, id=order.broker_id)
                inputs += [*self.prices(order.key), Restore(as_sent, instrument)]
        if inputs:
            self.step(inputs)

    def add(self, known: Known) -> None:
        """Remember an order about to be sent."""
        self.known[known.broker_id] = self.live[known.broker_id] = known

    def forget(self, before: datetime) -> None:
        """Let go of orders and executions that ended before a market time (their execution ids are kept)."""
        for broker_id in [i for i, k in self.known.items() if not k.live and k.at < before]:
            del self.known[broker_id]
        self.fills = [fill for fill in self.fills if fill.at_market >= before]

    def prices(self, key: str) -> list[Price]:
        """The market in one instrument as an input for the exchange; empty while there is no price."""
        seen = self.see(key)
        return [Price(key, seen)] if seen is not None else []

    def see(self, key: str) -> Snapshot | None:
        """Quote and depth of one instrument now."""
        quote = self.market.quote(key)
        if quote is None:
            return None
        return snapshot(quote, self.market.depth(key), fresh=self.market.fresh(key))

    def step(self, inputs: Sequence[Input], now: datetime | None = None) -> None:
        """Step the exchange, take in what happened, and watch the instruments that matter now."""
        for event in self.engine.step(now or self.market.now(), inputs):
            self._take(event)
        keys = self.engine.watched()
        if keys != self._watches.keys():
            for key in self._watches.keys() - keys:
                self._watches.pop(key)()
            for key in sorted(keys - self._watches.keys()):
                self._watches[key] = self.market.watch([key], self._on_price)

    def arrive(self) -> None:
        """Let what is due happen at its own moment, with the prices of now."""
        now = self.market.now()
        while (due := self.engine.next_due()) is not None and due <= now:
            self.step([price for key in sorted(self.engine.watched()) for price in self.prices(key)], due)
            if self.engine.next_due() == due:
                return  # nothing more can be done at this moment

    def expect(self, broker_id: str, command: str) -> asyncio.Future[Reply]:
        """A future for the exchange's answer to a command about to be sent."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._answers.setdefault((broker_id, command), deque()).append(answer)
        return answer

    def give_up(self, broker_id: str, command: str, answer: asyncio.Future[Reply]) -> None:
        """Stop waiting for an answer."""
        waiting = self._answers.get((broker_id, command), deque())
        if answer in waiting:
            waiting.remove(answer)
        if not waiting:
            self._answers.pop((broker_id, command), None)

    def book(self, fill: Fill, product: Product) -> None:
        """Take in one execution and tell of it."""
        self.executions.add(fill.execution)
        self.fills.append(fill)
        self.holdings.apply(fill, product)
        self.push(fill)

    def push(self, update: Update) -> None:
        """Tell everyone who listens."""
        for listener in self._listeners:
            listener.put_nowait(update)

    def listen(self) -> AsyncIterator[Update]:
        """Updates from now until `hang_up`."""
        queue: asyncio.Queue[Update | None] = asyncio.Queue()
        self._listeners.append(queue)
        return self._drain(queue)

    async def _drain(self, queue: asyncio.Queue[Update | None]) -> AsyncIterator[Update]:
        try:
            while (update := await queue.get()) is not None:
                yield update
        finally:
            self._listeners.remove(queue)

    def hang_up(self) -> None:
        """End all watches and listeners."""
        for end in self._watches.values():
            end()
        self._watches.clear()
        for listener in self._listeners:
            listener.put_nowait(None)

    def _on_price(self, key: str) -> None:
        self.step(self.prices(key))

    def _take(self, event: Event) -> None:
        known = self.known[event.order_id]
        known.at = event.at
        match event:
            case Reply():
                self._answer(known, event)
            case Changed():
                known.state, known.reason, known.triggered = event.state, event.reason, event.triggered
                known.order = msgspec.structs.replace(
                    known.order, quantity=event.quantity, price=event.price, trigger=event.trigger, type=event.type
                )
                self.push(known.report())
            case Trade():
                known.filled += event.quantity
                known.value += event.price * event.quantity
                known.state = "FILLED" if known.filled >= known.order.quantity else "PARTIAL"
                self.book(self._fill(known, event), known.order.product)
        if not known.live:
            self.live.pop(known.broker_id, None)

    def _answer(self, known: Known, reply: Reply) -> None:
        waiting = self._answers.get((known.broker_id, reply.command))
        if reply.command == "submit" and not reply.ok:
            known.state, known.reason = "REJECTED", reply.reason
        if waiting:
            answer = waiting.popleft()
            if not answer.done():
                answer.set_result(reply)
        elif reply.command == "submit":
            self.push(known.report())  # nobody waits: a broker's own order, or one whose sender was told already

    def _fill(self, known: Known, trade: Trade) -> Fill:
        order = known.order
        return Fill(
            execution=trade.execution,
            account=self.account,
            order=known.broker_id,
            key=order.key,
            side=order.side,
            quantity=trade.quantity,
            price=trade.price,
            at=self.clock.now(),
            at_market=trade.at,
            liquidity=trade.liquidity,
        )
