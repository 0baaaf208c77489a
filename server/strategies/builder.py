"""The strategy builder's questions: what legs pay and take, how a template looks on this chain, what fits a view.

Works on legs that are asked for by instrument, side and lots; nothing here is an order or is kept.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.analytics.chains import Chains
from server.analytics.pricing import Priced, priced
from server.analytics.underlyings import Underlying, underlying
from server.analytics.view import finite
from server.core.errors import Invalid, NotFound, SaudaError
from server.domain.books import Charges, Position
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.market.market import Market
from server.options import analysis, payoff, probability, scenarios
from server.options.legs import Book, Leg
from server.options.payoff import Outcome, Totals
from server.options.probability import Lognormal
from server.options.recognise import Recognised, recognise
from server.risk.margin import MarginLeg
from server.rulebook import Rulebook
from server.strategies.costs import LegOrder, MarginNeed, charges_of, margin_of

__all__ = ("Builder", "Built", "Curve", "LegWanted", "Range")

F8 = npt.NDArray[np.float64]
MOST_LEGS = 20
MOST_LOTS = 9_999
_MOST_PRICE = 10_000_000
_MOST_SHIFT = 2.0
_MOST_DAYS = 120
"""Stops of a date slider."""
_POINTS = 241
_SIGMAS = 4.0


class LegWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A leg as a screen asks for it."""

    key: str
    side: Side
    lots: int = 1
    price: Decimal | None = None
    """Null: the middle of the market, else the last price."""
    iv: float | None = None
    """A volatility to use instead of the chain's."""


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Spots to look at."""

    low: float
    high: float
    count: int = _POINTS


class Curve(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Profit by spot at one date."""

    at: Literal["now", "date", "expiry"]
    date: date
    years: float
    values: F8


