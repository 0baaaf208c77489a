"""An option strategy as it is kept, and how fills change it. Pure: times come from the caller.

A strategy claims units of positions: what is claimed here is part of the account's net position in that instrument,
never more than it. Profit is counted on the strategy's own average prices, in paise.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from server.domain.orders import Product, Side

__all__ = (
    "OPEN_STATES",
    "SHOWN_STATES",
    "Adjustment",
    "AlertKind",
    "GuardState",
    "Strategy",
    "StrategyAlert",
    "StrategyFill",
    "StrategyLeg",
    "StrategyState",
    "filled",
    "with_leg",
)

StrategyState = Literal["DRAFT", "PENDING", "ACTIVE", "CLOSED", "EXPIRED", "UNGROUPED", "DELETED"]
"""DRAFT: legs planned, nothing sent. PENDING: sent, nothing filled yet. ACTIVE: holds units. CLOSED: everything was
traded away. EXPIRED: the last of it was settled. UNGROUPED: its units are the account's own. DELETED: not shown."""

SHOWN_STATES: tuple[str, ...] = ("DRAFT", "PENDING", "ACTIVE", "CLOSED", "EXPIRED")
OPEN_STATES: tuple[str, ...] = ("PENDING", "ACTIVE")

GuardState = Literal["OFF", "ARMED", "FIRED", "DONE", "FAILED"]
"""FIRED: on disk that stop or target was met, closing under way. DONE: closed. FAILED: closing could not be done."""

AlertKind = Literal[
    "profit_above",
    "profit_below",
    "spot_above",
    "spot_below",
    "iv_above",
    "iv_below",
    "delta_above",
    "delta_below",
    "days_left",
]
_MOST_FILLS = 400


class StrategyLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a strategy, under one product."""

    key: str
    product: Product
    planned: int = 0
    """Signed units of a draft."""
    price: Decimal | None = None
    """Limit price of a draft; None = what it costs when it is sent."""
    quantity: int = 0
    """Signed units held now."""
    cost_minor: int = 0
    """Signed cost of what is held."""
    opened: int = 0
    """Units opened so far, both ways."""
    closed: int = 0
    closed_minor: int = 0
    """Value at which units were closed."""
    realised_minor: int = 0
    charges_minor: int = 0

    @property
    def entry(self) -> Decimal | None:
        """Average price of what is held, in rupees."""
        return None if self.quantity == 0 else (Decimal(self.cost_minor) / self.quantity).scaleb(-2)

    @property
    def exit(self) -> Decimal | None:
        """Average price of what was closed, in rupees."""
        return None if self.closed == 0 else (Decimal(self.closed_minor) / self.closed).scaleb(-2)


class StrategyFill(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of the strategy, or units it took over from a position (`execution` empty)."""

    execution: str
    at: datetime
    """Market time."""
    key: str
    side: Side
    quantity: int
    price: Decimal
    charges_minor: int = 0
    realised_minor: int = 0


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of its legs on purpose."""

    at: datetime
    kind: Literal["roll", "shift", "hedge", "legs"]
    basket: str
    realised_minor: int
    """Realised before it."""


class StrategyAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A notice when a figure passes a value; fires once."""

    id: str
    kind: AlertKind
    value: float
    fired: bool = False
    text: str = ""


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """See the module's text."""

    id: str
    account: str
    market: str
    name: str
    underlying: str
    """Key of the underlying."""
    template: str = ""
    """What it is called among named strategies; empty = none of them."""
    view: str = ""
    state: StrategyState = "DRAFT"
    origin: Literal["draft", "basket", "found", "grouped"] = "draft"
    product: Product = "NRML"
    legs: tuple[StrategyLeg, ...] = ()
    premium_minor: int = 0
    """Net premium paid at entry; below zero was received."""
    max_profit: float | None = None
    """At entry, in rupees; None with its flag = without bound."""
    max_loss: float | None = None
    profit_unbounded: bool = False
    loss_unbounded: bool = False
    margin_minor: int = 0
    """Margin at entry."""
    entry_spot: float | None = None
    stop_minor: int | None = None
    """Profit of the whole at or below which it is closed."""
    target_minor: int | None = None
    guard: GuardState = "OFF"
    guard_reason: str = ""
    guard_at: datetime | None = None
    """Market time at which it fired."""
    alerts: tuple[StrategyAlert, ...] = ()
    baskets: tuple[str, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    fills: tuple[StrategyFill, ...] = ()
    note: str = ""
    reason: str = ""
    seen: int = 0
    """Journal entry of the newest trade of the account that was looked at when this was kept."""
    settled: bool = False
    """Whether the last units went by settlement."""
    expiry: date | None = None
    """The nearest expiry among its contracts."""
    created: datetime
    updated: datetime
    opened: datetime | None = None
    """Market time of the first fill."""
    closed: datetime | None = None
    revision: int = 0
    edited: int = 0
    """Revision at which name, note, product, stop, target or alerts last changed. Fills and figures move `revision` on
    without it, and are no reason to refuse an edit made on what stood before them."""

    @property
    def realised_minor(self) -> int:
        """Realised so far, before charges."""
        return sum(leg.realised_minor for leg in self.legs)

    @property
    def charges_minor(self) -> int:
        """Charges so far."""
        return sum(leg.charges_minor for leg in self.legs)

    @property
    def held(self) -> tuple[StrategyLeg, ...]:
        """Legs with units in them."""
        return tuple(leg for leg in self.legs if leg.quantity)

    def leg(self, key: str, product: Product) -> StrategyLeg | None:
        """One leg."""
        return next((leg for leg in self.legs if leg.key == key and leg.product == product), None)


def with_leg(strategy: Strategy, leg: StrategyLeg) -> Strategy:
    """The strategy with a leg in place of the one of the same instrument, or added."""
    place = (leg.key, leg.product)
    if strategy.leg(*place) is None:
        return msgspec.structs.replace(strategy, legs=(*strategy.legs, leg))
    legs = tuple(leg if (one.key, one.product) == place else one for one in strategy.legs)
    return msgspec.structs.replace(strategy, legs=legs)


def filled(
    strategy: Strategy,
    *,
    key: str,
    product: Product,
    signed: int,
    price: Decimal,
    at: datetime,
    execution: str = "",
    charges_minor: int = 0,
    settled: bool = False,
) -> Strategy:
    """The strategy after units were bought (+) or sold (-). Units beyond those held turn the leg round."""
    leg = strategy.leg(key, product) or StrategyLeg(key=key, product=product)
    before = leg.realised_minor
    closing = min(abs(signed), abs(leg.quantity)) if leg.quantity * signed < 0 else 0
    sign = 1 if signed > 0 else -1
    if closing:
        share = round(leg.cost_minor * closing / abs(leg.quantity)) if closing < abs(leg.quantity) else leg.cost_minor
        value = _paise(price * closing)
        leg = msgspec.structs.replace(
            leg,
            quantity=leg.quantity + sign * closing,
            cost_minor=leg.cost_minor - share,
            closed=leg.closed + closing,
            closed_minor=leg.closed_minor + value,
            # what was bought at a cost is sold at a value, and the other way round for what was sold
            realised_minor=leg.realised_minor - sign * value - share,
        )
    opening = abs(signed) - closing
    if opening:
        leg = msgspec.structs.replace(
            leg,
            quantity=leg.quantity + sign * opening,
            cost_minor=leg.cost_minor + sign * _paise(price * opening),
            opened=leg.opened + opening,
        )
    leg = msgspec.structs.replace(leg, charges_minor=leg.charges_minor + charges_minor)
    trade = StrategyFill(
        execution=execution,
        at=at,
        key=key,
        side="BUY" if signed > 0 else "SELL",
        quantity=abs(signed),
        price=price,
        charges_minor=charges_minor,
        realised_minor=leg.realised_minor - before,
    )
    changed = with_leg(strategy, leg)
    done = not changed.held
    return msgspec.structs.replace(
        changed,
        state=("EXPIRED" if settled else "CLOSED") if done else "ACTIVE",
        settled=settled,
        opened=strategy.opened or at,
        closed=at if done else None,
        fills=(*strategy.fills, trade)[-_MOST_FILLS:],
    )


def _paise(rupees: Decimal) -> int:
    return int((rupees * 100).to_integral_value())
