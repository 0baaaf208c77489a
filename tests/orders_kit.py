"""A desk to test the order path on: a scriptable broker, a journal in memory that can fail, the real ledger and rules.

`Stage` puts them together and survives a "crash": `restart` throws all memory away and begins from the journal.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.core.bus import Bus
from server.core.clock import Clock, ManualClock
from server.core.errors import Conflict, NotFound, Unavailable
from server.core.ids import Ids
from server.domain.accounts import Account
from server.domain.books import Book, Position
from server.domain.instruments import Instrument
from server.domain.journal import (
    BasketChanged,
    Entry,
    FillApplied,
    OrderChanged,
    RiskChanged,
    TriggerChanged,
)
from server.domain.orders import LIVE_STATES, Fill, Order, OrderRequest, OrderState
from server.domain.quotes import Quote
from server.ledger.ledger import Ledger, PastFill
from server.orders.ports import (
    Ack,
    BrokerFunds,
    BrokerPosition,
    Change,
    NotAccepted,
    OrderReport,
    Shelf,
    Update,
)
from server.orders.service import OrderService
from server.orders.settings import OrderSettings
from server.risk.limits import Limits
from server.risk.margin import Margin, MarginLeg
from tests.instruments import future, index, option, share
from tests.trading import ist, rulebook

__all__ = ("ACCOUNT", "CALL", "FUTURE", "RELIANCE", "FakeBroker", "MemoryJournal", "Stage", "StageMarket", "request")

ACCOUNT = Account(id="paper-sim", title="Paper", broker="fake", market="sim", mode="PAPER")
RELIANCE = share("RELIANCE")
INFY = share("INFY")
NIFTY = index("NIFTY")
CALL = msgspec.structs.replace(
    option("NIFTY", date(2026, 12, 1), 24500, "CE"), freeze=1800, underlying="NSE_INDEX:NIFTY"
)
FUTURE = msgspec.structs.replace(future("NIFTY", date(2026, 11, 23)), freeze=1800, underlying="NSE_INDEX:NIFTY")
START_MINOR = 50_000_000


def request(instrument: Instrument = RELIANCE, **changes: Any) -> OrderRequest:
    """A market order for 10 RELIANCE, intraday, unless told otherwise."""
    fields: dict[str, Any] = {
        "account": ACCOUNT.id,
        "key": instrument.key,
        "side": "BUY",
        "quantity": 10 if instrument.lot == 1 else instrument.lot,
        "type": "MARKET",
        "product": "MIS",
    }
    for name in ("price", "trigger"):
        if isinstance(changes.get(name), str):
            changes[name] = Decimal(changes[name])
    return OrderRequest(**{**fields, **changes})


class StageMarket:
    """Prices moved by hand, in the shape of `risk.ports.Market`."""

    id = "sim"

    def __init__(self, clock: Clock, start: datetime) -> None:
        self._clock = clock
        self._start = start
        self._began = clock.monotonic()
        self.listed = {i.key: i for i in (RELIANCE, INFY, NIFTY, CALL, FUTURE)}
        self.prices = {
            RELIANCE.key: Decimal("2500.00"),
            INFY.key: Decimal("1500.00"),
            NIFTY.key: Decimal(24500),
            CALL.key: Decimal("150.00"),
            FUTURE.key: Decimal("24550.00"),
        }
        self.ages: dict[str, float] = {}
        self.watchers: list[tuple[frozenset[str], Callable[[str], None]]] = []

    def now(self) -> datetime:
        return self._start + (self._clock.now() - ist("10:00"))

    def move_to(self, moment: datetime) -> None:
        """Set market time."""
        self._start = moment - (self._clock.now() - ist("10:00"))

    def instrument(self, key: str) -> Instrument | None:
        return self.listed.get(key)

    def quote(self, key: str) -> Quote | None:
        price = self.prices.get(key)
        if price is None:
            return None
        return Quote(
            key=key,
            ltp=price,
            bid=price - Decimal("0.05"),
            ask=price + Decimal("0.05"),
            bid_qty=1000,
            ask_qty=1000,
            volume=100_000,
            oi=0,
            open=price,
            high=price,
            low=price,
            close=price,
            source="test",
            market_time=self.now(),
            age=self.ages.get(key, 0.0),
        )

    def last(self, key: str) -> float:
        price = self.prices.get(key)
        return float("nan") if price is None else float(price)

    def fresh(self, key: str, limit: float | None = None) -> bool:
        return key in self.prices and self.ages.get(key, 0.0) <= (10.0 if limit is None else limit)

    def watch(self, keys: Sequence[str], handler: Callable[[str], None]) -> Callable[[], None]:
        entry = (frozenset(keys), handler)
        self.watchers.append(entry)
        return lambda: self.watchers.remove(entry)

    def tick(self, key: str, price: str) -> None:
        """A new price."""
        self.prices[key] = Decimal(price)
        for keys, handler in list(self.watchers):
            if key in keys:
                handler(key)


class _Row(msgspec.Struct):
    """A row as storage gives it."""

    id: str = ""
    account: str = ""
    name: str = ""
    state: str = ""
    body: dict[str, Any] = {}
    reason: str = ""


class MemoryJournal:
    """A journal whose disk is a list. `fail` makes commits raise; what failed is not there."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.orders: dict[str, Order] = {}
        self.fills: dict[tuple[str, str], FillApplied] = {}
        self.positions: dict[tuple[str, str, str], Position] = {}
        self.balances: dict[tuple[str, Book], int] = {}
        self.holds: dict[tuple[str, str], int] = {}
        self.kept: dict[tuple[str, str], _Row] = {}
        self.risk: dict[tuple[str, str], _Row] = {}
        self.fail = False
        self.fail_after: int | None = None
        """Commits that still succeed before the disk breaks."""
        self.commits = 0

    async def commit(self, *entries: Entry) -> int:
        await asyncio.sleep(0)
        if self.fail_after is not None:
            if self.fail_after == 0:
                self.fail, self.fail_after = True, None
            else:
                self.fail_after -= 1
        if self.fail:
            raise Unavailable("the disk is full", code="journal.failed")
        self._check(entries)
        msgspec.json.encode(entries)
        for entry in entries:
            self._apply(entry)
        self.entries += entries
        self.commits += 1
        return len(self.entries)

    @property
    def healthy(self) -> bool:
        return not self.fail

    def events(self, order_id: str) -> list[str]:
        """Steps of an order, in order."""
        out = []
        for entry in self.entries:
            if isinstance(entry.payload, OrderChanged) and entry.payload.order.id == order_id:
                out.append(entry.payload.event)
            elif isinstance(entry.payload, FillApplied) and entry.payload.order.id == order_id:
                out.append("filled")
        return out

    def noted(self, what: str) -> list[dict[str, Any]]:
        """Details of the notes of one kind."""
        return [e.payload.detail for e in self.entries if getattr(e.payload, "what", "") == what]  # type: ignore[union-attr]

    def _check(self, entries: Sequence[Entry]) -> None:
        sums: Counter[str] = Counter()
        for entry in entries:
            for posting in getattr(entry.payload, "postings", ()):
                sums[posting.transaction] += posting.minor
            if isinstance(entry.payload, FillApplied):
                fill = entry.payload.fill
                if (fill.account, fill.execution) in self.fills:
                    raise Conflict(f"execution {fill.execution} is on record")
        assert all(total == 0 for total in sums.values()), sums

    def _apply(self, entry: Entry) -> None:
        payload = entry.payload
        if isinstance(payload, OrderChanged | FillApplied):
            self.orders[payload.order.id] = payload.order
        if isinstance(payload, FillApplied):
            self.fills[payload.fill.account, payload.fill.execution] = payload
            position = payload.position
            self.positions[position.account, position.key, position.product] = position
        for posting in getattr(payload, "postings", ()):
            place = (posting.account, posting.book)
            self.balances[place] = self.balances.get(place, 0) + posting.minor
            if posting.book == "margin":
                held = (posting.account, posting.reference)
                self.holds[held] = self.holds.get(held, 0) + posting.minor
        if isinstance(payload, RiskChanged):
            self.risk[payload.account, payload.name] = _Row(
                account=payload.account, name=payload.name, body=payload.body, reason=payload.reason
            )
        if isinstance(payload, TriggerChanged | BasketChanged):
            kind = "trigger" if isinstance(payload, TriggerChanged) else "basket"
            self.kept[kind, payload.id] = _Row(
                id=payload.id, account=payload.account, state=payload.state, body=payload.body
            )

    # what storage reads back

    async def get(self, order_id: str) -> Order:
        if order_id not in self.orders:
            raise NotFound(order_id)
        return self.orders[order_id]

    async def by_request(self, account: str, request_id: str) -> Order | None:
        found = (o for o in self.orders.values() if (o.account, o.request_id) == (account, request_id))
        return next(found, None) if request_id else None

    async def by_broker_id(self, account: str, broker_id: str) -> Order | None:
        return next((o for o in self.orders.values() if (o.account, o.broker_id) == (account, broker_id)), None)

    async def load_live(self) -> list[Order]:
        return sorted((o for o in self.orders.values() if o.state in LIVE_STATES), key=lambda o: o.id)

    async def load_requests(self) -> list[tuple[str, str]]:
        return [(o.account, o.request_id) for o in self.orders.values() if o.request_id]

    async def of_order(self, order_id: str) -> list[FillApplied]:
        return [f for f in self.fills.values() if f.fill.order == order_id]

    async def load_executions(self, since: datetime | None = None) -> set[tuple[str, str]]:
        return set(self.fills)


