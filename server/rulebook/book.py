"""The rulebook: one dated answer to every question about market rules, or Invalid.

Rows come from `config/rules/*.toml`. A date, name or segment that no row covers raises Invalid with a code
`rules.unknown_*`; nothing is guessed. This class only joins the parts, one module a subject.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from server.core.clock import IST
from server.core.errors import Invalid
from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.rulebook.abroad import Abroad
from server.rulebook.calendar import Calendar
from server.rulebook.charges import ChargeRules, ContractNote, Trade
from server.rulebook.contracts import Contracts
from server.rulebook.expiries import Expiries, Expiry
from server.rulebook.margins import MarginRules, Margins
from server.rulebook.names import Names, Underlying
from server.rulebook.orders import OrderRules
from server.rulebook.rows import Row, Rows, Table, unknown
from server.rulebook.sessions import Phase, Session, Sessions, Settlement

__all__ = ("Rulebook",)

_MINUTES_A_YEAR = 365 * 24 * 60
_ONE_DAY = timedelta(days=1)
_NOTHING = Decimal(0)
_REMEMBERED = 512


class Rulebook:
    """Facade over all dated rules. Answers do not change after loading, so they may be kept."""

    def __init__(self, rows: Rows) -> None:
        self.groups = frozenset(rows.groups)
        """Names of the row groups that can be switched off, such as `sebi-2026-12`."""
        self._calendar = Calendar(rows)
        self._names = Names(rows)
        self._expiries = Expiries(rows, self._names, self._calendar)
        self._contracts = Contracts(rows, self._names, self._expiries)
        self._sessions = Sessions(rows, self._calendar)
        self._orders = OrderRules(rows)
        self._charges = ChargeRules(rows)
        self._margins = Margins(rows, self._names, self._calendar)
        self._abroad = Abroad(rows)
        self._charged: dict[tuple[object, ...], Charges] = {}
        """Of the last whole orders: one is asked for when it is assessed and again when it fills."""
        rows.finish()
        self._tables: dict[str, Table[Row]] = {}
        for part in (
            self._calendar,
            self._expiries,
            self._contracts,
            self._sessions,
            self._orders,
            self._charges,
            self._margins,
            self._abroad,
        ):
            self._tables.update(part.tables)  # type: ignore[arg-type]  # tables are only read

    @classmethod
    def load(cls, folder: Path, *, without: frozenset[str] = frozenset()) -> "Rulebook":
        """Read every `*.toml` of `folder`; rows of the groups named in `without` are left out.

        Raises Fault when a file cannot be read, a row is wrong or two rows claim the same day; Invalid for an
        unknown group."""
        return cls(Rows(folder, without))

    def source_of(self, rule: str, day: date, key: str) -> tuple[str, str]:
        """(source, confidence) of the row in force, as in `source_of("lot", expiry, "NIFTY weekly")`.

        `rule` is a table's name in `config/rules`, `key` one of its keys."""
        table = self._tables.get(rule)
        if table is None:
            raise unknown(
                "rule", f"There is no rule table {rule}.", remedy=f"Known: {', '.join(sorted(self._tables))}."
            )
        row = table.need(key, day)
        return row.source, row.conf

    # ---- days and hours

    def trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> bool:
        """Whether `segment` trades on `day` (special sessions count)."""
        if self._abroad.has(segment):
            return self._abroad.session(segment, day) is not None
        return self._calendar.trading_day(segment, day)

    def next_trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> date:
        """The first trading day after `day`."""
        if self._abroad.has(segment):
            return self._abroad.step(segment, day, 1)
        return self._calendar.step(segment, day, 1)

    def previous_trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> date:
        """The last trading day before `day`."""
        if self._abroad.has(segment):
            return self._abroad.step(segment, day, -1)
        return self._calendar.step(segment, day, -1)

    def session(self, segment: str, day: date) -> Session:
        """Phases of `segment` on `day`; Invalid (`rules.no_session`) when it does not trade then."""
        if self._abroad.has(segment):
            session = self._abroad.session(segment, day)
            if session is None:
                raise Invalid(f"{segment} does not trade on {day}.", code="rules.no_session", field="day")
            return session
        return self._sessions.need(segment, day)

    def phase(self, segment: str, at: datetime) -> Phase | None:
        """The phase at an aware moment of market time; None = closed."""
        day = at.astimezone(IST).date()
        session = self._abroad.session(segment, day) if self._abroad.has(segment) else self._sessions.on(segment, day)
        return session.at(at) if session is not None else None

    def trading_end(self, instrument: Instrument, day: date) -> datetime:
        """Aware UTC moment when continuous trading in `instrument` ends; an expiring contract may stop early."""
        if self._abroad.has(instrument.segment):
            return self.session(instrument.segment, day).close
        return self._sessions.trading_end(instrument.segment, day, instrument.expiry)

    def square_off(self, broker: str, segment: str, day: date) -> datetime:
        """Aware UTC moment of the broker's automatic square-off of MIS positions."""
        return self._sessions.square_off(broker, segment, day)

    def settlement(self, instrument: Instrument) -> Settlement:
        """How a future or option is settled on its expiry day."""
        if instrument.expiry is None:
            raise Invalid(f"{instrument.key} does not expire.", code="rules.expiry", field="key")
        return self._sessions.settlement(instrument.segment, instrument.expiry)

    def daily_settlement(self, instrument: Instrument, day: date) -> tuple[datetime, datetime]:
        """The window of `day` whose average trade price a future is marked to; its end is when the mark takes effect.

        Raises Invalid for what is not a future, a day without trading, and a segment whose rule is not known."""
        if instrument.kind != "FUTURE":
            raise Invalid(f"{instrument.key} is not marked to market daily.", code="rules.mark", field="key")
        if self._abroad.has(instrument.segment):
            raise unknown("daily_settlement", f"How {instrument.key} is marked is not known.", field="key")
        return self._sessions.daily_settlement(instrument.segment, day)

    def carry(self, day: date) -> float:
        """Interest a year, continuously compounded, for the price of a future that did not trade."""
        return self._margins.interest(day)

    def year_fraction(self, at: datetime, expiry: date, *, basis: str = "calendar") -> float:
        """Years from aware `at` to the end of trading in options on `expiry`; 0 when past.

        `calendar`: minutes over 365 days, as the exchanges take them for delta (circular e516a822). `trading`: open
        minutes over those of 365 days up to then; needs published calendars for all of these days."""
        published = self._calendar.published("INDEX_OPT", expiry) and self.trading_day(expiry, "INDEX_OPT")
        end = (
            self._sessions.trading_end("INDEX_OPT", expiry, expiry)
            if published
            else self._sessions.usual_close("INDEX_OPT", expiry)
        )
        if end <= at:
            return 0.0
        if basis == "calendar":
            return (end - at).total_seconds() / 60 / _MINUTES_A_YEAR
        if basis == "trading":
            return self._open_minutes(at, end) / self._open_minutes(end - timedelta(days=365), end)
        raise Invalid(f"Unknown basis {basis}.", code="rules.basis", field="basis", remedy="Use calendar or trading.")

    def _open_minutes(self, start: datetime, end: datetime) -> float:
        day, last, total = start.astimezone(IST).date(), end.astimezone(IST).date(), 0.0
        while day <= last:
            session = self._sessions.on("INDEX_OPT", day)
            if session is not None:
                for phase in session.phases:
                    total += max(0.0, (min(phase.end, end) - max(phase.start, start)).total_seconds() / 60)
            day += _ONE_DAY
        return total

    # ---- contracts

    def underlyings(self, kind: str | None = None) -> tuple[Underlying, ...]:
        """Known names with derivatives: `INDEX`, `EQUITY` (the NIFTY 50 shares), or both."""
        return self._names.all(kind)

    def underlying(self, name: str) -> Underlying:
        """One of them."""
        return self._names.need(name)

    def lot(self, name: str, expiry: date) -> int:
        """Units in one lot of the contract on `name` that expires on `expiry`."""
        return self._contracts.lot(name, expiry)

    def freeze(self, name: str, day: date) -> int | None:
        """Largest units in one order; None = no limit known for this name and day."""
        return self._contracts.freeze(name, day)

    def tick(self, segment: str, price: Decimal, day: date, exchange: str = "NSE") -> Decimal:
        """Price step. `price`: last month-end close of the share or future, for options that of the underlying."""
        return self._contracts.tick(segment, price, day, exchange)

    def strike_gap(self, name: str, day: date, expiry: date | None = None) -> Decimal:
        """Distance between strikes near the money; quarterly and half-yearly expiries may have a wider one."""
        return self._contracts.strike_gap(name, day, expiry)

    def expiries(self, name: str, day: date) -> list[Expiry]:
        """Option expiries listed on `day`, soonest first (an expiry on `day` itself included)."""
        return self._expiries.listed(name, day)

    def futures_expiries(self, name: str, day: date) -> list[date]:
        """Expiries of the three futures months listed on `day`."""
        return self._expiries.monthlies(name, day, 3)

    # ---- orders

    def order_types(self, instrument: Instrument, day: date) -> frozenset[str]:
        """Order types the exchange takes for `instrument` in continuous trading; empty for an index."""
        if self._abroad.has(instrument.segment):
            return self._abroad.types(instrument.segment, day) if instrument.tradable else frozenset()
        return self._orders.types(instrument, day)

    def price_band(self, instrument: Instrument, reference: Decimal, day: date) -> tuple[Decimal, Decimal]:
        """Lowest and highest limit price taken, on the tick. `reference`: mean of the last trades for derivatives,
        previous close for shares."""
        if self._abroad.has(instrument.segment):
            return self._abroad.band(reference, instrument.tick)
        return self._orders.band(instrument, reference, day)

    def protection(self, instrument: Instrument, price: Decimal, day: date) -> Decimal:
        """Market protection in percent of the price."""
        return self._orders.protection(instrument, price, day)

    # ---- money

    @property
    def brokers(self) -> tuple[str, ...]:
        """Brokers whose charges are known."""
        return self._charges.brokers

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
        brokerage_so_far: Decimal = _NOTHING,
        value_so_far: Decimal = _NOTHING,
        rounded: bool = True,
    ) -> Charges:
        """Charges of one fill in rupees: STT in whole rupees, the other lines in paise.

        `brokerage_so_far` and `value_so_far` (rupees) are what earlier fills of the same order paid and turned over:
        with them the fills of an order cost together what one fill would. `rounded=False` gives exact figures."""
        if self._abroad.has(instrument.segment):
            return Charges()  # brokers there report their commission with the trade; none is estimated
        asked: tuple[object, ...] | None = None
        if first_fill_of_order and rounded and price.is_finite() and not (value_so_far or brokerage_so_far):
            kind = (instrument.exchange, instrument.symbol, instrument.kind, instrument.segment, instrument.unit)
            asked = (broker, *kind, side, product, quantity, price, day)
            if (known := self._charged.get(asked)) is not None:
                return known
        trade = Trade(instrument=instrument, side=side, product=product, quantity=quantity, price=price, order="")
        found = self._charges.fill(
            broker,
            trade,
            day,
            first=first_fill_of_order,
            brokerage_so_far=brokerage_so_far,
            value_so_far=value_so_far,
            rounding=rounded,
        )
        if asked is not None:
            if len(self._charged) >= _REMEMBERED:
                self._charged.clear()
            self._charged[asked] = found
        return found

    def exact_charges(self, trade: Trade, day: date, brokerage: Decimal, *, ipft: bool = True) -> Charges:
        """Unrounded lines at a brokerage given from outside, to check a broker's own figures against."""
        return self._charges.exact(trade, day, brokerage, ipft=ipft)

    def contract_note(self, broker: str, trades: Sequence[Trade], day: date) -> ContractNote:
        """Charges of a day's trades, each line rounded once."""
        return self._charges.note(broker, trades, day)

    def day_stt(
        self, buys: Sequence[tuple[int, Decimal]], sells: Sequence[tuple[int, Decimal]], day: date
    ) -> tuple[Decimal, Decimal]:
        """(intraday, delivery) STT of a share's (quantity, price) trades of one day, netted as the exchange does."""
        return self._charges.day_stt(buys, sells, day)

    def exercise_charges(self, quantity: int, intrinsic: Decimal, day: date) -> Charges:
        """STT of a long option exercised at expiry; `intrinsic` is rupees a unit."""
        return self._charges.exercise(quantity, intrinsic, day)

    def depository_charges(self, broker: str, instrument: Instrument, day: date) -> Charges:
        """What delivering one share out of the demat account costs on a day, with GST; nothing abroad."""
        if self._abroad.has(instrument.segment):
            return Charges()
        return self._charges.dp(broker, 1, day)

    def dp_charges(self, broker: str, shares: int, day: date) -> Charges:
        """Depository charges for `shares` different shares sold from holdings on one day."""
        return self._charges.dp(broker, shares, day)

    def square_off_charges(self, broker: str, day: date) -> Charges:
        """Fee for one order of the broker's automatic square-off."""
        return self._charges.square_off(broker, day)

    def margin_rules(self, instrument: Instrument, day: date) -> MarginRules:
        """Margin parameters in force for `instrument`."""
        if self._abroad.has(instrument.segment):
            return self._abroad.margins(instrument.segment, day)
        return self._margins.of(instrument, day)
