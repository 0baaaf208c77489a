"""Margin parameters of one instrument on one day."""

from datetime import date, timedelta

import msgspec

from server.domain.instruments import Instrument
from server.rulebook.calendar import Calendar
from server.rulebook.names import Names
from server.rulebook.rows import Row, Rows

__all__ = ("DELIVERY_LOOK_DAYS", "MarginRules", "Margins")

DELIVERY_LOOK_DAYS = 14
"""Calendar days before an expiry within which the last trading days of a contract are counted."""


class MarginRules(msgspec.Struct, frozen=True, kw_only=True):
    """What `risk.margin` needs to know; fractions unless said otherwise."""

    index: bool
    """Index derivative, as against one on a share."""
    price_scan: float
    """Price scan range, of the underlying's price."""
    price_scan_sigmas: float
    """The range is at least this many daily sigmas, where the sigma is known."""
    vol_scan: float
    """Volatility scan range: least absolute move of annualised volatility."""
    vol_scan_share: float
    """The range is at least this share of annualised volatility, where it is known."""
    price_moves: tuple[float, ...]
    """Price move of each scenario, in price scan ranges."""
    vol_moves: tuple[float, ...]
    """Volatility move of each scenario, in volatility scan ranges."""
    shares: tuple[float, ...]
    """Share of each scenario's loss that counts."""
    calendar_charge: float
    """Charge per unit of delta matched across months, of the far month's price."""
    calendar_benefit: bool
    """False when the instrument expires this day and its month no longer offsets the others."""
    short_option_minimum: float
    """Least scan margin of a short option, of the underlying's value."""
    exposure: float
    """Exposure margin: of the futures price, and of the underlying's price for short options."""
    exposure_calendar: float
    """Share of the far leg's exposure that a futures calendar spread pays."""
    expiry_day_short: float
    """Additional margin on a short option that expires this day, of the underlying's value; 0 on other days."""
    delivery_held: float
    """Margin on an option held in the money that will be delivered soon, of the underlying's value; 0 otherwise."""
    delivery_value: float
    """Where the contract is delivered this day: a future or option sold takes this share of the contract value..."""
    delivery_times: float
    """...or this many times its usual margin, whichever is less; both 0 on other days."""
    equity_upfront: float
    """VaR and extreme-loss margin of a share traded intraday."""
    rate: float
    """Interest rate used for forwards, a year, continuously compounded."""
    source: str
    """Source and confidence of the price scan range."""
    conf: str


class _Scan(Row, frozen=True, kw_only=True):
    klass: str = msgspec.field(name="class")
    price_scan: float
    price_scan_sigmas: float
    vol_scan: float
    vol_scan_share: float
    calendar_charge: float
    exposure: float


class _NameScan(Row, frozen=True, kw_only=True):
    names: list[str]
    price_scan: float


class _Scenarios(Row, frozen=True, kw_only=True):
    price_moves: tuple[float, ...]
    vol_moves: tuple[float, ...]
    shares: tuple[float, ...]


class _Terms(Row, frozen=True, kw_only=True):
    exposure_calendar: float
    short_option_minimum: float
    equity_upfront: float


class _ByClass(Row, frozen=True, kw_only=True):
    klass: str = msgspec.field(name="class")
    rate: float = 0.0


class _Delivery(Row, frozen=True, kw_only=True):
    klass: str = msgspec.field(name="class")
    shares: list[float]


class _DeliveryDay(Row, frozen=True, kw_only=True):
    klass: str = msgspec.field(name="class")
    held: float
    value: float
    times: float


class _Interest(Row, frozen=True, kw_only=True):
    rate: float


