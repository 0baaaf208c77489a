"""Option strategies: drafts, what is tracked out of positions, stops on the whole, adjustments."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.orders import OWNER
from server.api.payoff import (
    Chance,
    MarginWire,
    OutcomeWire,
    RecognisedWire,
    TotalsWire,
    margin_wire,
    numbers,
    outcome_wire,
    totals_wire,
)
from server.api.strategy_wires import Tracked, tracked
from server.api.strict import Strict
from server.api.wire import money, price
from server.core.errors import Invalid
from server.core.logs import correlation
from server.domain.money import to_minor
from server.domain.orders import Product
from server.orders.baskets import Basket
from server.strategies.adjust import AdjustKind, Change
from server.strategies.builder import Built, LegWanted
from server.strategies.drafting import Draft, Edit
from server.strategies.grouping import Loose, Wanted
from server.strategies.sending import OrderKind
from server.strategies.strategy import SHOWN_STATES, AlertKind

__all__ = ("ROUTES",)

State = Literal["all", "open", "DRAFT", "PENDING", "ACTIVE", "CLOSED", "EXPIRED"]
Name = Annotated[str, msgspec.Meta(max_length=200)]
_STATES: dict[str, tuple[str, ...]] = {"all": SHOWN_STATES, "open": ("PENDING", "ACTIVE")}
_MOST_RUPEES = Decimal(10**12)


class DraftAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new draft."""

    account: str
    name: Name
    legs: Annotated[list[LegWanted], msgspec.Meta(max_length=50)]
    product: Product = "NRML"
    template: Annotated[str, msgspec.Meta(max_length=60)] = ""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class AlertAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A notice when a figure passes a value. Profit in rupees, volatility as a fraction, days as days."""

    kind: AlertKind
    value: float


class EditAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to change; what is left out stays."""

    revision: int
    """The one that was read. Fills and figures that came since are no conflict; another edit is."""
    name: Name | msgspec.UnsetType = msgspec.UNSET
    note: Annotated[str, msgspec.Meta(max_length=500)] | msgspec.UnsetType = msgspec.UNSET
    product: Product | msgspec.UnsetType = msgspec.UNSET
    legs: Annotated[list[LegWanted], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    stop: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    """Rupees of profit of the whole; null takes it off."""
    target: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    alerts: Annotated[list[AlertAsked], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    """Replace those that have not fired."""


class GroupAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units of positions that are to be one strategy."""

    account: str
    name: Name
    legs: Annotated[list[Wanted], msgspec.Meta(max_length=50)]


class SendAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a draft is sent."""

    type: OrderKind = "LIMIT"
    """Of legs without a limit of their own."""
    on_failure: Literal["stop", "unwind"] = "stop"
    buy_first: bool = True


class CloseAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a strategy is closed."""

    type: OrderKind = "MARKET"
    fraction: float = 1.0
    """Part of every leg, whole lots."""


class AdjustAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of legs."""

    kind: AdjustKind
    expiry: date | None = None
    """roll: where to."""
    steps: Annotated[int, msgspec.Meta(ge=-500, le=500)] = 0
    """shift: listed strikes."""
    width: int = 4
    """hedge: listed strikes between a naked option and what covers it."""
    legs: Annotated[list[str], msgspec.Meta(max_length=50)] | None = None
    """roll and shift: which legs by key; null = all options."""
    legs_added: Annotated[list[LegWanted], msgspec.Meta(max_length=50)] = []
    """legs: what is bought and sold."""
    type: OrderKind = "LIMIT"
    """Of legs without a limit of their own."""
    on_failure: Literal["stop", "unwind"] = "stop"


class StrategyList(msgspec.Struct, frozen=True):
    """Strategies, newest first, and derivative units that belong to none."""

    items: list[Tracked]
    next: str | None
    """Cursor to pass as `before`; null at the end."""
    loose: list[Loose]


class Sent(msgspec.Struct, frozen=True):
    """A strategy and the basket that was started for it."""

    strategy: Any
    basket: Basket


class Deleted(msgspec.Struct, frozen=True):
    """Done."""

    deleted: bool = True


class AdjustOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order of an adjustment."""

    key: str
    side: str
    lots: int
    quantity: int
    """Signed units."""
    price: str
    closes: bool
    """Whether it closes units held."""


class PayoffLite(msgspec.Struct, frozen=True, kw_only=True):
    """A payoff in short."""

    spots: list[float]
    now: list[float]
    expiry: list[float]
    outcome: OutcomeWire
    greeks: TotalsWire
    probability: Chance
    recognised: RecognisedWire


class AdjustPreview(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment before it is sent: orders in the order sent, payoff before and after."""

    kind: str
    orders: list[AdjustOrder]
    cost: str
    """Net premium it takes; below zero is received."""
    before: PayoffLite
    after: PayoffLite
    margin: MarginWire | None
    charges: str | None
    problems: list[Any]
    """What the order path would object to."""


@get("/api/v1/strategies", tags=["Strategies"], summary="Strategies of an account")
async def strategies(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    which: Annotated[
        State, QueryParameter(name="state", description="all, open (PENDING and ACTIVE), or one state")
    ] = "all",
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 100,
    before: Annotated[str | None, QueryParameter(max_length=40)] = None,
) -> StrategyList:
    """Newest first, open ones with live figures; positions are grouped into strategies by themselves."""
    context.account(account)
    found = await context.strategies.book.page(account, _STATES.get(which, (which,)), limit, before)
    return StrategyList(
        [tracked(context, one) for one in found],
        found[-1].id if len(found) == limit else None,
        context.strategies.loose(account),
    )


@post("/api/v1/strategies", dto=Strict[DraftAsked], return_dto=None, tags=["Strategies"], summary="Keep a draft")
async def create(context: NamedDependency[Context], data: JSONBody[DraftAsked]) -> Tracked:
    """Nothing is sent; the draft survives a restart."""
    context.account(data.account)
    draft = Draft(
        account=data.account,
        name=data.name,
        legs=data.legs,
        product=data.product,
        template=data.template,
        note=data.note,
    )
    return tracked(context, await context.strategies.create(draft, OWNER, correlation.get()))


@post(
    "/api/v1/strategies/group",
    dto=Strict[GroupAsked],
    return_dto=None,
    tags=["Strategies"],
    summary="Make a strategy of positions",
)
async def group(context: NamedDependency[Context], data: JSONBody[GroupAsked]) -> Tracked:
    """By hand; units of strategies that were found by themselves are taken over."""
    context.account(data.account)
    made = await context.strategies.group(data.account, data.name, data.legs, OWNER, correlation.get())
    return tracked(context, made)


@get("/api/v1/strategies/{strategy_id:str}", tags=["Strategies"], summary="One strategy")
async def strategy(context: NamedDependency[Context], strategy_id: FromPath[str]) -> Tracked:
    """With live figures while it is open."""
    return tracked(context, await context.strategies.book.get(strategy_id))


@patch(
    "/api/v1/strategies/{strategy_id:str}",
    dto=Strict[EditAsked],
    return_dto=None,
    tags=["Strategies"],
    summary="Change a strategy",
)
async def edit(context: NamedDependency[Context], strategy_id: FromPath[str], data: JSONBody[EditAsked]) -> Tracked:
    """Name, note, stop and target on the whole, alerts; of a draft also legs and product. 409 when somebody else has
    edited it since it was read."""
    change = Edit(
        revision=data.revision,
        name=data.name,
        note=data.note,
        product=data.product,
        legs=data.legs,
        stop_minor=_minor(data.stop, "stop"),
        target_minor=_minor(data.target, "target"),
        alerts=data.alerts
        if isinstance(data.alerts, msgspec.UnsetType)
        else [(alert.kind, alert.value) for alert in data.alerts],
    )
    return tracked(context, await context.strategies.edit(strategy_id, change, OWNER, correlation.get()))


@delete("/api/v1/strategies/{strategy_id:str}", tags=["Strategies"], summary="Delete or ungroup", status_code=200)
async def remove(context: NamedDependency[Context], strategy_id: FromPath[str]) -> Deleted:
    """A draft goes; a finished strategy is hidden; an open one is ungrouped, its positions stay."""
    await context.strategies.delete(strategy_id, OWNER, correlation.get())
    return Deleted()


@post(
    "/api/v1/strategies/{strategy_id:str}/send",
    dto=Strict[SendAsked],
    return_dto=None,
    tags=["Strategies"],
    summary="Send a draft",
    status_code=202,
)
async def send(context: NamedDependency[Context], strategy_id: FromPath[str], data: JSONBody[SendAsked]) -> Sent:
    """As a basket, buys first. A leg with a price is a limit order at it; the others go at the market, or (LIMIT) at
    the best price of the other side."""
    context.ensure_confirmed((await context.strategies.book.get(strategy_id)).account)
    found, basket = await context.strategies.send(
        strategy_id,
        data.type,
        on_failure=data.on_failure,
        buy_first=data.buy_first,
        actor=OWNER,
        correlation=correlation.get(),
    )
    return Sent(tracked(context, found).strategy, basket)


@post(
    "/api/v1/strategies/{strategy_id:str}/close",
    dto=Strict[CloseAsked],
    return_dto=None,
    tags=["Strategies"],
    summary="Close the whole",
    status_code=202,
)
async def close(context: NamedDependency[Context], strategy_id: FromPath[str], data: JSONBody[CloseAsked]) -> Sent:
    """As a basket; what was sold is bought back first."""
    if not 0 < data.fraction <= 1:
        raise Invalid(
            "The part to close lies above 0 and up to 1.",
            code="options.range",
            field="fraction",
            value=data.fraction,
            remedy="Send 1 for the whole, 0.5 for half of every leg.",
        )
    context.ensure_confirmed((await context.strategies.book.get(strategy_id)).account)
    found, basket = await context.strategies.close(strategy_id, data.type, data.fraction, OWNER, correlation.get())
    return Sent(tracked(context, found).strategy, basket)


@post(
    "/api/v1/strategies/{strategy_id:str}/adjust/preview",
    dto=Strict[AdjustAsked],
    return_dto=None,
    tags=["Strategies"],
    summary="What an adjustment would do",
    status_code=200,
)
async def preview(
    context: NamedDependency[Context], strategy_id: FromPath[str], data: JSONBody[AdjustAsked]
) -> AdjustPreview:
    """Orders in the order they are sent, payoff before and after, margin and charges; nothing is sent."""
    found = await context.strategies.adjusted(strategy_id, _change(data), data.legs_added, data.type)
    kept = await context.strategies.book.get(strategy_id)
    objections = context.orders.preview_basket(kept.account, list(found.requests), True).problems
    return AdjustPreview(
        kind=data.kind,
        orders=[
            AdjustOrder(
                key=order.instrument.key,
                side="BUY" if order.quantity > 0 else "SELL",
                lots=abs(order.quantity) // order.instrument.lot,
                quantity=order.quantity,
                price=price(order.price) or "0",
                closes=closes,
            )
            for order, closes in zip(found.orders, found.closes, strict=True)
        ],
        cost=money(found.cost_minor),
        before=_lite(found.before),
        after=_lite(found.after),
        margin=None if found.margin is None else margin_wire(found.margin),
        charges=None if found.charges_minor is None else money(found.charges_minor),
        problems=list(objections),
    )


@post(
    "/api/v1/strategies/{strategy_id:str}/adjust",
    dto=Strict[AdjustAsked],
    return_dto=None,
    tags=["Strategies"],
    summary="Adjust a strategy",
    status_code=202,
)
async def adjust(context: NamedDependency[Context], strategy_id: FromPath[str], data: JSONBody[AdjustAsked]) -> Sent:
    """Roll, shift, hedge or add legs, as one basket, buys first."""
    context.ensure_confirmed((await context.strategies.book.get(strategy_id)).account)
    found, basket = await context.strategies.adjust(
        strategy_id,
        _change(data),
        data.legs_added,
        data.type,
        on_failure=data.on_failure,
        actor=OWNER,
        correlation=correlation.get(),
    )
    return Sent(tracked(context, found).strategy, basket)


def _change(data: AdjustAsked) -> Change:
    return Change(kind=data.kind, expiry=data.expiry, steps=data.steps, width=data.width, legs=tuple(data.legs or ()))


def _lite(built: Built) -> PayoffLite:
    return PayoffLite(
        spots=numbers(built.spots),
        now=numbers(built.curves[0].values),
        expiry=numbers(built.curves[-1].values),
        outcome=outcome_wire(built.outcome),
        greeks=totals_wire(built.greeks),
        probability=Chance(built.probability, built.probability_smile),
        recognised=RecognisedWire(built.recognised.key, built.recognised.view, built.recognised.lots),
    )


def _minor(value: Decimal | msgspec.UnsetType | None, field: str) -> int | msgspec.UnsetType | None:
    """Rupees as paise."""
    if value is None or isinstance(value, msgspec.UnsetType):
        return value
    if value.is_finite() and abs(value) > _MOST_RUPEES:
        raise Invalid(
            f"The {field} lies within {_MOST_RUPEES:,} rupees either way.",
            code=f"strategy.{field}",
            field=field,
            limit=str(_MOST_RUPEES),
            value=str(value)[:40],
            remedy="Use a smaller amount.",
        )
    if not value.is_finite():
        raise Invalid(
            f"The {field} is an amount in rupees.",
            code=f"strategy.{field}",
            field=field,
            value=str(value)[:40],
            remedy='Send it as text, as "-5000.00".',
        )
    return to_minor(value)


ROUTES = (strategies, create, group, strategy, edit, remove, send, close, preview, adjust)