class Built(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Everything about a set of legs."""

    on: Priced
    legs: tuple[Leg, ...]
    book: Book
    spots: F8
    curves: tuple[Curve, ...]
    outcome: Outcome
    greeks: Totals
    leg_greeks: dict[str, F8]
    recognised: Recognised
    probability: float
    probability_smile: float | None
    expected: float
    expected_smile: float | None
    bands: tuple[tuple[float, float], ...]
    margin: MarginNeed | None
    charges: Charges | None
    order: tuple[int, ...]
    notes: tuple[str, ...]
    point: float
    """The spot Greeks are taken at."""
    shift: float
    sigma: float
    """Volatility the lognormal chances and the bands rest on."""
    days: tuple[tuple[date, float], ...]
    """Years from now of each day up to the first expiry: now first, then the close of each day."""


class Builder:
    """See the module's text. `plan` is whose charges are counted."""

    def __init__(self, chains: Chains, rulebook: Rulebook, plan: str) -> None:
        self._chains = chains
        self._rulebook = rulebook
        self._plan = plan

    # ------------------------------------------------------------------ legs

    async def on(self, market_id: str, legs: Sequence[LegWanted], field: str = "legs") -> tuple[Priced, list[Leg]]:
        """The underlying of the legs, priced, and the legs in it; raises Invalid naming leg and field."""
        market = self._chains.market(market_id)
        found, items = self.instruments(market, legs, field)
        expiries = {item.expiry for item in items if item.expiry is not None}
        base = await priced(self._chains, market_id, found, expiries or {found.expiries[0]})
        if not base.views:
            base = await priced(self._chains, market_id, found, {found.expiries[0]})
        made = []
        for index, (leg, item) in enumerate(zip(legs, items, strict=True)):
            try:
                units = leg.lots * item.lot * (1 if leg.side == "BUY" else -1)
                made.append(base.leg(item, units, leg.price, leg.iv))
            except Invalid as error:
                error.field = f"{field}[{index}].{error.field}"
                raise
        return base, made

    def instruments(
        self, market: Market, legs: Sequence[LegWanted], field: str = "legs"
    ) -> tuple[Underlying, list[Instrument]]:
        """Instruments of the legs, all on one underlying; raises Invalid naming leg and field."""
        if not 1 <= len(legs) <= MOST_LEGS:
            raise Invalid(
                f"A strategy has 1 to {MOST_LEGS} legs; {len(legs)} were sent.",
                code="options.legs",
                field=field,
                limit=MOST_LEGS,
                value=len(legs),
                remedy="Add a leg from the chain." if not legs else "Leave some legs out.",
            )
        items = [self._instrument(market, leg, f"{field}[{index}]") for index, leg in enumerate(legs)]
        names = list(dict.fromkeys(item.name for item in items))
        if len(names) > 1:
            raise Invalid(
                f"The legs are on {' and '.join(names[:3])}: a strategy has one underlying.",
                code="options.mixed",
                field=field,
                remedy="Build one strategy for each underlying.",
            )
        return underlying(market, names[0]), items

    def _instrument(self, market: Market, leg: LegWanted, field: str) -> Instrument:
        if not 1 <= leg.lots <= MOST_LOTS:
            raise Invalid(
                f"{leg.lots} lots: lots are whole numbers from 1 to {MOST_LOTS:,}.",
                code="options.lots",
                field=f"{field}.lots",
                limit=MOST_LOTS,
                value=leg.lots,
                remedy="Use BUY or SELL for the direction, and one lot or more.",
            )
        item = market.instrument(leg.key)
        if item is None:
            raise NotFound(
                f"{leg.key[:60] or 'A leg without a name'} is not in this market.",
                code="instrument.unknown",
                field=f"{field}.key",
                value=leg.key[:60],
                remedy="Choose a contract from the chain.",
            )
        if item.kind not in ("OPTION", "FUTURE", "EQUITY"):
            raise Invalid(
                f"{item.symbol} cannot be a leg: it is an {item.kind.lower()}.",
                code="options.not_derivative",
                field=f"{field}.key",
                remedy="Use its options or futures.",
            )
        if item.expiry is not None and (
            item.expiry < market.day or self._rulebook.year_fraction(market.now(), item.expiry) <= 0
        ):
            raise Invalid(
                f"{item.symbol} has expired on {item.expiry:%d %b %Y}.",
                code="options.expired",
                field=f"{field}.key",
                value=leg.key,
                remedy="Choose a contract of a later expiry.",
            )
        if leg.price is not None and not (leg.price.is_finite() and 0 <= leg.price <= _MOST_PRICE):
            raise Invalid(
                f"A price lies between 0 and {_MOST_PRICE:,}.",
                code="options.price",
                field=f"{field}.price",
                value=str(leg.price)[:40],
                remedy="Send a price in rupees, as text, or leave it out for what the leg costs now.",
            )
        if leg.iv is not None and not 0 < leg.iv <= 10:
            raise Invalid(
                "A volatility lies above 0 and up to 10 (1000 %).",
                code="options.range",
                field=f"{field}.iv",
                value=leg.iv,
            )
        return item

    async def priced_at(self, market_id: str, asked: str, expiries: Collection[date]) -> Priced:
        """An underlying with the chains of some expiries, the nearest where none is listed."""
        found = underlying(self._chains.market(market_id), asked)
        base = await priced(self._chains, market_id, found, expiries)
        return base if base.views else await priced(self._chains, market_id, found, found.expiries[:1])

    async def priced_for(self, market_id: str, legs: Sequence[Leg]) -> Priced:
        """The underlying of legs that are held, with the chains of their expiries."""
        item = self._chains.market(market_id).instrument(legs[0].key)
        name = item.name if item is not None else ""
        return await self.priced_at(market_id, name, {leg.expiry for leg in legs if leg.expiry is not None})

    # ---------------------------------------------------------------- payoff

    async def payoff(
        self,
        market_id: str,
        legs: Sequence[LegWanted],
        *,
        spots: Range | None = None,
        dates: Sequence[date] = (),
        spot: float | None = None,
        shift: float = 0.0,
        held: Sequence[Position] = (),
        product: Product = "NRML",
    ) -> Built:
        """Everything about a set of legs; `held` are positions that are there already."""
        base, made = await self.on(market_id, legs)
        return self.built(base, made, spots=spots, dates=dates, spot=spot, shift=shift, held=held, product=product)

    def built(
        self,
        base: Priced,
        legs: Sequence[Leg],
        *,
        spots: Range | F8 | None = None,
        dates: Sequence[date] = (),
        spot: float | None = None,
        shift: float = 0.0,
        held: Sequence[Position] = (),
        product: Product = "NRML",
        costs: bool = True,
    ) -> Built:
        """The same for legs already priced."""
        book = Book.of(legs, base.setting)
        until = analysis.horizon(book)
        sigma = self._sigma(base, book)
        if spot is not None and not 0 < spot < 100 * base.spot:
            raise Invalid("A spot is a price above zero.", code="options.range", field="spot", value=spot)
        if not abs(shift) <= _MOST_SHIFT:
            raise Invalid(
                "A shift of volatility lies between -2 and 2 (0.01 is one point).",
                code="options.range",
                field="iv_shift",
                value=shift,
            )
        grid = spots if isinstance(spots, np.ndarray) else _grid(spots, book, sigma)
        marks = [("now", base.market.day, 0.0)]
        marks += [("date", day, self._after(base, book, day, f"dates[{n}]")) for n, day in enumerate(dates)]
        marks.append(("expiry", _first_day(legs, base.market.day), until))
        values = np.vstack([payoff.profit(book, grid, years, shift) for _, _, years in marks])
        outcome = payoff.outcome(book)
        normal = Lognormal(book.forward(until), sigma * until**0.5)
        smile = self._smile(base, legs)
        notes: list[str] = []
        margin = charges = None
        if costs:
            margin, charges = self._costs(base, legs, held, product, notes)
        if smile is None:
            notes.append("No smile could be fitted: the probability rests on the lognormal alone.")
        at = spot if spot is not None else base.spot
        return Built(
            on=base,
            legs=tuple(legs),
            book=book,
            spots=grid,
            curves=tuple(
                Curve(at=kind, date=day, years=years, values=values[n])  # type: ignore[arg-type]
                for n, (kind, day, years) in enumerate(marks)
            ),
            outcome=outcome,
            greeks=payoff.greeks(book, at, 0.0, shift),
            leg_greeks=payoff.leg_greeks(book, at, 0.0, shift),
            recognised=recognise(legs, base.spot),
            probability=probability.probability_of_profit(book, normal, known=outcome),
            probability_smile=None if smile is None else probability.probability_of_profit(book, smile, known=outcome),
            expected=probability.expected_profit(book, normal, known=outcome),
            expected_smile=None if smile is None else probability.expected_profit(book, smile, known=outcome),
            bands=probability.bands(normal),
            margin=margin,
            charges=charges,
            order=tuple(sorted(range(len(legs)), key=lambda i: legs[i].quantity < 0)),
            notes=tuple(notes),
            point=at,
            shift=shift,
            sigma=sigma,
            days=self._days(base, _first_day(legs, base.market.day), until),
        )

    async def scenarios(
        self,
        market_id: str,
        legs: Sequence[LegWanted],
        *,
        spots: Range | None,
        shifts: Sequence[float],
        dates: Sequence[date],
    ) -> tuple[Priced, F8, F8, list[date], F8]:
        """(underlying, spots, shifts, dates, profit by date, shift and spot)."""
        base, made = await self.on(market_id, legs)
        book = Book.of(made, base.setting)
        grid = _grid(spots or Range(low=0, high=0, count=21), book, self._sigma(base, book), whole=spots is None)
        days = list(dates) or self._some_days(base, made)
        after = [self._after(base, book, day, f"dates[{n}]") for n, day in enumerate(days)]
        moved = np.array(shifts or (0.0,), dtype=np.float64)
        if not (np.isfinite(moved).all() and (np.abs(moved) <= _MOST_SHIFT).all()):
            raise Invalid(
                "Shifts of volatility lie between -2 and 2 (0.01 is one point).",
                code="options.range",
                field="iv_shifts",
            )
        return base, grid, moved, days, scenarios.grid(book, grid, moved, np.array(after))

    def margin_legs(self, base: Priced, held: Sequence[Position]) -> list[MarginLeg]:
        """Positions on the same underlying, for the margin; raises Invalid where one has no price."""
        return _margin_legs(base, held)

    def order_legs(self, market: Market, legs: Sequence[Leg], product: Product) -> list[LegOrder]:
        """Legs as orders."""
        out = []
        for leg in legs:
            item = market.instrument(leg.key)
            if item is None:
                raise NotFound(f"{leg.key} is not in this market.", code="instrument.unknown", field="legs")
            own: Product = "CNC" if leg.kind == "EQUITY" and product == "NRML" else product
            out.append(LegOrder(instrument=item, quantity=leg.quantity, price=leg.price, product=own))
        return out

    # ---------------------------------------------------------------- inside

    def _sigma(self, base: Priced, book: Book) -> float:
        expiries = [leg.expiry for leg in book.legs if leg.expiry is not None]
        view = base.views.get(min(expiries)) if expiries else None
        if view is None and base.views:
            view = next(iter(base.views.values()))
        atm = view.summary.atm_iv if view is not None else None
        return atm or float(np.max(book.sigma)) or 0.2

    def _smile(self, base: Priced, legs: Sequence[Leg]) -> probability.Distribution | None:
        expiries = [leg.expiry for leg in legs if leg.expiry is not None]
        view = base.views.get(min(expiries)) if expiries else None
        return None if view is None else view.density()

    def _costs(
        self, base: Priced, legs: Sequence[Leg], held: Sequence[Position], product: Product, notes: list[str]
    ) -> tuple[MarginNeed | None, Charges | None]:
        orders = self.order_legs(base.market, legs, product)
        margin = charges = None
        try:
            margin = margin_of(base.market, self._rulebook, orders, self.margin_legs(base, held))
        except SaudaError as error:
            notes.append(f"The margin cannot be told: {error.detail}")
        try:
            charges = charges_of(self._rulebook, self._plan, orders, base.market.day)
        except SaudaError as error:
            notes.append(f"The charges cannot be told: {error.detail}")
        return margin, charges

    def _after(self, base: Priced, book: Book, day: date, field: str) -> float:
        """Years from now to the close of a day."""
        if day < base.market.day:
            raise Invalid(
                f"{day:%d %b %Y} has passed.", code="options.date", field=field, value=day.isoformat(),
                remedy="Choose today or a later date.",
            )  # fmt: skip
        last = max((leg.expiry for leg in book.legs if leg.expiry is not None), default=None)
        if last is not None and day > last:
            raise Invalid(
                f"{day:%d %b %Y} lies after the last expiry of these legs, {last:%d %b %Y}.",
                code="options.date",
                field=field,
                value=day.isoformat(),
                limit=last.isoformat(),
                remedy="Choose a date up to the last expiry.",
            )
        # a chain may be seconds old: on an expiry day its own count of time is what leaves an option nothing
        term = base.term(day)
        years = term.years if term is not None else self._rulebook.year_fraction(base.market.now(), day)
        return min(years, book.last_expiry) if np.isfinite(book.last_expiry) else years

    def _days(self, base: Priced, first: date, until: float) -> tuple[tuple[date, float], ...]:
        """Days a date slider stops at, so that a client can value the legs itself; thinned out where there are many."""
        today, now = base.market.day, base.market.now()
        count = (first - today).days
        step = max(1, -(-count // _MOST_DAYS))
        between = (today + timedelta(days=n) for n in range(step, count, step))
        found = [(day, min(self._rulebook.year_fraction(now, day), until)) for day in between]
        return ((today, 0.0), *found, (first, until))

    def _some_days(self, base: Priced, legs: Sequence[Leg]) -> list[date]:
        """Today, the first expiry, and up to three days between them."""
        first = _first_day(legs, base.market.day)
        span = (first - base.market.day).days
        days = sorted({round(span * share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)})
        return [date.fromordinal(base.market.day.toordinal() + n) for n in days]


def _grid(asked: Range | None, book: Book, sigma: float, *, whole: bool = False) -> F8:
    """The spots asked for, else four standard deviations about the spot with every strike in it."""
    if asked is not None and not whole:
        if not (0 <= asked.low < asked.high <= 100 * book.spot) or not 2 <= asked.count <= 1001:
            raise Invalid(
                "Spots go from a low to a higher one, in 2 to 1,001 steps.",
                code="options.range",
                field="spots",
                remedy="Send low below high, both above zero.",
            )
        return np.linspace(asked.low, asked.high, asked.count)
    count = asked.count if asked is not None else _POINTS
    reach = max(_SIGMAS * sigma * analysis.horizon(book) ** 0.5, 0.03)
    strikes = book.strike[book.sign != 0.0]
    low = min(book.spot * (1.0 - min(reach, 0.9)), 0.98 * float(strikes.min(initial=book.spot)))
    high = max(book.spot * (1.0 + reach), 1.02 * float(strikes.max(initial=book.spot)))
    return np.linspace(low, high, count)


def _first_day(legs: Sequence[Leg], today: date) -> date:
    days = [leg.expiry for leg in legs if leg.expiry is not None]
    return min(days) if days else date.fromordinal(today.toordinal() + 30)


def _margin_legs(base: Priced, held: Sequence[Position]) -> list[MarginLeg]:
    out = []
    for position in held:
        item = base.market.instrument(position.key)
        if item is None or item.name != base.underlying.name or not position.quantity or not item.tradable:
            continue
        last = base.market.last(position.key)
        if finite(last) is None:
            raise Invalid(f"There is no price of {item.symbol} yet.", code="options.price", field="account")
        out.append(
            MarginLeg(
                instrument=item,
                quantity=position.quantity,
                price=last,
                underlying_price=base.spot,
                product=position.product,
            )
        )
    return out
