"""Marks futures to market: once a day's trading in them is over, paper accounts get the day's profit or loss in cash.

The exchange does so every evening and carries the position at the settlement price. What is due follows from the books
alone (the day each position was last marked), so a mark that could not be written, or an evening on which Sauda did
not run, is made up for at the next look. A day whose settlement price is not known is passed over: the next mark then
takes the change of both days. Contracts on their last day are settled for good by the broker instead, and a live
account's money is counted by its broker.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import exp

from server.core.errors import Invalid
from server.domain.books import Mark, Position
from server.domain.instruments import Instrument
from server.orders.desk import Desk
from server.risk.ports import Market

__all__ = ("Marking",)

_PAISA = Decimal("0.01")
_LOOK_BACK = timedelta(days=6)
"""Days longer gone are not marked one by one; a late fill is not placed among them either (`ledger.story`)."""


class Marking:
    """Looks at the futures of paper accounts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._passed: set[tuple[str, str, date]] = set()
        """(market, key, day) of days that are over and have no price."""

    def look(self, account: str) -> None:
        """Mark what is due; raises Unavailable while the journal is broken or the market does not run."""
        desk = self._desk
        desk.ensure_writable()
        if desk.account(account).mode != "PAPER":
            return
        market = desk.market(account)
        for position in desk.ledger.positions(account):
            if not position.quantity:
                continue
            instrument = market.instrument(position.key)
            if instrument is None or instrument.kind != "FUTURE" or instrument.expiry is None:
                continue
            for day in _due(position, instrument.expiry, desk.day(account)):
                self._mark(market, position, instrument, day)

    def _mark(self, market: Market, position: Position, instrument: Instrument, day: date) -> None:
        place = (market.id, position.key, day)
        if place in self._passed:
            return
        try:
            window = self._desk.rules.daily_settlement(instrument, day)
        except Invalid:  # no trading that day, or no rule for such futures
            self._passed.add(place)
            return
        if market.now() < window[1]:
            return
        price = self._price(market, instrument, day, window)
        if price is not None:
            mark = Mark(
                account=position.account,
                key=position.key,
                product=position.product,
                day=day,
                price=price,
                at_market=window[1],
            )
            self._desk.mark(mark, instrument)
        elif day < self._desk.day(position.account):
            self._passed.add(place)

    def _price(
        self, market: Market, instrument: Instrument, day: date, window: tuple[datetime, datetime]
    ) -> Decimal | None:
        """The day's settlement price: the average of the contract's own trades in the window; where it did not trade,
        its underlying with interest; where the window was not seen, the closing price. None = not known (yet)."""
        if market.traded(instrument.key, window) is not False:
            return market.settled(instrument.key, day, window)
        under = market.settled(instrument.underlying, day, window)
        if under is None or instrument.expiry is None:
            return None
        years = (instrument.expiry - day).days / 365
        carried = under * Decimal(repr(exp(self._desk.rules.carry(day) * years)))
        return carried.quantize(_PAISA, ROUND_HALF_UP)


def _due(position: Position, expiry: date, today: date) -> Iterator[date]:
    """Days on whose evening the position may still have to be marked, oldest first."""
    first = position.marked + timedelta(days=1) if position.marked is not None else position.day
    day = max(first or today, today - _LOOK_BACK)
    while day <= min(today, expiry - timedelta(days=1)):
        yield day
        day += timedelta(days=1)
