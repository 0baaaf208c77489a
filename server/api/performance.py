"""How strategies did: the course of one, its trades and legs, and the record of an account."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from server.analytics.view import finite
from server.api.context import Context
from server.api.wire import money, price
from server.core.errors import SaudaError
from server.strategies.performance import days_held

__all__ = ("ROUTES",)


class SeriesWire(msgspec.Struct, frozen=True, kw_only=True):
    """By market minute, oldest first."""

    t: list[int]
    """Milliseconds since the epoch."""
    profit: list[float]
    premium: list[float | None]
    """Value of what was held."""
    spot: list[float | None]


class TradeOf(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of a strategy; what it took over from positions stands as a trade without charges."""

    at: datetime
    key: str
    side: str
    quantity: int
    price: str
    charges: str
    realised: str


class LegPerformance(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a strategy."""

    key: str
    realised: str
    open: str | None
    charges: str


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """How one strategy did."""

    strategy_id: str
    name: str
    template: str
    state: str
    opened: datetime | None
    closed: datetime | None
    days_held: float | None
    premium: str
    realised: str
    open: str | None
    charges: str
    net: str | None
    margin: str
    return_on_margin: float | None
    best: float | None
    """Highest profit at the end of a minute, rupees."""
    worst: float | None
    drawdown: float | None
    """Largest fall from a height, rupees."""
    trades: list[TradeOf]
    legs: list[LegPerformance]


class TemplateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Finished strategies of one name; empty = of no name."""

    template: str
    count: int
    wins: int
    net: str


class RecordWire(msgspec.Struct, frozen=True, kw_only=True):
    """Finished strategies of an account, after charges."""

    count: int
    wins: int
    losses: int
    win_rate: float | None
    net: str
    average_win: str | None
    average_loss: str | None
    best: str | None
    worst: str | None
    by_template: list[TemplateRecord]


@get("/api/v1/strategies/performance", tags=["Strategies"], summary="Record of finished strategies")
async def record(context: NamedDependency[Context], account: FromQuery[str] = "paper-sim") -> RecordWire:
    """Closed and expired ones, in total and by name."""
    context.account(account)
    found = await context.strategies.record(account)
    return RecordWire(
        count=found.count,
        wins=found.wins,
        losses=found.losses,
        win_rate=found.wins / found.count if found.count else None,
        net=money(found.net_minor),
        average_win=_money(found.average_win_minor),
        average_loss=_money(found.average_loss_minor),
        best=_money(found.best_minor),
        worst=_money(found.worst_minor),
        by_template=[
            TemplateRecord(template=one.template, count=one.count, wins=one.wins, net=money(one.net_minor))
            for one in found.by_template
        ],
    )


@get("/api/v1/strategies/{strategy_id:str}/series", tags=["Strategies"], summary="Course of a strategy")
async def series(context: NamedDependency[Context], strategy_id: FromPath[str]) -> SeriesWire:
    """Profit, value and spot at the end of each market minute, newest 1,500."""
    found = await context.strategies.series(strategy_id)
    return SeriesWire(t=list(found.t), profit=list(found.profit), premium=list(found.value), spot=list(found.spot))


@get("/api/v1/strategies/{strategy_id:str}/performance", tags=["Strategies"], summary="How a strategy did")
async def performance(context: NamedDependency[Context], strategy_id: FromPath[str]) -> Performance:
    """Result, course, trades and legs."""
    one = await context.strategies.book.get(strategy_id)
    course = await context.strategies.course(strategy_id)
    live = context.strategies.live(one)
    opened = live.open_minor if live is not None else (None if one.held else 0)
    net = None if opened is None else one.realised_minor + opened - one.charges_minor
    try:
        now = context.market(one.market).now()
    except SaudaError:
        now = one.updated  # a replay that has ended
    held = {leg.key: leg for leg in one.held}
    return Performance(
        strategy_id=one.id,
        name=one.name,
        template=one.template,
        state=one.state,
        opened=one.opened,
        closed=one.closed,
        days_held=days_held(one, now),
        premium=money(one.premium_minor),
        realised=money(one.realised_minor),
        open=_money(opened),
        charges=money(one.charges_minor),
        net=_money(net),
        margin=money(one.margin_minor),
        return_on_margin=None if net is None or one.margin_minor <= 0 else finite(net / one.margin_minor),
        best=course.best,
        worst=course.worst,
        drawdown=course.drawdown,
        trades=[
            TradeOf(
                at=fill.at,
                key=fill.key,
                side=fill.side,
                quantity=fill.quantity,
                price=price(fill.price) or "0",
                charges=money(fill.charges_minor),
                realised=money(fill.realised_minor),
            )
            for fill in one.fills
        ],
        legs=[
            LegPerformance(
                key=leg.key,
                realised=money(leg.realised_minor),
                open=_open(context, one.market, leg.key, leg.quantity, leg.cost_minor) if leg.key in held else "0.00",
                charges=money(leg.charges_minor),
            )
            for leg in one.legs
        ],
    )


def _open(context: Context, market_id: str, key: str, quantity: int, cost_minor: int) -> str | None:
    market = context.markets.get(market_id)
    quote = market.quote(key) if market is not None else None
    return None if quote is None else money(int(quote.ltp * quantity * 100) - cost_minor)


def _money(minor: int | None) -> str | None:
    return None if minor is None else money(minor)


ROUTES = (record, series, performance)
