"""What the fake brokers outside India list."""

from datetime import date
from decimal import Decimal

from server.core.clock import Clock
from server.domain.instruments import Instrument, Right, option_symbol
from tests.brokers.exchange import FakeExchange

__all__ = ("coin", "quoted_abroad", "us_option", "us_share")

_LEVELS = {"AAPL": "800", "MSFT": "500", "SPY": "600", "BTC": "60000", "ETH": "3000"}


def us_share(symbol: str, tick: str = "0.01", unit: str = "1") -> Instrument:
    """A share listed in the United States."""
    return Instrument(
        symbol=symbol,
        exchange="GLOBAL",
        kind="EQUITY",
        name=symbol,
        segment="US_EQUITY",
        tick=Decimal(tick),
        unit=Decimal(unit),
        currency="USD",
    )


def us_option(name: str, expiry: date, strike: int, right: str) -> Instrument:
    """An option on a US share, a hundred of them a contract; only to watch."""
    side: Right = "CE" if right == "CE" else "PE"
    return Instrument(
        symbol=option_symbol(name, expiry, Decimal(strike), side),
        exchange="GLOBAL",
        kind="OPTION",
        name=name,
        segment="US_OPT",
        lot=100,
        tick=Decimal("0.01"),
        expiry=expiry,
        strike=Decimal(strike),
        right=side,
        underlying=f"GLOBAL:{name}",
        currency="USD",
        barred="only to watch",
    )


def coin(base: str, quote: str = "USD", *, unit: str = "0.0001", tick: str = "0.01") -> Instrument:
    """A pair of coins."""
    return Instrument(
        symbol=f"{base}{quote}",
        exchange="CRYPTO",
        kind="CRYPTO",
        name=base,
        segment="CRYPTO",
        tick=Decimal(tick),
        unit=Decimal(unit),
        currency=quote,
    )


def quoted_abroad(instruments: list[Instrument], clock: Clock, **settings: object) -> FakeExchange:
    """An exchange that lists them, with first prices."""
    exchange = FakeExchange(instruments, clock=clock, **settings)  # type: ignore[arg-type]
    for key, instrument in exchange.instruments.items():
        at = Decimal(_LEVELS.get(instrument.name, "100") if instrument.kind != "OPTION" else "12")
        exchange.market(key, str(at), str(at + 2 * instrument.tick), 10_000)
    return exchange
