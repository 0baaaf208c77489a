"""The depository's charge: once for each share and day on which an account delivers more of it than it receives.

The depository participant debits shares from the demat account by scrip, not by order (rules/india_rules.md §3), so
the charge hangs on the day's net delivery: the fill that makes it negative pays, one that brings it back gets the
charge back. That way it comes out the same in whatever order the fills arrive, late ones too.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from server.core.errors import Invalid
from server.domain.books import Charges, Posting
from server.domain.instruments import Instrument
from server.domain.money import to_minor
from server.domain.orders import Fill, Product
from server.ledger.books import balanced, market_day
from server.ledger.charging import Rates
from server.ledger.story import KEEP_DAYS

__all__ = ("Deliveries", "post_depository")


class Deliveries:
    """Net units of each delivery share by market day, of one account."""

    def __init__(self) -> None:
        self._net: dict[date, dict[str, int]] = {}

    def add(self, fill: Fill, product: Product) -> None:
        """Count one fill; other products deliver nothing."""
        if product != "CNC":
            return
        day = market_day(fill.at_market)
        shares = self._net.setdefault(day, {})
        shares[fill.key] = shares.get(fill.key, 0) + fill.signed
        for old in [d for d in self._net if d < day - timedelta(days=KEEP_DAYS)]:
            del self._net[old]

    def due(
        self, rates: Rates, plan: str, instrument: Instrument, product: Product, signed: int, day: date
    ) -> tuple[int, Charges]:
        """(+1 to charge, -1 to give back, 0; the charge with its GST) for `signed` more units on `day`.

        Raises Invalid where the rulebook does not know the broker's charge."""
        if product != "CNC":
            return 0, Charges()
        before = self._net.get(day, {}).get(instrument.key, 0)
        sign = int(before + signed < 0) - int(before < 0)
        return sign, rates.depository_charges(plan, instrument, day) if sign else Charges()

    def known_due(
        self, rates: Rates, plan: str, instrument: Instrument, product: Product, fill: Fill
    ) -> tuple[int, Charges]:
        """The same for a fill. A fill is a fact and must not be lost for a charge nobody can state: nothing is
        charged then (orders of paper accounts are refused before it comes to that)."""
        try:
            return self.due(rates, plan, instrument, product, fill.signed, market_day(fill.at_market))
        except Invalid:
            return 0, Charges()


def post_depository(fill: Fill, sign: int, charges: Charges) -> tuple[Posting, ...]:
    """The charge as one movement of cash, its GST to the tax book."""
    fee, tax = sign * to_minor(charges.other), sign * to_minor(charges.gst)
    lines: Iterable[tuple[str, int]] = (("cash", -fee - tax), ("charges", fee), ("tax", tax))
    return balanced(
        Posting(
            transaction=f"depository:{fill.account}:{fill.execution}",
            account=fill.account,
            book=book,  # type: ignore[arg-type]
            minor=minor,
            kind="depository",
            key=fill.key,
            reference=fill.execution,
            at=fill.at,
            at_market=fill.at_market,
        )
        for book, minor in lines
        if minor
    )
