"""The paper broker: the exchange simulator behind the port every broker implements, for one account in one market.

It keeps nothing on disk. `restore` gives it back the orders it had acknowledged; one whose acknowledgement never
reached the journal is unknown to it, and `find` says so. It acts by itself as a broker does (`house`); orders of its
own are reported without a client id.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta

from server.brokers.paper.blotter import Blotter, Known
from server.brokers.paper.config import PaperSettings
from server.brokers.paper.house import House
from server.core.clock import Clock
from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.orders import Fill, Order, OrderType
from server.matching.messages import Cancel, Modify, Reply, Submit
from server.matching.ports import Market
from server.orders.ports import Ack, BrokerFunds, BrokerPosition, Change, NotAccepted, OrderReport, Update
from server.rulebook import Rulebook

__all__ = ("Paper",)

_BEAT = 0.25
"""Wall seconds between looks at the time while no price comes."""
_TYPES: dict[str, OrderType] = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "SL", "SL-M": "SL-M"}
_GONE = "There is no such order at work"


class Paper:
    """Implements `orders.ports.Execution`.

    Args:
        account: account id; it trades in market `market_id` only.
        market: prices and session clock of that market.
        clock: wall time.
        funds: the account's money as the ledger has it: a paper broker has none of its own.
    """

    name = "paper"
    can_look_up = True

    def __init__(
        self,
        account: str,
        market_id: str,
        market: Market,
        rules: Rulebook,
        clock: Clock,
        settings: PaperSettings,
        funds: Callable[[], BrokerFunds],
    ) -> None:
        self._market = market
        self._clock = clock
        self._answer_within = settings.answer_within
        self._latency = timedelta(seconds=settings.matching.latency)
        self._funds = funds
        self._blotter = Blotter(account, market, rules, clock, settings)
        self._house = House(self._blotter, rules, settings, market_id)
        self._task: asyncio.Task[None] | None = None

    def restore(self, orders: Iterable[Order], positions: Iterable[Position], executions: Iterable[str]) -> None:
        """Take back, before `connect`, what the books know: live orders, positions, execution ids of the last days."""
        self._blotter.restore(orders, positions, executions)

    def recall(self, orders: Iterable[Order]) -> None:
        """Nothing: `restore` has given the house its orders back."""

    async def connect(self) -> None:
        """Start the broker's own watch of the time."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"paper:{self._blotter.account}")

    async def close(self) -> None:
        """Stop; working orders stay as they are until the next `restore`."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self._blotter.hang_up()

    def beat(self) -> None:
        """Do what is due by the market's clock: arrivals, session changes, square-off, settlement."""
        self._blotter.arrive()
        self._house.look(self._market.now())

    async def place(self, order: Order) -> Ack:
        """Send an order; NotAccepted carries the exchange's reason."""
        known = self._blotter.known
        if order.id in known:
            raise NotAccepted(f"An order {order.id} was sent before", "broker.twice")
        instrument = self._market.instrument(order.key)
        if instrument is None:
            raise NotAccepted(f"{order.key} is not known in this market", "exchange.unknown_symbol")
        self._check_product(order, instrument)
        self._blotter.add(Known(order.id, order, "OPEN", self._market.now()))
        return await self._command(known[order.id], "submit", Submit(order, instrument))

    async def modify(self, order: Order, change: Change) -> Ack:
        """Change a working order."""
        known = self._working(order)
        if change.type is not None and change.type not in _TYPES:
            raise NotAccepted(f"There is no order type {change.type}", "exchange.order_type")
        command = Modify(
            order_id=known.broker_id,
            quantity=change.quantity,
            price=change.price,
            trigger=change.trigger,
            type=_TYPES[change.type] if change.type is not None else None,
        )
        return await self._command(known, "modify", command)

    async def cancel(self, order: Order) -> Ack:
        """Cancel what is left of a working order."""
        known = self._working(order)
        return await self._command(known, "cancel", Cancel(known.broker_id))

    async def find(self, client_id: str) -> OrderReport | None:
        """The order with our id, or proof that it never came."""
        known = self._blotter.known.get(client_id)
        if known is None:
            known = next((k for k in self._blotter.known.values() if k.order.id == client_id), None)
        return known.report() if known is not None else None

    async def orders(self) -> list[OrderReport]:
        """All orders since the start, and those taken back."""
        return [known.report() for known in self._blotter.known.values()]

    async def trades(self) -> list[Fill]:
        """All executions since the start."""
        return list(self._blotter.fills)

    async def positions(self) -> list[BrokerPosition]:
        """Open positions."""
        return [BrokerPosition(key=k, product=p, quantity=q) for k, p, q in self._blotter.holdings.open()]

    async def funds(self) -> BrokerFunds:
        """The account's money."""
        return self._funds()

    def updates(self) -> AsyncIterator[Update]:
        """Updates from now until `close`."""
        return self._blotter.listen()

    async def _run(self) -> None:
        while True:
            self.beat()
            due = self._blotter.engine.next_due()
            left = (due - self._market.now()).total_seconds() if due is not None else _BEAT
            await self._clock.sleep(min(max(left, 0.001), _BEAT))

    def _working(self, order: Order) -> Known:
        known = self._blotter.known.get(order.broker_id or order.id)
        if known is None or not known.live:
            raise NotAccepted(_GONE, "exchange.gone")
        return known

    def _check_product(self, order: Order, instrument: Instrument) -> None:
        """What the broker refuses before the exchange is asked."""
        if (order.product == "CNC") == instrument.derivative and order.product != "MIS":
            right = "NRML or MIS" if instrument.derivative else "CNC or MIS"
            raise NotAccepted(f"{order.product} is not for {instrument.symbol}: use {right}", "broker.product")
        if order.product == "CNC" and order.side == "SELL":
            free = self._blotter.holdings.quantity(order.key, "CNC") - self._promised(order.key)
            if order.quantity > free:
                raise NotAccepted(
                    f"Of {instrument.symbol} {max(0, free)} are held and free to sell, not {order.quantity}",
                    "broker.holdings",
                )
        if order.product == "MIS" and not order.after_market and self._house.over(instrument, self._market.now()):
            raise NotAccepted("Intraday positions are being squared off: MIS orders are not taken", "broker.squareoff")

    def _promised(self, key: str) -> int:
        """Delivery shares that live orders are about to sell."""
        orders = (k for k in self._blotter.live.values() if k.order.key == key)
        return sum(k.order.quantity - k.filled for k in orders if (k.order.product, k.order.side) == ("CNC", "SELL"))

    async def _command(self, known: Known, command: str, message: Submit | Modify | Cancel) -> Ack:
        """Send a command and wait for the exchange's answer.

        A market that stands still gives none: then the broker's own acknowledgement stands, and the exchange's
        word follows as an update.
        """
        answer = self._blotter.expect(known.broker_id, command)
        try:
            due = self._market.now() + self._latency
            self._blotter.step([*self._blotter.prices(known.order.key), message])
            give_up = self._clock.monotonic() + self._answer_within
            while not answer.done() and self._clock.monotonic() < give_up:
                left = (due - self._market.now()).total_seconds()
                await self._clock.sleep(min(max(left, 0.001), 0.05))
                self._blotter.arrive()
        finally:
            self._blotter.give_up(known.broker_id, command, answer)
        reply: Reply | None = answer.result() if answer.done() and not answer.cancelled() else None
        if reply is not None and not reply.ok:
            raise NotAccepted(reply.reason, reply.code)
        return Ack(known.broker_id)
