"""Instruments for tests, by the shortest words that say what they are."""

from datetime import date
from decimal import Decimal

from server.domain.instruments import Exchange, Instrument, Right, future_symbol, option_symbol

__all__ = ("future", "index", "option", "share")

_INDICES = frozenset({"NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "SENSEX", "BANKEX"})


def share(symbol: str = "RELIANCE", exchange: Exchange = "NSE", *, fno: bool = True) -> Instrument:
    """A share, with derivatives unless told otherwise."""
    segment = "CASH_FNO_STOCK" if fno else "CASH_NON_FNO"
    return Instrument(symbol=symbol, exchange=exchange, kind="EQUITY", name=symbol, segment=segment)


def index(name: str = "NIFTY") -> Instrument:
    """An index itself."""
    return Instrument(symbol=name, exchange="NSE_INDEX", kind="INDEX", name=name, segment="INDEX")


def future(name: str, expiry: date, exchange: Exchange = "NFO", lot: int = 65) -> Instrument:
    """A future on an index or a share; with exchange MCX on a commodity."""
    segment = "MCX" if exchange == "MCX" else "INDEX_FUT" if name in _INDICES else "STOCK_FUT"
    return Instrument(
        symbol=future_symbol(name, expiry),
        exchange=exchange,
        kind="FUTURE",
        name=name,
        segment=segment,
        lot=lot,
        expiry=expiry,
    )


def option(
    name: str, expiry: date, strike: int | str, right: Right, exchange: Exchange = "NFO", lot: int = 65
) -> Instrument:
    """An option on an index or a share."""
    return Instrument(
        symbol=option_symbol(name, expiry, Decimal(strike), right),
        exchange=exchange,
        kind="OPTION",
        name=name,
        segment="INDEX_OPT" if name in _INDICES else "STOCK_OPT",
        lot=lot,
        expiry=expiry,
        strike=Decimal(strike),
        right=right,
    )
