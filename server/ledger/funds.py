"""What an account owns: the answer to "how much can I still use", derived from the books, never stored."""

from datetime import date, datetime

import msgspec

from server.domain.books import Posting
from server.ledger.books import market_day

__all__ = ("DayTotals", "Funds")


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one account, in paise."""

    account: str
    cash_minor: int
    """All cash, held or not: `free` before open losses, plus `margin`."""
    margin_minor: int
    """Held for open orders and positions."""
    free_minor: int
    """What a new order may use: cash not held, less open losses of margined positions."""
    capital_minor: int
    """Paid in less taken out, since the start."""
    positions_minor: int
    """Cost of what was paid for in full (options, delivery shares); negative for options sold."""
    realised_minor: int
    """Realised profit before charges, since the start."""
    charges_minor: int
    tax_minor: int
    unrealised_minor: int
    realised_today_minor: int
    charges_today_minor: int
    """Brokerage and fees of the market day `day`."""
    tax_today_minor: int
    day: date | None

    @property
    def equity_minor(self) -> int:
        """Cash, plus positions at cost, plus open profit."""
        return self.cash_minor + self.positions_minor + self.unrealised_minor


class DayTotals(msgspec.Struct):
    """Running sums of one market day, for the funds view.

    A fill of an earlier day that comes late counts for its own day, with all it changes of the profit since."""

    day: date | None = None
    realised_minor: int = 0
    charges_minor: int = 0
    tax_minor: int = 0
    at: datetime | None = None
    """The moment that was last found to belong to `day`: the postings of one transaction share it."""

    def turn(self, day: date) -> bool:
        """Start from zero when `day` is a later one; returns whether it is the day that is counted."""
        if self.day is None or day > self.day:
            self.at = None
            self.day, self.realised_minor, self.charges_minor, self.tax_minor = day, 0, 0, 0
        return day == self.day

    def add(self, posting: Posting) -> None:
        """Count one posting; one of an earlier day is left out."""
        if posting.at_market is not self.at:
            if not self.turn(market_day(posting.at_market)):
                return
            self.at = posting.at_market
        if posting.book == "profit":
            self.realised_minor -= posting.minor
        elif posting.book == "charges":
            self.charges_minor += posting.minor
        elif posting.book == "tax":
            self.tax_minor += posting.minor
