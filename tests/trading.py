"""Orders, prices, a hand-moved market and a driver of the exchange simulator, for tests of trading."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from itertools import count

import msgspec

from server.core.clock import IST
from server.core.paths import bundled
from server.domain.instruments import Instrument
from server.domain.orders import Fill, Order, OrderType, Product, Side, Validity
from server.domain.quotes import Depth, Level, Quote
from server.matching.engine import Engine
from server.matching.messages import Cancel, Changed, Event, Input, Modify, Price, Reply, Submit, Trade
from server.matching.settings import MatchingSettings
from server.matching.snapshot import Snapshot
from server.rulebook import Rulebook

__all__ = ("DAY", "FakeMarket", "Floor", "book", "fill", "ist", "levels", "order", "quote", "rulebook")

DAY = date(2026, 11, 20)
"""A Friday with ordinary hours."""
_ids = count(1)

Side_ = Sequence[tuple[str | float, int]]


@cache
def rulebook() -> Rulebook:
    """The rules that ship with the program."""
    return Rulebook.load(bundled("config") / "rules")


def ist(clock: str, day: date = DAY) -> datetime:
    """Market time (UTC) of India's `HH:MM` or `HH:MM:SS`."""
    return datetime.combine(day, time.fromisoformat(clock), IST).astimezone(UTC)


def levels(side: Side_) -> tuple[Level, ...]:
    """Levels from (price, quantity) pairs, best first."""
    return tuple(Level(Decimal(str(price)), quantity) for price, quantity in side)


def book(
    bids: Side_ = (),
    asks: Side_ = (),
    *,
    ltp: str | float | None = None,
    volume: int = 1000,
    at: datetime | None = None,
    fresh: bool = True,
    deep: bool = True,
    close: str | None = None,
    opened: str | None = None,
) -> Snapshot:
    """A snapshot; without `ltp` the last trade was at the best bid (or ask)."""
    last = ltp if ltp is not None else (bids or asks)[0][0]
    return Snapshot(
        ltp=Decimal(str(last)),
        bids=levels(bids),
        asks=levels(asks),
        deep=deep,
        volume=volume,
        open=Decimal(opened) if opened else None,
        close=Decimal(close) if close else None,
        at=at or ist("10:00"),
        fresh=fresh,
    )


def order(
    instrument: Instrument,
    side: Side = "BUY",
    quantity: int = 1,
    type: OrderType = "MARKET",  # noqa: A002 - the order's own word
    price: str | None = None,
    trigger: str | None = None,
    *,
    product: Product | None = None,
    validity: Validity = "DAY",
    disclosed: int = 0,
    after_market: bool = False,
    protection: str | None = None,
    created: datetime | None = None,
    id: str = "",  # noqa: A002
    account: str = "paper-sim",
    origin: str = "user",
) -> Order:
    """A new order with an id of its own."""
    when = created or ist("10:00")
    return Order(
        id=id or f"ORDER{next(_ids):015d}",
        account=account,
        market="sim",
        broker="paper",
        mode="PAPER",
        key=instrument.key,
        side=side,
        quantity=quantity,
        type=type,
        product=product or ("NRML" if instrument.derivative else "CNC"),
        price=Decimal(price) if price else None,
        trigger=Decimal(trigger) if trigger else None,
        validity=validity,
        disclosed=disclosed,
        after_market=after_market,
        protection=Decimal(protection) if protection else None,
        tag="",
        request_id="",
        parent="",
        origin=origin,
        state="SUBMITTING",
        created=when,
        created_market=when,
        updated=when,
    )


def fill(
    key: str,
    side: Side,
    quantity: int,
    price: str | Decimal,
    *,
    execution: str = "",
    order: str = "",
    account: str = "paper-sim",
    at: datetime | None = None,
    settled: bool = False,
) -> Fill:
    """One execution."""
    when = at or ist("10:00")
    number = next(_ids)
    return Fill(
        execution=execution or f"X{number}",
        account=account,
        order=order or f"O{number}",
        key=key,
        side=side,
        quantity=quantity,
        price=Decimal(price),
        at=when,
        at_market=when,
        liquidity="settlement" if settled else "taker",
    )


