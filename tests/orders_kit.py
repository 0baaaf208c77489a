"""A stage for the order path: scriptable broker, journal that can fail, the real ledger and rules.

`Stage` puts them together and survives a "crash": `restart` throws all memory away and begins from the journal.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from server.core.bus import Bus
from server.core.clock import ManualClock
from server.core.ids import Ids
from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.orders import Order
from server.ledger.ledger import Ledger, PastFill
from server.orders.ports import Shelf
from server.orders.service import OrderService
from server.orders.settings import OrderSettings
from server.risk.limits import Limits
from server.risk.margin import Margin, MarginLeg
from tests.orders_broker import FakeBroker
from tests.orders_journal import KeptRows, MemoryJournal, RiskRows
from tests.orders_market import ACCOUNT, CALL, FUTURE, INFY, NIFTY, RELIANCE, START_MINOR, StageMarket, request
from tests.trading import ist, rulebook

__all__ = (
    "ACCOUNT",
    "CALL",
    "FUTURE",
    "INFY",
    "NIFTY",
    "RELIANCE",
    "FakeBroker",
    "MemoryJournal",
    "Stage",
    "StageMarket",
    "fifth_of_value",
    "request",
)


def fifth_of_value(legs: Sequence[MarginLeg], day: date) -> Margin:
    """A margin rule simple enough to work out in the head: a fifth of the net value of each instrument."""
    net: dict[str, float] = {}
    for leg in legs:
        if not (leg.instrument.kind == "OPTION" and leg.quantity > 0) and leg.product != "CNC":
            net[leg.instrument.key] = net.get(leg.instrument.key, 0.0) + leg.quantity * leg.underlying_price
    total = round(sum(abs(v) for v in net.values()) * 20)
    return Margin(span_minor=total, total_minor=total)


class Stage:
    """Everything joined; `async with Stage() as stage`."""

    def __init__(
        self,
        *,
        can_look_up: bool = True,
        settings: OrderSettings | None = None,
        limits: Limits | None = None,
        start: datetime | None = None,
        mode: Literal["PAPER", "LIVE"] = "PAPER",
    ) -> None:
        self.account = msgspec.structs.replace(ACCOUNT, mode=mode)
        self.clock = ManualClock(ist("10:00"))
        self.market = StageMarket(self.clock, start or ist("10:00"))
        self.journal = MemoryJournal()
        self.broker = FakeBroker(self.clock, self.market, can_look_up=can_look_up)
        self.settings = settings or OrderSettings()
        self.limits = limits or Limits(orders_per_second=1000.0)
        self.events: list[object] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._seed = 0
        self._make()
        self.journal.balances = {(ACCOUNT.id, "cash"): START_MINOR, (ACCOUNT.id, "capital"): -START_MINOR}

    def _make(self) -> None:
        self.bus = Bus()
        self.bus.subscribe(object, self.events.append)
        self._seed += 1
        state = self._seed * 1_000_003

        def bits(count: int) -> int:
            nonlocal state
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            return state % (1 << count)

        ids = Ids(self.clock, bits)
        self.ledger = Ledger(rulebook(), ids, self.clock)
        journal: Any = self.journal
        self.service = OrderService(
            accounts={ACCOUNT.id: self.account},
            executions={ACCOUNT.id: self.broker},
            markets={"sim": self.market},
            journal=journal,
            shelf=Shelf(
                orders=journal,
                fills=journal,
                triggers=KeptRows(self.journal, "trigger"),
                baskets=KeptRows(self.journal, "basket"),
                parents=KeptRows(self.journal, "parent"),
                risk=RiskRows(self.journal),
            ),
            ledger=self.ledger,
            reload_ledger=self.reload_ledger,
            rules=rulebook(),
            margin=fifth_of_value,
            bus=self.bus,
            clock=self.clock,
            ids=ids,
            settings=self.settings,
            limits=self.limits,
        )

    async def reload_ledger(self) -> None:
        """The books as the journal has them."""
        journal = self.journal
        self.ledger.load(
            ACCOUNT.id,
            "zerodha",
            balances={book: minor for (_, book), minor in journal.balances.items()},
            holds={reference: minor for (_, reference), minor in journal.holds.items()},
            positions=list(journal.positions.values()),
            fills=[PastFill(f.fill, f.order.product, f.charges) for f in journal.fills.values()],
            marks=journal.marks,
        )

    async def __aenter__(self) -> "Stage":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Load, connect, reconcile, as the program does."""
        await self.service.load()
        ready = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self.service.run_account(ACCOUNT.id, ready.set)),
            asyncio.create_task(self.service.run_lookups(lambda: None)),
        ]
        waiter = asyncio.create_task(ready.wait())
        for _ in range(400):
            if waiter.done() or self._tasks[0].done():
                break
            await self.clock.advance(0)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)

    async def stop(self) -> None:
        """Stop as abruptly as a crash: nothing is finished."""
        for task in [*self._tasks, *self._inside()]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def restart(self) -> None:
        """Crash and start again on what is on disk."""
        await self.stop()
        self._make()
        await self.start()

    async def settle(self) -> None:
        """Let everything that can happen now happen."""
        for _ in range(6):
            await self.clock.advance(0)

    async def finish(self, work: Awaitable[Any], seconds: float = 10.0) -> Any:
        """The result of `work`, letting time pass as far as it must."""
        task = asyncio.ensure_future(work)
        for _ in range(int(seconds * 4) + 1):
            await self.settle()
            if task.done():
                break
            await self.clock.advance(0.25)
        return await task

    def order(self, order_id: str) -> Order:
        """An order in memory."""
        return self.service.desk.working(order_id).order

    def notices(self) -> list[str]:
        """Sentences told to the user."""
        return [e.text for e in self.events if hasattr(e, "text")]

    def position(self, instrument: Instrument = RELIANCE, product: str = "MIS") -> Position:
        """A position in memory."""
        return self.ledger.position(ACCOUNT.id, instrument.key, product)  # type: ignore[arg-type]

    def check_books(self) -> None:
        """Laws that hold at every rest: nothing sent twice, books balance, memory equals disk."""
        assert all(count == 1 for count in self.broker.received.values()), self.broker.received
        assert sum(self.ledger.balances(ACCOUNT.id).values()) == 0
        on_disk = {book: minor for (_, book), minor in self.journal.balances.items() if minor}
        in_memory = {book: minor for book, minor in self.ledger.balances(ACCOUNT.id).items() if minor}
        assert on_disk == in_memory
        sums: Counter[tuple[str, str, str]] = Counter()
        for working in self.service.desk.book.live():
            order = working.order
            grown = working.changed.quantity - order.filled if working.changed is not None else 0
            sums[order.key, order.product, order.side] += max(order.pending, grown)
            assert self.journal.orders[working.order.id] == working.order
        assert {p: q.quantity for p, q in self.service.desk.book.pending(ACCOUNT.id).items()} == dict(sums)
        for (_, key, product), position in self.journal.positions.items():
            assert self.ledger.position(ACCOUNT.id, key, product).quantity == position.quantity  # type: ignore[arg-type]

    @staticmethod
    def _inside() -> list["asyncio.Task[Any]"]:
        """Tasks the order path began by itself: a crash ends them too."""
        names = {"place", "basket", "trigger", "recovery", "journal-drain"}
        return [t for t in asyncio.all_tasks() if t.get_name() in names]
