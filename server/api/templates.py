"""Named strategies: what there is, on the chain as it stands, moved along it, and ranked against a view."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.analytics.view import finite
from server.api.context import Context
from server.api.payoff import LegWire, OutcomeWire, leg_wire, outcome_wire
from server.api.strict import Strict
from server.api.wire import Page
from server.core.errors import Invalid
from server.options.legs import Leg
from server.options.screener import View
from server.options.templates import TEMPLATES, Template
from server.strategies.builder import LegWanted

__all__ = ("ROUTES",)

_KINDS = {"C": ("OPTION", "CE"), "P": ("OPTION", "PE"), "U": ("UNDERLYING", None)}


class TemplateLegWire(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a template."""

    side: str
    kind: str
    """OPTION, or UNDERLYING (shares, else a future)."""
    right: str | None
    lots: int
    steps: int
    """Units of distance from the money; above it is positive."""
    expiry: int
    """0 the chosen expiry, 1 the one after it."""


class TemplateWire(msgspec.Struct, frozen=True, kw_only=True):
    """A named strategy; its name and explanation are the app's texts `strategy.<key>`."""

    key: str
    view: str
    risk: str
    """limited or unlimited."""
    profit: str
    """limited or unlimited."""
    volatility: str
    """What a rise of volatility does to it: long gains, short loses, flat little."""
    legs: list[TemplateLegWire]


class ResolveAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a template is to be put."""

    underlying: str
    market: str = "sim"
    expiry: date | None = None
    lots: int = 1
    shift: Annotated[int, msgspec.Meta(ge=-500, le=500)] = 0
    """Listed strikes up (down)."""
    width: Annotated[int, msgspec.Meta(ge=1, le=200)] | None = None
    """Listed strikes that one unit of distance has; null = by how far the spot is expected to move."""
    delta: float | None = None
    """Delta of the nearest legs, 0 to 1; null = by distance."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A template on the chain."""

    key: str
    view: str
    underlying: str
    expiry: date | None
    legs: list[LegWire]
    notes: list[str]


class ShiftAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Legs to be moved: all (or those in `only`) by listed strikes, or leg `index` to a delta."""

    legs: Annotated[list[LegWanted], msgspec.Meta(max_length=50)]
    market: str = "sim"
    steps: Annotated[int, msgspec.Meta(ge=-500, le=500)] = 0
    only: Annotated[list[int], msgspec.Meta(max_length=50)] | None = None
    index: int | None = None
    delta: float | None = None


class Shifted(msgspec.Struct, frozen=True):
    """Legs where they are now."""

    legs: list[LegWire]


class ScreenAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is expected of an underlying."""

    underlying: str
    direction: Literal["up", "down", "still", "moving"]
    move: float
    """Share of the spot: 0.02 is two percent."""
    until: date
    market: str = "sim"
    volatility: Literal["rise", "fall", "same"] = "same"
    risk: Literal["limited", "any"] = "limited"
    most_loss: Decimal | None = None
    """Rupees."""
    lots: int = 1


class ReasonWire(msgspec.Struct, frozen=True):
    """Why: a text of the app and its figures."""

    key: str
    figures: dict[str, float | None]


