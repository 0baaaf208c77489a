"""Drafts and edits of strategies: what is asked for, checked and turned into what is kept."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from server.core.errors import Conflict, Invalid
from server.domain.money import to_text
from server.domain.orders import Product
from server.market.market import Market
from server.strategies.builder import Builder, LegWanted
from server.strategies.live import Live
from server.strategies.strategy import AlertKind, Strategy, StrategyAlert, StrategyLeg

__all__ = ("Draft", "Edit", "alerts_of", "guarded", "name_of", "planned", "replanned")

_MOST_ALERTS = 20


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A new strategy as asked for."""

    account: str
    name: str
    legs: Sequence[LegWanted]
    product: Product = "NRML"
    template: str = ""
    note: str = ""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of a strategy; UNSET = stays."""

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    product: Product | msgspec.UnsetType = msgspec.UNSET
    legs: Sequence[LegWanted] | msgspec.UnsetType = msgspec.UNSET
    stop_minor: int | msgspec.UnsetType | None = msgspec.UNSET
    target_minor: int | msgspec.UnsetType | None = msgspec.UNSET
    alerts: Sequence[tuple[AlertKind, float]] | msgspec.UnsetType = msgspec.UNSET


def planned(
    builder: Builder, market: Market, legs: Sequence[LegWanted], product: Product
) -> tuple[str, tuple[StrategyLeg, ...], date | None]:
    """(underlying, legs by contract, nearest expiry) of a draft; raises Invalid naming leg and field."""
    found, items = builder.instruments(market, legs)
    if product == "CNC":
        raise Invalid("CNC is for shares alone.", code="strategy.legs", field="product", remedy="Use NRML or MIS.")
    wanted: dict[str, StrategyLeg] = {}
    for leg, item in zip(legs, items, strict=True):
        units = leg.lots * item.lot * (1 if leg.side == "BUY" else -1)
        own: Product = "CNC" if item.kind == "EQUITY" and product == "NRML" else product
        before = wanted.get(item.key)
        total = units + (before.planned if before is not None else 0)
        wanted[item.key] = StrategyLeg(key=item.key, product=own, planned=total, price=leg.price)
    kept = tuple(leg for leg in wanted.values() if leg.planned)
    if not kept:
        raise Invalid("The legs cancel each other out.", code="options.legs", field="legs")
    return found.key, kept, min((item.expiry for item in items if item.expiry is not None), default=None)


def replanned(builder: Builder, market: Market, strategy: Strategy, edit: Edit) -> dict[str, Any]:
    """What changes of a draft with other legs or another product."""
    product = strategy.product if edit.product is msgspec.UNSET else edit.product
    if edit.legs is msgspec.UNSET:
        same = tuple(
            leg if leg.product == "CNC" else msgspec.structs.replace(leg, product=product) for leg in strategy.legs
        )
        return {"product": product, "legs": same}
    found, legs, expiry = planned(builder, market, edit.legs, product)
    return {"product": product, "underlying": found, "legs": legs, "expiry": expiry, "template": ""}


def guarded(strategy: Strategy, edit: Edit, live: Live | None) -> dict[str, Any]:
    """Stop and target as they are to be; raises Invalid for one that would fire at once."""
    stop = strategy.stop_minor if edit.stop_minor is msgspec.UNSET else edit.stop_minor
    target = strategy.target_minor if edit.target_minor is msgspec.UNSET else edit.target_minor
    if strategy.guard == "FIRED":
        raise Conflict("Stop or target has fired.", code="strategy.state", field="stop", value=strategy.guard)
    profit = 0
    if live is not None and live.open_minor is not None:
        profit = strategy.realised_minor + live.open_minor
    for name, value, wrong in (
        ("stop", stop, stop is not None and stop >= profit),
        ("target", target, target is not None and target <= profit),
    ):
        if wrong and value is not None:
            side = "below" if name == "stop" else "above"
            raise Invalid(
                f"The {name} must lie {side} the profit now, {to_text(profit)}: it would fire at once.",
                code=f"strategy.{name}",
                field=name,
                limit=to_text(profit),
                value=to_text(value),
                remedy=f"Use a figure {side} it, or close the strategy.",
            )
    armed = stop is not None or target is not None
    return {
        "stop_minor": stop,
        "target_minor": target,
        "guard": "ARMED" if armed else "OFF",
        "guard_reason": "",
        "guard_at": None,
    }


def alerts_of(
    strategy: Strategy, asked: Sequence[tuple[AlertKind, float]], new_id: Callable[[], str]
) -> tuple[StrategyAlert, ...]:
    """Those that fired, and the new ones."""
    fired = tuple(alert for alert in strategy.alerts if alert.fired)
    if len(asked) > _MOST_ALERTS:
        raise Invalid(
            f"A strategy has at most {_MOST_ALERTS} alerts.",
            code="strategy.alert",
            field="alerts",
            value=len(asked),
        )
    new = tuple(StrategyAlert(id=new_id(), kind=kind, value=value) for kind, value in asked)
    return (*fired[-_MOST_ALERTS:], *new)


def name_of(asked: str) -> str:
    """A name without blanks about it; raises Invalid."""
    name = asked.strip()
    if not 1 <= len(name) <= 80:
        raise Invalid(
            "A strategy has a name of 1 to 80 characters.", code="strategy.name", field="name", value=len(name)
        )
    return name
