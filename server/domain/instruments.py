"""Instruments and their canonical symbols.

The symbol form is the one external tools already send: `RELIANCE`, `NIFTY24NOV26FUT`,
`NIFTY01DEC2624500CE` (name, day, month, year, strike, kind), in upper case, with an exchange
beside it: NSE and BSE cash, NFO and BFO derivatives, NSE_INDEX and BSE_INDEX. `key` joins both: `NFO:NIFTY...`.
"""

import re
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Literal

import msgspec

from server.core.errors import Invalid

__all__ = (
    "Exchange",
    "Instrument",
    "Kind",
    "Right",
    "SymbolParts",
    "future_symbol",
    "option_symbol",
    "parse_symbol",
    "plain_quantity",
)

Kind = Literal["INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO"]
Right = Literal["CE", "PE"]
Exchange = Literal["NSE", "BSE", "NFO", "BFO", "CDS", "MCX", "NSE_INDEX", "BSE_INDEX", "GLOBAL", "CRYPTO"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DERIVATIVE = re.compile(
    r"(?P<name>[A-Z][A-Z0-9&-]*?)(?P<day>\d{2})(?P<month>[A-Z]{3})(?P<year>\d{2})(?:(?P<fut>FUT)|(?P<strike>\d+(?:\.\d+)?)(?P<right>CE|PE))"
)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable thing (or an index, which is not) in one market."""

    symbol: str
    exchange: Exchange
    kind: Kind
    name: str
    """Name of the underlying, `NIFTY`; the symbol itself for shares and indices."""
    segment: str
    """Rulebook segment: INDEX, CASH_FNO_STOCK, CASH_NON_FNO, INDEX_FUT, INDEX_OPT, STOCK_FUT, STOCK_OPT."""
    lot: int = 1
    """Quantity of one lot, in units; quantities are always units, never lots."""
    tick: Decimal = Decimal("0.05")
    freeze: int | None = None
    """Largest quantity of one order, in units; None = none known."""
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None
    underlying: str = ""
    """Key of the underlying, `NSE_INDEX:NIFTY`; empty for shares and indices."""
    currency: str = "INR"
    title: str = ""
    """Long name for people: `Reliance Industries`."""

    unit: Decimal = Decimal(1)
    """What one unit of quantity is at the exchange: 1 for shares and contracts, the quantity step (`0.00001`) where
    fractions trade. Quantities everywhere are whole units; value = price x quantity x `unit`."""
    least: int = 1
    """Smallest quantity of one order, in units."""
    least_value: Decimal | None = None
    """Smallest value of one order, in `currency`; None = none known."""
    barred: str = ""
    """Why orders are not taken in it though it is no index, in a sentence; a replayed day older than the rules."""

    @property
    def key(self) -> str:
        """Identity within a market: `NFO:NIFTY01DEC2624500CE`."""
        return f"{self.exchange}:{self.symbol}"

    def units(self, amount: Decimal | int) -> int:
        """Whole units in an amount as the exchange counts it, rounded down."""
        return int(amount) if self.unit == 1 else int(amount / self.unit)

    def said(self, quantity: int) -> str:
        """A quantity as people say it: `0.015` for 1500 units of 0.00001; `75` where units are whole."""
        return plain_quantity(quantity, self.unit)

    def smallest(self, price: Decimal) -> int:
        """The smallest quantity of one order at a price that the exchange takes, in units."""
        each = price * self.unit * self.lot
        worth = (self.least_value / each).to_integral_value(ROUND_CEILING) if self.least_value and each > 0 else 1
        return max(int(worth), -(-self.least // self.lot)) * self.lot

    @property
    def tradable(self) -> bool:
        """Whether orders can be placed in it."""
        return self.kind != "INDEX" and not self.barred

    @property
    def derivative(self) -> bool:
        """Future or option."""
        return self.kind in ("FUTURE", "OPTION")


class SymbolParts(msgspec.Struct, frozen=True):
    """What a canonical derivative symbol says."""

    name: str
    expiry: date
    strike: Decimal | None
    right: Right | None


def option_symbol(name: str, expiry: date, strike: Decimal, right: Right) -> str:
    """`NIFTY01DEC2624500CE`; a strike's zeros after the point are dropped, `292.5` stays."""
    return f"{name}{_day(expiry)}{_plain(strike)}{right}"


def future_symbol(name: str, expiry: date) -> str:
    """`BANKNIFTY24NOV26FUT`."""
    return f"{name}{_day(expiry)}FUT"


def parse_symbol(symbol: str) -> SymbolParts:
    """Take a derivative symbol apart; raises Invalid when it is not one."""
    match = _DERIVATIVE.fullmatch(symbol)
    if match and match["month"] in _MONTHS:
        try:
            expiry = date(2000 + int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"]))
        except ValueError:
            expiry = None
        if expiry is not None:
            if match["fut"]:
                return SymbolParts(match["name"], expiry, None, None)
            right: Right = "CE" if match["right"] == "CE" else "PE"
            return SymbolParts(match["name"], expiry, Decimal(match["strike"]), right)
    raise Invalid(
        f"{symbol!r} is not a derivative symbol",
        code="symbol.form",
        field="symbol",
        remedy="Write name, day, month, year, strike, kind: NIFTY01DEC2624500CE or NIFTY24NOV26FUT.",
    )


def plain_quantity(quantity: int, unit: Decimal) -> str:
    """Units as a plain decimal number of the exchange's: digits only as far as they say something."""
    return str(quantity) if unit == 1 else _plain(quantity * unit)


def _day(expiry: date) -> str:
    return f"{expiry.day:02d}{_MONTHS[expiry.month - 1]}{expiry.year % 100:02d}"


def _plain(strike: Decimal) -> str:
    text = format(strike, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