class Floor:
    """Drives an engine with one instrument; keeps what came out."""

    def __init__(self, instrument: Instrument, *, now: datetime | None = None, **settings: object) -> None:
        self.instrument = instrument
        self.engine = Engine(
            rulebook(), msgspec.convert({"latency": 0.0, "seed": 7, **settings}, MatchingSettings, strict=False)
        )
        self.now = now or ist("10:00")
        self.events: list[Event] = []

    def step(self, *inputs: Input, at: datetime | None = None) -> list[Event]:
        """Step the engine and return what this step gave."""
        self.now = at or self.now
        out = self.engine.step(self.now, inputs)
        self.events += out
        return out

    def see(self, snapshot: Snapshot, at: datetime | None = None) -> list[Event]:
        """A new price."""
        return self.step(Price(self.instrument.key, snapshot), at=at)

    def send(self, sent: Order, at: datetime | None = None) -> list[Event]:
        """A new order."""
        return self.step(Submit(sent, self.instrument), at=at)

    def cancel(self, sent: Order) -> list[Event]:
        """A cancel."""
        return self.step(Cancel(sent.id))

    def modify(self, sent: Order, **change: object) -> list[Event]:
        """A change."""
        return self.step(Modify(order_id=sent.id, **change))  # type: ignore[arg-type]

    def trades(self, sent: Order | None = None) -> list[tuple[int, Decimal]]:
        """(quantity, price) of all trades so far, of one order or all."""
        found = [e for e in self.events if isinstance(e, Trade)]
        return [(e.quantity, e.price) for e in found if sent is None or e.order_id == sent.id]

    def filled(self, sent: Order) -> int:
        """Units traded of an order."""
        return sum(quantity for quantity, _ in self.trades(sent))

    def refusal(self, sent: Order) -> str:
        """Code of the refusal of an order; empty when it was taken."""
        return next(e.code for e in self.events if isinstance(e, Reply) and e.order_id == sent.id)

    def last(self, sent: Order) -> Changed:
        """The last change of an order."""
        return [e for e in self.events if isinstance(e, Changed) and e.order_id == sent.id][-1]


def quote(
    key: str,
    ltp: str,
    *,
    bid: str | None = None,
    ask: str | None = None,
    qty: int = 0,
    volume: int = 1000,
    at: datetime | None = None,
) -> Quote:
    """A quote of this moment."""
    return Quote(
        key=key,
        ltp=Decimal(ltp),
        bid=Decimal(bid) if bid else None,
        ask=Decimal(ask) if ask else None,
        bid_qty=qty,
        ask_qty=qty,
        volume=volume,
        oi=0,
        open=Decimal(ltp),
        high=Decimal(ltp),
        low=Decimal(ltp),
        close=Decimal(ltp),
        source="test",
        market_time=at or ist("10:00"),
        age=0.0,
    )


class FakeMarket:
    """A market moved by hand, in the shape of `matching.ports.Market`."""

    def __init__(self, *instruments: Instrument, now: datetime | None = None) -> None:
        self.time = now or ist("10:00")
        self.listed = {i.key: i for i in instruments}
        self.quotes: dict[str, Quote] = {}
        self.depths: dict[str, Depth] = {}
        self.stale: set[str] = set()
        self.values: dict[tuple[str, date], Decimal] = {}
        self.watchers: list[tuple[frozenset[str], Callable[[str], None]]] = []

    def now(self) -> datetime:
        return self.time

    def instrument(self, key: str) -> Instrument | None:
        return self.listed.get(key)

    def quote(self, key: str) -> Quote | None:
        return self.quotes.get(key)

    def depth(self, key: str) -> Depth | None:
        return self.depths.get(key)

    def fresh(self, key: str, limit: float | None = None) -> bool:
        return key in self.quotes and key not in self.stale

    def watch(self, keys: Sequence[str], handler: Callable[[str], None]) -> Callable[[], None]:
        entry = (frozenset(keys), handler)
        self.watchers.append(entry)
        return lambda: self.watchers.remove(entry)

    def settled(self, key: str, day: date, window: tuple[datetime, datetime] | None) -> Decimal | None:
        return self.values.get((key, day))

    def tick(self, key: str, bids: Side_ = (), asks: Side_ = (), ltp: str | None = None, volume: int = 1000) -> None:
        """A new price of `key` at the market's present time."""
        last = ltp if ltp is not None else str((bids or asks)[0][0])
        self.quotes[key] = quote(key, last, volume=volume, at=self.time)
        self.depths[key] = Depth(levels(bids), levels(asks))
        for keys, handler in list(self.watchers):
            if key in keys:
                handler(key)
