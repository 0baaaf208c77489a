"""The strategy builder: what legs pay and take, and their profit over spots, volatilities and dates."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import numpy as np
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.analytics.view import finite
from server.api.context import Context
from server.api.options import strike_text
from server.api.strict import Strict
from server.api.wire import money, price
from server.domain.books import Charges, Position
from server.options.legs import Leg
from server.options.payoff import Outcome
from server.strategies.builder import Built, LegWanted, Range
from server.strategies.costs import MarginNeed

__all__ = (
    "ROUTES",
    "ChargesWire",
    "LegWire",
    "MarginWire",
    "OutcomeWire",
    "RecognisedWire",
    "TotalsWire",
    "charges_wire",
    "leg_wire",
    "margin_wire",
    "numbers",
    "outcome_wire",
    "totals_wire",
)

_DAYS = 365.0


class PayoffAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Legs, and where to look at them."""

    legs: Annotated[list[LegWanted], msgspec.Meta(max_length=50)]
    market: str = "sim"
    account: str | None = None
    """Whose positions are there already, for the margin; null = none."""
    spots: Range | None = None
    dates: Annotated[list[date], msgspec.Meta(max_length=4)] = []
    spot: float | None = None
    """Where Greeks and `point` are taken; null = where the underlying stands."""
    iv_shift: float = 0.0
    """Added to every volatility: 0.01 is one point."""


class ScenariosAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Legs and a grid."""

    legs: Annotated[list[LegWanted], msgspec.Meta(max_length=50)]
    market: str = "sim"
    spots: Range | None = None
    iv_shifts: Annotated[list[float], msgspec.Meta(max_length=41)] = []
    dates: Annotated[list[date], msgspec.Meta(max_length=12)] = []


class LegWire(msgspec.Struct, frozen=True, kw_only=True):
    """A leg with what is known of its contract now."""

    key: str
    side: str
    lots: int
    quantity: int
    """Signed units."""
    price: str
    strike: str | None
    right: str | None
    kind: str
    expiry: date | None
    days_left: float | None
    iv: float | None
    delta: float | None = None
    """Of the whole leg, as the other Greeks."""
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None


class RecognisedWire(msgspec.Struct, frozen=True):
    """What the legs are called; null = no strategy of the list."""

    key: str | None
    view: str | None
    lots: int


class CurveWire(msgspec.Struct, frozen=True, kw_only=True):
    """Profit by spot at one date."""

    at: str
    """now, date or expiry."""
    date: date
    years: float
    values: list[float]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Profit at one spot."""

    spot: float
    profit_now: float
    profit_expiry: float
    profits: list[float]
    """One a curve."""


class OutcomeWire(msgspec.Struct, frozen=True, kw_only=True):
    """What the curve at the first expiry says; null beside a flag = without bound."""

    breakevens: list[float]
    max_profit: float | None
    max_loss: float | None
    profit_unbounded: bool
    loss_unbounded: bool
    reward_to_risk: float | None


class Chance(msgspec.Struct, frozen=True):
    """Under the lognormal distribution, and under the smile's own."""

    lognormal: float | None
    smile: float | None


class Bands(msgspec.Struct, frozen=True):
    """Where the spot ends with one and two standard deviations, at the first expiry."""

    one: tuple[float, float]
    two: tuple[float, float]


class TotalsWire(msgspec.Struct, frozen=True, kw_only=True):
    """Greeks of all legs: theta in rupees a calendar day, vega a point of volatility, rho a percent of interest."""

    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    rho: float | None


class MarginWire(msgspec.Struct, frozen=True, kw_only=True):
    """Money the legs take, buys sent first; premium paid beyond premium received is in it."""

    initial: str
    final: str
    alone: str
    """Leg by leg, without the benefit of hedges."""
    benefit: str


class ChargesWire(msgspec.Struct, frozen=True, kw_only=True):
    """Charges of trading all legs once."""

    total: str
    brokerage: str
    stt: str
    exchange: str
    sebi: str
    gst: str
    stamp: str
    other: str


