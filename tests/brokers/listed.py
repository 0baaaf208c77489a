"""What the fake brokers of India list: a few shares, two indices, a future and a chain; and how their prices walk."""

import random
from datetime import date, timedelta
from decimal import Decimal

from server.core.clock import IST, Clock
from server.domain.instruments import Instrument
from tests.brokers.exchange import FakeExchange
from tests.instruments import future, index, option, share

__all__ = ("LEVELS", "indian", "quoted", "walk")

LEVELS = {"SBIN": "800", "RELIANCE": "1500", "INFY": "1600", "HDFCBANK": "1000", "NIFTY": "24500", "BANKNIFTY": "55000"}
_OPTION_LEVEL = Decimal(150)


def indian(today: date) -> list[Instrument]:
    """Shares, indices, a NIFTY future and eleven strikes of the Tuesday after next."""
    expiry = today + timedelta(days=(1 - today.weekday()) % 7 + 7)
    shares = [share(name) for name in ("SBIN", "RELIANCE", "INFY", "HDFCBANK")]
    strikes = [24500 + 50 * n for n in range(-5, 6)]
    return [
        *shares,
        index("NIFTY"),
        index("BANKNIFTY"),
        future("NIFTY", expiry),
        *(option("NIFTY", expiry, strike, right) for strike in strikes for right in ("CE", "PE")),
    ]


def quoted(clock: Clock, **settings: str) -> FakeExchange:
    """An exchange that lists them all, with first prices."""
    exchange = FakeExchange(indian(clock.now().astimezone(IST).date()), clock=clock, **settings)  # type: ignore[arg-type]
    for key, instrument in exchange.instruments.items():
        at = Decimal(LEVELS.get(instrument.name, "100")) if instrument.kind != "OPTION" else _OPTION_LEVEL
        exchange.market(key, str(at), str(at + 2 * instrument.tick), 10_000)
    return exchange


def walk(exchange: FakeExchange, dice: random.Random) -> None:
    """Let every price take a small step."""
    for key, book in exchange.books.items():
        tick = exchange.instruments[key].tick
        wide = max(2, int(book.ltp * Decimal("0.0003") / tick))
        at = max(tick, book.bid + tick * dice.randint(-wide, wide))
        exchange.market(key, str(at), str(at + 2 * tick), dice.randint(50, 200) * 100)