class Margins:
    """Answers by instrument and day; answers are kept."""

    def __init__(self, rows: Rows, names: Names, calendar: Calendar) -> None:
        self._names = names
        self._calendar = calendar
        self._scan = rows.table("scan", _Scan, lambda r: [r.klass])
        self._name_scan = rows.table("name_scan", _NameScan, lambda r: r.names)
        self._scenarios = rows.table("scenarios", _Scenarios, lambda r: ["ALL"])
        self._terms = rows.table("margin_terms", _Terms, lambda r: ["ALL"])
        self._expiry_day = rows.table("expiry_day_margin", _ByClass, lambda r: [r.klass])
        self._no_benefit = rows.table("calendar_benefit_off", _ByClass, lambda r: [r.klass])
        self._interest = rows.table("interest", _Interest, lambda r: ["ALL"])
        self._delivery = rows.table("delivery_margin", _Delivery, lambda r: [r.klass])
        self._delivery_day = rows.table("delivery_day_margin", _DeliveryDay, lambda r: [r.klass])
        self._cache: dict[tuple[str, bool, int | None, date], MarginRules] = {}
        self._left: dict[tuple[date, date], int | None] = {}
        self.tables = {
            "scan": self._scan,
            "name_scan": self._name_scan,
            "interest": self._interest,
            "delivery_margin": self._delivery,
        }

    def of(self, instrument: Instrument, day: date) -> MarginRules:
        """Parameters in force; Invalid for a derivative on an unknown name."""
        index = instrument.segment.startswith("INDEX")
        left = self._days_left(instrument, index, day)
        key = (instrument.name, index, left, day)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) > 4096:
                self._cache.clear()
            if instrument.derivative:
                self._names.need(instrument.name)
            found = self._cache[key] = self._build(instrument.name, index, left, day)
        return found

    def _days_left(self, instrument: Instrument, index: bool, day: date) -> int | None:
        """Trading days until the contract ends, as far as margins ask for it: 0 on its last day, None when far."""
        expiry = instrument.expiry
        if expiry is None or expiry < day:
            return None
        if index or expiry == day or (expiry - day).days > DELIVERY_LOOK_DAYS:
            return 0 if expiry == day else None
        place = (day, expiry)
        if place not in self._left:
            if len(self._left) > 4096:
                self._left.clear()
            row = self._delivery.need("STOCK", day)
            days = (day + timedelta(days=n) for n in range(1, (expiry - day).days + 1))
            left = sum(self._calendar.trading_day(instrument.segment, d) for d in days)
            self._left[place] = left if left <= len(row.shares) else None
        return self._left[place]

    def interest(self, day: date) -> float:
        """Rate used for forwards, a year."""
        return self._interest.need("ALL", day).rate

    def _build(self, name: str, index: bool, left: int | None, day: date) -> MarginRules:
        klass = "INDEX" if index else "STOCK"
        expiring = left == 0
        last = self._delivery_day.at(klass, day) if expiring else None
        scan = self._scan.need(klass, day)
        own = self._name_scan.at(name, day)
        scenarios = self._scenarios.need("ALL", day)
        terms = self._terms.need("ALL", day)
        extra = self._expiry_day.at(klass, day) if expiring else None
        seen = own if own is not None else scan
        return MarginRules(
            index=index,
            price_scan=seen.price_scan,
            price_scan_sigmas=scan.price_scan_sigmas,
            vol_scan=scan.vol_scan,
            vol_scan_share=scan.vol_scan_share,
            price_moves=scenarios.price_moves,
            vol_moves=scenarios.vol_moves,
            shares=scenarios.shares,
            calendar_charge=scan.calendar_charge,
            calendar_benefit=not (expiring and self._no_benefit.at(klass, day) is not None),
            short_option_minimum=terms.short_option_minimum,
            exposure=scan.exposure,
            exposure_calendar=terms.exposure_calendar,
            expiry_day_short=extra.rate if extra is not None else 0.0,
            delivery_held=last.held if last is not None else self._held(klass, left, terms.equity_upfront, day),
            delivery_value=last.value if last is not None else 0.0,
            delivery_times=last.times if last is not None else 0.0,
            equity_upfront=terms.equity_upfront,
            rate=self._interest.need("ALL", day).rate,
            source=seen.source,
            conf=seen.conf,
        )

    def _held(self, klass: str, left: int | None, share_margin: float, day: date) -> float:
        return self._delivery.need(klass, day).shares[left - 1] * share_margin if left else 0.0
