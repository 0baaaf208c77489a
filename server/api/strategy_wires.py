"""Strategies as the API sends them: money and prices as strings, figures as numbers or null."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from server.api.context import Context
from server.api.wire import money, price
from server.strategies.live import Live
from server.strategies.strategy import Adjustment, Strategy, StrategyAlert

__all__ = ("LiveWire", "StrategyWire", "Tracked", "tracked")

_FOURTH = Decimal("0.0001")


class StrategyLegWire(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a strategy."""

    key: str
    product: str
    planned: int
    """Signed units of a draft."""
    quantity: int
    """Signed units held now."""
    entry: str | None
    """Average price of what is held."""
    exit: str | None
    """Average price of what was closed."""
    traded: int
    """Units opened so far."""
    realised: str
    charges: str
    price: str | None
    """Limit price of a draft; null = what it costs when it is sent."""


class AdjustmentWire(msgspec.Struct, frozen=True, kw_only=True):
    """A change of legs on purpose."""

    at: datetime
    kind: str
    basket: str
    realised: str
    """Realised before it."""


class StrategyWire(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy as it is kept."""

    id: str
    account: str
    market: str
    name: str
    underlying: str
    template: str
    """Key of the named strategy it is; empty = none of the list."""
    view: str
    state: str
    """DRAFT, PENDING, ACTIVE, CLOSED or EXPIRED."""
    origin: str
    """draft, basket, found or grouped."""
    product: str
    legs: list[StrategyLegWire]
    premium: str
    """Net premium paid at entry; below zero was received."""
    max_profit: float | None
    max_loss: float | None
    profit_unbounded: bool
    loss_unbounded: bool
    margin: str
    """Margin at entry."""
    entry_spot: float | None
    realised: str
    charges: str
    stop: str | None
    target: str | None
    guard: str
    """OFF, ARMED, FIRED, DONE or FAILED."""
    guard_reason: str
    alerts: list[StrategyAlert]
    baskets: list[str]
    adjustments: list[AdjustmentWire]
    note: str
    reason: str
    created: datetime
    updated: datetime
    opened: datetime | None
    """Market time of the first fill."""
    closed: datetime | None
    revision: int


class LegPriceWire(msgspec.Struct, frozen=True, kw_only=True):
    """Last price of a contract."""

    ltp: str | None
    age: float | None
    stale: bool


class LiveWire(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of an open strategy now; null = cannot be told."""

    profit: str | None
    """Open and realised profit, before charges."""
    net: str | None
    """After charges paid so far."""
    open: str | None
    value: str | None
    """Of what is held: below zero where closing costs."""
    spot: float | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    iv: float | None
    """At the money of the nearest expiry."""
    days_left: float | None
    prices: dict[str, LegPriceWire]
    stale: bool
    guard_wait: str
    """Why stop and target are not judged now; empty when they are."""


class Tracked(msgspec.Struct, frozen=True):
    """A strategy, with live figures while it is open."""

    strategy: StrategyWire
    live: LiveWire | None = None


def tracked(context: Context, strategy: Strategy) -> Tracked:
    """A strategy as the API sends it."""
    live = context.strategies.live(strategy)
    return Tracked(_wire(strategy), None if live is None else _live(context, strategy, live))


def _wire(one: Strategy) -> StrategyWire:
    return StrategyWire(
        id=one.id,
        account=one.account,
        market=one.market,
        name=one.name,
        underlying=one.underlying,
        template=one.template,
        view=one.view,
        state=one.state,
        origin=one.origin,
        product=one.product,
        legs=[
            StrategyLegWire(
                key=leg.key,
                product=leg.product,
                planned=leg.planned,
                quantity=leg.quantity,
                entry=_average(leg.entry),
                exit=_average(leg.exit),
                traded=leg.opened,
                realised=money(leg.realised_minor),
                charges=money(leg.charges_minor),
                price=price(leg.price),
            )
            for leg in one.legs
        ],
        premium=money(one.premium_minor),
        max_profit=one.max_profit,
        max_loss=one.max_loss,
        profit_unbounded=one.profit_unbounded,
        loss_unbounded=one.loss_unbounded,
        margin=money(one.margin_minor),
        entry_spot=one.entry_spot,
        realised=money(one.realised_minor),
        charges=money(one.charges_minor),
        stop=None if one.stop_minor is None else money(one.stop_minor),
        target=None if one.target_minor is None else money(one.target_minor),
        guard=one.guard,
        guard_reason=one.guard_reason,
        alerts=list(one.alerts),
        baskets=list(one.baskets),
        adjustments=[_adjustment(adjustment) for adjustment in one.adjustments],
        note=one.note,
        reason=one.reason,
        created=one.created,
        updated=one.updated,
        opened=one.opened,
        closed=one.closed,
        revision=one.revision,
    )


def _live(context: Context, strategy: Strategy, live: Live) -> LiveWire:
    profit = None if live.open_minor is None else strategy.realised_minor + live.open_minor
    return LiveWire(
        profit=None if profit is None else money(profit),
        net=None if profit is None else money(profit - strategy.charges_minor),
        open=None if live.open_minor is None else money(live.open_minor),
        value=None if live.value_minor is None else money(live.value_minor),
        spot=live.spot,
        delta=live.delta,
        gamma=live.gamma,
        theta=live.theta,
        vega=live.vega,
        iv=live.iv,
        days_left=live.days_left,
        prices={
            key: LegPriceWire(ltp=price(one.ltp), age=one.age, stale=one.stale) for key, one in live.prices.items()
        },
        stale=live.stale,
        guard_wait=context.strategies.waiting(strategy),
    )


def _adjustment(one: Adjustment) -> AdjustmentWire:
    return AdjustmentWire(at=one.at, kind=one.kind, basket=one.basket, realised=money(one.realised_minor))


def _average(value: Decimal | None) -> str | None:
    return None if value is None else str(value.quantize(_FOURTH, ROUND_HALF_UP))
