"""An account, some instruments and a market moved by hand, for tests of the order path."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.core.clock import Clock
from server.domain.accounts import Account
from server.domain.instruments import Instrument
from server.domain.orders import OrderRequest
from server.domain.quotes import Quote
from tests.instruments import future, index, option, share
from tests.trading import ist

__all__ = ("ACCOUNT", "CALL", "FUTURE", "INFY", "NIFTY", "RELIANCE", "START_MINOR", "StageMarket", "request")

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
        self.settlements: dict[tuple[str, date], Decimal] = {}
        """Settlement price by (key, day)."""
        self.untraded: set[str] = set()
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

    def settled(self, key: str, day: date, window: tuple[datetime, datetime] | None) -> Decimal | None:
        if window is not None and self.now() < window[1]:
            return None
        return self.settlements.get((key, day))

    def traded(self, key: str, window: tuple[datetime, datetime]) -> bool | None:
        return None if key not in self.untraded else False

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