class _Kept:
    def __init__(self, journal: MemoryJournal, kind: str) -> None:
        self._journal = journal
        self._kind = kind

    async def load_all(self, states: tuple[str, ...]) -> list[_Row]:
        return [r for (kind, _), r in sorted(self._journal.kept.items()) if kind == self._kind and r.state in states]


class _Risk:
    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def load_all(self) -> list[_Row]:
        return list(self._journal.risk.values())


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
        if word == "fill_first":
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
        if word == "error_after":
            raise ConnectionResetError("cut")
        self.report(order.id)
        return Ack(held.broker_id)

    async def cancel(self, order: Order) -> Ack:
        await asyncio.sleep(0)
        word = self.cancel_script.popleft() if self.cancel_script else "ok"
        if word == "error":
            raise ConnectionError("refused")
        held = self.of(order.id, order.broker_id)
        if word == "fill_first":
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
    ) -> None:
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
            accounts={ACCOUNT.id: ACCOUNT},
            executions={ACCOUNT.id: self.broker},
            markets={"sim": self.market},
            journal=journal,
            shelf=Shelf(
                orders=journal,
                fills=journal,
                triggers=_Kept(self.journal, "trigger"),
                baskets=_Kept(self.journal, "basket"),
                risk=_Risk(self.journal),
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
