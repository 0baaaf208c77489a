"""Contract specifications: names, lots, freeze quantities, ticks, strike gaps and expiry days."""

from datetime import date
from decimal import Decimal

import msgspec

__all__ = ("Expiry", "Underlying")


class Expiry(msgspec.Struct, frozen=True, order=True):
    """A listed expiry."""

    date: date
    weekly: bool
    """False for the month's last one."""
    provisional: bool = False
    """The holidays of its year are not published: the exchange may still move it."""


class Underlying(msgspec.Struct, frozen=True, kw_only=True):
    """A name that futures and options are listed on: an index or a share."""

    name: str
    title: str
    kind: str
    """`INDEX` or `EQUITY`."""
    exchange: str
    """Cash exchange: NSE or BSE."""
    sector: str = ""
    isin: str = ""
    reference: Decimal | None = None
    """A recent price level, for starting a simulation; `reference_day` says of which day."""
    reference_day: date | None = None
    source: str = ""
    conf: str = ""
