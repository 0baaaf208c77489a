"""A market whose instruments get rows on demand."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from server.core.bus import Bus
from server.core.clock import ManualClock, to_ns
from server.core.errors import NotFound
from server.domain.instruments import Instrument
from server.market.market import Market
from server.market.ports import FeedState, TickBatch
from tests.instruments import share
from tests.trading import ist, rulebook


class _Feed:
    """Lists nothing until it is asked for; SBIN and TCS are in its master."""

    source = "live"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.rows: list[Instrument] = []

    def instruments(self) -> list[Instrument]:
        return self.rows

    def now(self) -> datetime:
        return self.clock.now()

    def state(self) -> FeedState:
        return FeedState(source="live", state="running", market_time=self.now(), day=date(2026, 11, 20))

    async def run(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        on_day(date(2026, 11, 20))

    def control(self, action: str, **arguments: Any) -> FeedState:
        return self.state()

    def previous_closes(self) -> dict[str, float]:
        return {}

    def admit(self, key: str) -> bool:
        if key not in ("NSE:SBIN", "NSE:TCS"):
            return False
        self.rows.append(share(key.split(":")[1]))
        return True

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        return [share(symbol) for symbol in ("SBIN", "TCS") if query.upper() in symbol]

    def listed_expiries(self, name: str) -> list[date]:
        return []

    def listed_chain(self, name: str, expiry: date) -> list[str]:
        return []


def a_market() -> tuple[Market, _Feed]:
    clock = ManualClock(ist("10:00"))
    feed = _Feed(clock)
    market = Market("live-in", 1000, "live", "Live market", feed, rulebook(), clock, Bus())
    market.hub.refresh(feed.instruments(), date(2026, 11, 20))
    market.hub.start_day(date(2026, 11, 20), {})
    return market, feed


def tick(market: Market, row: int, price: float) -> TickBatch:
    one, none = np.array([price]), np.array([0], dtype=np.int64)
    return TickBatch(
        source="zerodha-1",
        rows=np.array([row], dtype=np.int32),
        time_ns=np.array([to_ns(market.now())], dtype=np.int64),
        ltp=one,
        bid=one - 0.05,
        ask=one + 0.05,
        bid_qty=none,
        ask_qty=none,
        volume=none,
        oi=none,
    )


async def test_instrument_when_first_asked_for_during_the_day_then_it_has_a_row_and_takes_prices() -> None:
    market, _ = a_market()
    found = market.instrument("NSE:SBIN")
    assert found is not None
    market.hub.intake(tick(market, market.catalogue.row("NSE:SBIN"), 800.0))
    quote = market.quote("NSE:SBIN")
    assert quote is not None
    assert (quote.source, float(quote.ltp)) == ("zerodha-1", 800.0)
    assert market.fresh("NSE:SBIN")


async def test_close_when_told_after_the_day_began_then_on_the_quote() -> None:
    market, _ = a_market()
    market.instrument("NSE:SBIN")
    market.hub.set_closes({"NSE:SBIN": 795.0, "NSE:NOWHERE": 5.0})
    market.hub.intake(tick(market, 0, 800.0))
    quote = market.quote("NSE:SBIN")
    assert quote is not None
    assert float(quote.close or 0) == 795.0


def test_key_when_the_master_does_not_have_it_then_not_found_and_no_row() -> None:
    market, feed = a_market()
    assert market.instrument("NSE:NOTHING") is None
    with pytest.raises(NotFound):
        market.catalogue.row("NSE:NOTHING")
    assert feed.rows == []


def test_search_when_the_market_grows_then_it_looks_through_the_master_and_gives_no_rows() -> None:
    market, feed = a_market()
    assert [i.symbol for i in market.search("tc")] == ["TCS"]
    assert feed.rows == []
