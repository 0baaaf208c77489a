"""The account statement: postings told as lines with a running balance, by day, and by instrument. Pure.

A line is a movement of money: a posting to `cash`. Margin held and released moves between cash and margin and is a
line too, so the balance is what was free at that moment.
"""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from server.domain.books import Posting
from server.ledger.books import market_day

__all__ = ("DayLine", "InstrumentLine", "Line", "by_day", "by_instrument", "lines")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of free cash, in paise."""

    at: datetime
    at_market: datetime
    kind: str
    key: str
    reference: str
    minor: int
    balance_minor: int
    """Free cash after it."""


class DayLine(msgspec.Struct, kw_only=True):
    """One market day, in paise; `opening` and `closing` are cash, held or not."""

    day: date
    opening_minor: int
    deposits_minor: int = 0
    withdrawals_minor: int = 0
    traded_minor: int = 0
    """Premium and share value received less paid."""
    realised_minor: int = 0
    """Profit before charges."""
    charges_minor: int = 0
    tax_minor: int = 0
    closing_minor: int = 0


class InstrumentLine(msgspec.Struct, kw_only=True):
    """One instrument over the span, in paise."""

    key: str
    fills: int = 0
    realised_minor: int = 0
    charges_minor: int = 0
    tax_minor: int = 0

    @property
    def net_minor(self) -> int:
        """Realised profit less all costs."""
        return self.realised_minor - self.charges_minor - self.tax_minor


def lines(postings: Iterable[Posting], opening_minor: int = 0) -> list[Line]:
    """Movements of free cash in the order given; `opening_minor` is the free cash before the first."""
    balance, out = opening_minor, []
    for posting in postings:
        if posting.book == "cash":
            balance += posting.minor
            out.append(
                Line(
                    at=posting.at,
                    at_market=posting.at_market,
                    kind=posting.kind,
                    key=posting.key,
                    reference=posting.reference,
                    minor=posting.minor,
                    balance_minor=balance,
                )
            )
    return out


def by_day(postings: Iterable[Posting], opening_minor: int = 0) -> list[DayLine]:
    """One line for each market day that has postings, oldest first; `opening_minor` is the cash before the first.

    A posting that came late counts for the day it belongs to.
    """
    days: dict[date, list[Posting]] = {}
    for posting in postings:
        days.setdefault(market_day(posting.at_market), []).append(posting)
    out, balance = [], opening_minor
    for day in sorted(days):
        line = DayLine(day=day, opening_minor=balance)
        for posting in days[day]:
            _count(line, posting)
        line.closing_minor = balance = balance + sum(p.minor for p in days[day] if p.book in ("cash", "margin"))
        out.append(line)
    return out


def by_instrument(postings: Iterable[Posting]) -> list[InstrumentLine]:
    """One line for each instrument traded, by key."""
    found: dict[str, InstrumentLine] = {}
    fills: dict[str, set[str]] = {}
    for posting in postings:
        if not posting.key or posting.book == "margin" or posting.kind in ("hold", "release"):
            continue
        line = found.setdefault(posting.key, InstrumentLine(key=posting.key))
        fills.setdefault(posting.key, set()).add(posting.reference)
        if posting.book == "profit":
            line.realised_minor -= posting.minor
        elif posting.book == "charges":
            line.charges_minor += posting.minor
        elif posting.book == "tax":
            line.tax_minor += posting.minor
    for key, line in found.items():
        line.fills = len(fills[key])
    return [found[key] for key in sorted(found)]


def _count(line: DayLine, posting: Posting) -> None:
    match posting.book:
        case "capital" if posting.minor < 0:
            line.deposits_minor -= posting.minor
        case "capital":
            line.withdrawals_minor += posting.minor
        case "cash" if posting.kind in ("trade", "settlement"):
            line.traded_minor += posting.minor
        case "profit":
            line.realised_minor -= posting.minor
        case "charges":
            line.charges_minor += posting.minor
        case "tax":
            line.tax_minor += posting.minor
        case "cash" | "margin" | "positions":
            pass
