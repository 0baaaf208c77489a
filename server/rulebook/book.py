"""The rulebook: one dated answer to every question about market rules, or Invalid.

Rows come from `config/rules/*.toml`. A date, name or segment that no row covers raises Invalid with a code
`rules.unknown_*`; nothing is guessed.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.rulebook.contracts import Expiry, Underlying
from server.rulebook.margins import MarginRules
from server.rulebook.sessions import Phase, Session

__all__ = ("Rulebook",)


class Rulebook:
    """Facade over all dated rules."""

    @classmethod
    def load(cls, folder: Path, *, without: frozenset[str] = frozenset()) -> "Rulebook":
        """Read every `*.toml` of `folder`; rows of the groups named in `without` are left out.

        Raises Fault when a file cannot be read or two rows claim the same day; Invalid for an unknown group."""
        raise NotImplementedError

    @property
    def groups(self) -> frozenset[str]:
        """Names of the row groups that can be switched off, such as `sebi-2026-12`."""
        raise NotImplementedError

    def source_of(self, rule: str, day: date, key: str = "") -> tuple[str, str]:
        """(source, confidence) of the row in force, e.g. `source_of("lot", expiry, "NIFTY")`."""
        raise NotImplementedError

    def trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> bool:
        """Whether `segment` trades on `day` (special sessions count)."""
        raise NotImplementedError

    def next_trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> date:
        """The first trading day after `day`."""
        raise NotImplementedError

    def previous_trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> date:
        """The last trading day before `day`."""
        raise NotImplementedError

    def session(self, segment: str, day: date) -> Session:
        """Phases of `segment` on `day`; Invalid (`rules.no_session`) when it does not trade then."""
        raise NotImplementedError

    def phase(self, segment: str, at: datetime) -> Phase | None:
        """The phase at an aware moment of market time; None = closed."""
        raise NotImplementedError

    def trading_end(self, instrument: Instrument, day: date) -> datetime:
        """Aware UTC moment when continuous trading in `instrument` ends on `day` (an expiring contract may stop early)."""
        raise NotImplementedError

    def underlyings(self, kind: str | None = None) -> tuple[Underlying, ...]:
        """Known names with derivatives: `INDEX`, `EQUITY` (the NIFTY 50 shares), or both."""
        raise NotImplementedError

    def underlying(self, name: str) -> Underlying:
        """One of them."""
        raise NotImplementedError

    def lot(self, name: str, expiry: date) -> int:
        """Units in one lot of the contract on `name` that expires on `expiry`."""
        raise NotImplementedError

    def freeze(self, name: str, day: date) -> int | None:
        """Largest units in one order; None = no limit known for this name and day."""
        raise NotImplementedError

    def tick(self, segment: str, price: Decimal, day: date) -> Decimal:
        """Price step. `price`: last month-end close of the share or future itself, for options that of the underlying."""
        raise NotImplementedError

    def strike_gap(self, name: str, day: date) -> Decimal:
        """Distance between strikes near the money."""
        raise NotImplementedError

    def expiries(self, name: str, day: date) -> list[Expiry]:
        """Option expiries listed on `day`, soonest first (an expiry on `day` itself included)."""
        raise NotImplementedError

    def futures_expiries(self, name: str, day: date) -> list[date]:
        """Expiries of the three futures months listed on `day`."""
        raise NotImplementedError

    def price_band(self, instrument: Instrument, reference: Decimal, day: date) -> tuple[Decimal, Decimal]:
        """Lowest and highest limit price taken, on the tick. `reference`: mean of the last trades for derivatives,
        previous close for shares."""
        raise NotImplementedError

    def protection(self, instrument: Instrument, price: Decimal, day: date) -> Decimal:
        """Market protection in percent of the price."""
        raise NotImplementedError

    def order_types(self, instrument: Instrument, day: date) -> frozenset[str]:
        """Order types the exchange takes for `instrument` in continuous trading; empty for an index."""
        raise NotImplementedError

    def charges(
        self,
        broker: str,
        instrument: Instrument,
        side: Side,
        product: Product,
        quantity: int,
        price: Decimal,
        day: date,
        *,
        first_fill_of_order: bool = True,
        brokerage_so_far: Decimal = Decimal(0),
        value_so_far: Decimal = Decimal(0),
        rounded: bool = True,
    ) -> Charges:
        """Charges of one fill in rupees, lines in paise (STT in whole rupees).

        `brokerage_so_far` and `value_so_far` are what earlier fills of the same order paid and turned over;
        `rounded=False` gives the exact figures that broker interfaces report."""
        raise NotImplementedError

    def exercise_charges(self, instrument: Instrument, quantity: int, intrinsic: Decimal, day: date) -> Charges:
        """Charges of a long option exercised at expiry: STT on the intrinsic value per unit."""
        raise NotImplementedError

    def dp_charges(self, broker: str, shares: int, day: date) -> Charges:
        """Depository charges for `shares` different shares sold from holdings on one day."""
        raise NotImplementedError

    def square_off_charges(self, broker: str, day: date) -> Charges:
        """Fee for one order of the broker's automatic square-off."""
        raise NotImplementedError

    def square_off(self, broker: str, segment: str, day: date) -> datetime:
        """Aware UTC moment of the automatic square-off of MIS positions."""
        raise NotImplementedError

    def margin_rules(self, instrument: Instrument, day: date) -> MarginRules:
        """Margin parameters in force for `instrument`."""
        raise NotImplementedError

    def year_fraction(self, at: datetime, expiry: date, *, basis: str = "calendar") -> float:
        """Years from `at` to the end of trading on `expiry`: `calendar` = minutes over 365 days, `trading` = session
        minutes over those of a year. 0 when past."""
        raise NotImplementedError