class TermWire(msgspec.Struct, frozen=True, kw_only=True):
    """An expiry as of now."""

    expiry: date
    years: float
    forward: float
    rate: float
    """Continuously compounded."""


class DayWire(msgspec.Struct, frozen=True):
    """A day up to the first expiry, and the years from now to its close; the first is now itself."""

    date: date
    years: float


class PayoffWire(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the builder shows."""

    market: str
    underlying: str
    name: str
    spot: float | None
    forward: float | None
    at: datetime
    age: float
    legs: list[LegWire]
    recognised: RecognisedWire
    net_premium: str
    """Rupees paid for options; below zero is received."""
    spots: list[float]
    curves: list[CurveWire]
    point: Point
    outcome: OutcomeWire
    probability: Chance
    expected: Chance
    bands: Bands | None
    greeks: TotalsWire
    margin: MarginWire | None
    charges: ChargesWire | None
    order: list[int]
    """Numbers of the legs in the order they are sent."""
    terms: list[TermWire]
    """What each expiry of the legs was valued with: whoever has them can value the legs at any spot without asking."""
    days: list[DayWire]
    sigma: float | None
    """Volatility the bands and the lognormal chances rest on."""
    notes: list[str]


class ScenariosWire(msgspec.Struct, frozen=True, kw_only=True):
    """Profit by date, shift of volatility and spot."""

    underlying: str
    spot: float | None
    spots: list[float]
    iv_shifts: list[float]
    dates: list[date]
    profit: list[list[list[float]]]


@post(
    "/api/v1/options/payoff",
    dto=Strict[PayoffAsked],
    return_dto=None,
    tags=["Options"],
    summary="What a set of legs pays and takes",
    status_code=200,
)
async def payoff(context: NamedDependency[Context], data: JSONBody[PayoffAsked]) -> PayoffWire:
    """Curves now, at dates and at the first expiry, breakevens, probabilities, Greeks, margin and charges."""
    held: list[Position] = []
    if data.account is not None:
        context.account(data.account)
        held = context.ledger.positions(data.account)
    built = await context.builder.payoff(
        data.market,
        data.legs,
        spots=data.spots,
        dates=data.dates,
        spot=data.spot,
        shift=data.iv_shift,
        held=held,
    )
    return _payoff_wire(context, data, built)


@post(
    "/api/v1/options/scenarios",
    dto=Strict[ScenariosAsked],
    return_dto=None,
    tags=["Options"],
    summary="Profit over spots, volatilities and dates",
    status_code=200,
)
async def scenarios(context: NamedDependency[Context], data: JSONBody[ScenariosAsked]) -> ScenariosWire:
    """Without dates: today, the first expiry and what lies between."""
    base, spots, shifts, days, grid = await context.builder.scenarios(
        data.market, data.legs, spots=data.spots, shifts=data.iv_shifts, dates=data.dates
    )
    return ScenariosWire(
        underlying=base.underlying.key,
        spot=finite(base.spot),
        spots=numbers(spots),
        iv_shifts=numbers(shifts, 6),
        dates=days,
        profit=np.round(grid, 2).tolist(),
    )


def _payoff_wire(context: Context, data: PayoffAsked, built: Built) -> PayoffWire:
    base = built.on
    here = [float(np.interp(built.point, built.spots, curve.values)) for curve in built.curves]
    view = next(iter(base.views.values()), None)
    first = min((leg.expiry for leg in built.legs if leg.expiry is not None), default=None)
    term = base.setting.terms.get(first) if first is not None else None
    return PayoffWire(
        market=data.market,
        underlying=base.underlying.key,
        name=base.underlying.name,
        spot=finite(base.spot),
        forward=None if term is None else finite(term.forward),
        at=base.market.now(),
        age=0.0 if view is None else round(context.chains.age(view), 3),
        legs=[leg_wire(leg, built, n) for n, leg in enumerate(built.legs)],
        recognised=RecognisedWire(built.recognised.key, built.recognised.view, built.recognised.lots),
        net_premium=_rupees(built.book.premium),
        spots=numbers(built.spots),
        curves=[
            CurveWire(at=curve.at, date=curve.date, years=round(curve.years, 8), values=numbers(curve.values))
            for curve in built.curves
        ],
        point=Point(
            spot=built.point,
            profit_now=round(here[0], 2),
            profit_expiry=round(here[-1], 2),
            profits=[round(value, 2) for value in here],
        ),
        outcome=outcome_wire(built.outcome),
        probability=Chance(finite(built.probability), _or_none(built.probability_smile)),
        expected=Chance(finite(built.expected), _or_none(built.expected_smile)),
        bands=Bands(built.bands[0], built.bands[1]) if len(built.bands) > 1 else None,
        greeks=totals_wire(built.greeks),
        margin=None if built.margin is None else margin_wire(built.margin),
        charges=None if built.charges is None else charges_wire(built.charges),
        order=list(built.order),
        terms=[
            TermWire(expiry=day, years=one.years, forward=one.forward, rate=one.rate)
            for day, one in sorted(base.setting.terms.items())
            if any(leg.expiry == day for leg in built.legs)
        ],
        days=[DayWire(day, years) for day, years in built.days],
        sigma=finite(built.sigma),
        notes=list(built.notes),
    )


def leg_wire(leg: Leg, built: Built | None = None, index: int = 0) -> LegWire:
    """A leg; with what was built of it its Greeks too."""
    lots = abs(leg.quantity) // max(1, leg.lot)
    wire: dict[str, Any] = {
        "key": leg.key,
        "side": "BUY" if leg.quantity > 0 else "SELL",
        "lots": max(1, lots),
        "quantity": leg.quantity,
        "price": price(leg.price) or "0",
        "strike": None if leg.strike is None else strike_text(float(leg.strike)),
        "right": leg.right,
        "kind": leg.kind,
        "expiry": leg.expiry,
        "days_left": None,
        "iv": leg.sigma,
    }
    if built is not None:
        years = float(built.book.years[index])
        wire["days_left"] = round(years * _DAYS, 4) if np.isfinite(years) else None
        sigma = float(built.book.sigma[index])
        wire["iv"] = sigma if sigma > 0 else None
        for name in ("delta", "gamma", "theta", "vega"):
            wire[name] = finite(built.leg_greeks[name][index])
    return LegWire(**wire)


def outcome_wire(found: Outcome) -> OutcomeWire:
    """Best and worst case as the API sends them."""
    return OutcomeWire(
        breakevens=[round(value, 4) for value in found.breakevens],
        max_profit=_or_none(found.max_profit),
        max_loss=_or_none(found.max_loss),
        profit_unbounded=found.profit_unbounded,
        loss_unbounded=found.loss_unbounded,
        reward_to_risk=_or_none(found.reward_to_risk),
    )


def totals_wire(found: Any) -> TotalsWire:
    """Greeks of a whole."""
    return TotalsWire(**{name: finite(getattr(found, name)) for name in TotalsWire.__struct_fields__})


def margin_wire(need: MarginNeed) -> MarginWire:
    """Margin as the API sends it."""
    return MarginWire(
        initial=money(need.initial_minor),
        final=money(need.final_minor),
        alone=money(need.alone_minor),
        benefit=money(need.benefit_minor),
    )


def charges_wire(charges: Charges) -> ChargesWire:
    """Charges line by line."""
    lines = {name: _rupees(getattr(charges, name)) for name in Charges.__struct_fields__}
    return ChargesWire(total=_rupees(charges.total), **lines)


def numbers(column: Any, digits: int = 2) -> list[float]:
    """An array as rounded numbers."""
    found: list[float] = np.round(column, digits).tolist()
    return found


def _or_none(value: float | None) -> float | None:
    return None if value is None else finite(value)


def _rupees(value: float | Decimal) -> str:
    return format(value, ".2f")


ROUTES = (payoff, scenarios)