class IdeaWire(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy of the ranking."""

    key: str
    view: str
    score: float | None
    expected: float | None
    probability: float | None
    probability_market: float | None
    outcome: OutcomeWire
    net_premium: str
    legs: list[LegWire]
    reasons: list[ReasonWire]


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """Ideas, best first."""

    underlying: str
    spot: float | None
    until: date
    expiry: date
    ideas: list[IdeaWire]


@get("/api/v1/options/templates", tags=["Options"], summary="Named strategies", sync_to_thread=False)
def templates() -> Page[TemplateWire]:
    """As data: which legs, how far from the money, for which view."""
    return Page([_template(one) for one in TEMPLATES.values()])


@post(
    "/api/v1/options/templates/{name:str}",
    dto=Strict[ResolveAsked],
    return_dto=None,
    tags=["Options"],
    summary="A named strategy on the chain as it stands",
    status_code=200,
)
async def put(context: NamedDependency[Context], name: FromPath[str], data: JSONBody[ResolveAsked]) -> Resolved:
    """Strikes by distance or by delta, shifted along the chain; prices are the middle of the market."""
    base, template, legs = await context.finder.template(
        data.market,
        data.underlying,
        name,
        expiry=data.expiry,
        lots=data.lots,
        shift=data.shift,
        width=data.width,
        delta=data.delta,
    )
    view = next(iter(base.views.values()), None)
    return Resolved(
        key=name,
        view=template.view,
        underlying=base.underlying.key,
        expiry=None if view is None else view.expiry,
        legs=[leg_wire(leg) for leg in legs],
        notes=list(view.notes) if view is not None else [],
    )


@post(
    "/api/v1/options/legs/shift",
    dto=Strict[ShiftAsked],
    return_dto=None,
    tags=["Options"],
    summary="Legs moved along the chain",
    status_code=200,
)
async def shift(context: NamedDependency[Context], data: JSONBody[ShiftAsked]) -> Shifted:
    """By listed strikes, or one leg to the quoted strike nearest to a delta."""
    if (data.index is None) != (data.delta is None):
        raise Invalid(
            "To move a leg by delta, name the leg and the delta.",
            code="options.delta",
            field="index" if data.index is None else "delta",
            remedy="Send both, or steps alone.",
        )
    _, legs = await context.finder.shifted(
        data.market, data.legs, steps=data.steps, only=data.only, index=data.index, delta=data.delta
    )
    return Shifted([leg_wire(leg) for leg in legs])


@post(
    "/api/v1/options/screen",
    dto=Strict[ScreenAsked],
    return_dto=None,
    tags=["Options"],
    summary="Strategies ranked against a view",
    status_code=200,
)
async def screen(context: NamedDependency[Context], data: JSONBody[ScreenAsked]) -> Screened:
    """Mean profit if the view is right, for each rupee lost in the market's worst twentieth; with reasons."""
    if not 0 < data.move <= 0.5:
        raise Invalid(
            "The move lies above 0 and up to 0.5 (50 %).",
            code="options.view",
            field="move",
            value=data.move,
            remedy="Send 0.02 for two percent.",
        )
    if data.most_loss is not None and not (data.most_loss.is_finite() and data.most_loss > 0):
        raise Invalid("The most to lose is above zero.", code="options.view", field="most_loss", value=data.most_loss)
    view = View(
        direction=data.direction,
        move=data.move,
        years=0.0,
        volatility=data.volatility,
        risk=data.risk,
        most_loss=None if data.most_loss is None else float(data.most_loss),
    )
    base, expiry, ideas = await context.finder.screen(data.market, data.underlying, view, data.until, data.lots)
    return Screened(
        underlying=base.underlying.key,
        spot=finite(base.spot),
        until=data.until,
        expiry=expiry,
        ideas=[
            IdeaWire(
                key=idea.key,
                view=TEMPLATES[idea.key].view,
                score=finite(idea.score),
                expected=finite(idea.expected),
                probability=finite(idea.probability),
                probability_market=finite(idea.probability_market),
                outcome=outcome_wire(idea.outcome),
                net_premium=_premium(idea.legs),
                legs=[leg_wire(leg) for leg in idea.legs],
                reasons=[
                    ReasonWire(r.key, {name: finite(value) for name, value in r.figures.items()}) for r in idea.reasons
                ],
            )
            for idea in ideas
        ],
    )


def _template(one: Template) -> TemplateWire:
    return TemplateWire(
        key=one.key,
        view=one.view,
        risk="limited" if one.loss_limited else "unlimited",
        profit="limited" if one.profit_limited else "unlimited",
        volatility=one.volatility,
        legs=[
            TemplateLegWire(
                side="BUY" if leg.ratio > 0 else "SELL",
                kind=_KINDS[leg.type][0],
                right=_KINDS[leg.type][1],
                lots=abs(leg.ratio),
                steps=leg.steps,
                expiry=leg.expiry,
            )
            for leg in one.legs
        ],
    )


def _premium(legs: tuple[Leg, ...]) -> str:
    return format(sum((leg.price * leg.quantity for leg in legs if leg.kind == "OPTION"), Decimal(0)), ".2f")


ROUTES = (templates, put, shift, screen)
