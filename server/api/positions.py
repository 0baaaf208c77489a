"""Positions and holdings, marked at the last known price, with the price's age beside it."""

from datetime import date
from decimal import Decimal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from server.api.context import Context
from server.api.instruments import wire_of
from server.api.wire import InstrumentWire, money, price
from server.domain.books import Position
from server.domain.money import to_minor
from server.market.market import Market

__all__ = ("ROUTES", "parted", "prices_of")

_OF_THE_DAY = ("buy_quantity", "buy_value_minor", "sell_quantity", "sell_value_minor")


class PositionWire(msgspec.Struct, frozen=True, kw_only=True):
    """A position with its present worth. `ltp` is null before the first price, and then so are mtm and value."""

    account: str
    key: str
    product: str
    quantity: int
    """Signed units."""
    unit: str
    """What one unit is: value = price x quantity x unit."""
    average: str | None
    instrument: InstrumentWire
    ltp: str | None
    age: float | None
    stale: bool
    mtm: str | None
    """Open profit at the last price."""
    day_mtm: str | None
    """Open profit since the previous close (or since entry, when opened today)."""
    realised: str
    charges: str
    value: str | None
    marked: date | None
    """Day at whose settlement price a future is carried; `average` is that price then."""
    buy_quantity: int
    buy_value: str
    sell_quantity: int
    sell_value: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the list; open profit counts what has a price."""

    mtm: str
    realised: str
    charges: str
    net: str
    day: str


class Positions(msgspec.Struct, frozen=True):
    """A list with its totals."""

    items: list[PositionWire]
    totals: Totals


def prices_of(market: Market, keys: set[str]) -> dict[str, Decimal]:
    """Last prices of some instruments, where there is one."""
    found = {}
    for key in keys:
        quote = market.quote(key)
        if quote is not None:
            found[key] = quote.ltp
    return found


@get("/api/v1/positions", tags=["Portfolio"], summary="Positions of an account", sync_to_thread=False)
def positions(context: NamedDependency[Context], account: FromQuery[str] = "paper-sim") -> Positions:
    """Open ones, and those closed in the present market day."""
    return _list(context, account, held=False)


@get("/api/v1/holdings", tags=["Portfolio"], summary="Shares held for delivery", sync_to_thread=False)
def holdings(context: NamedDependency[Context], account: FromQuery[str] = "paper-sim") -> Positions:
    """Shares bought on an earlier market day; today's purchases are under positions until the day ends."""
    return _list(context, account, held=True)


def _list(context: Context, account_id: str, *, held: bool) -> Positions:
    account = context.account(account_id)
    market = context.market(account.market)
    kept = []
    for position in context.ledger.positions(account_id):
        older, newer = parted(position, market.day)
        if held and older.quantity:
            kept.append(older)
        elif not held and (newer.quantity or newer.day == market.day):
            kept.append(newer)
    prices = prices_of(market, {p.key for p in kept})
    items = [_wire(context, market, p, prices.get(p.key)) for p in kept]
    sums = {"mtm": 0, "day": 0}
    for position in kept:
        mtm, day = _profit(market, position, prices.get(position.key))
        sums["mtm"] += mtm or 0
        sums["day"] += (day or 0) + (position.realised_minor if position.day == market.day else 0)
    realised = sum(p.realised_minor for p in kept)
    charges = sum(p.charges_minor for p in kept)
    return Positions(
        items,
        Totals(
            mtm=money(sums["mtm"]),
            realised=money(realised),
            charges=money(charges),
            net=money(sums["mtm"] + realised - charges),
            day=money(sums["day"]),
        ),
    )


def parted(position: Position, today: date) -> tuple[Position, Position]:
    """Delivery shares of earlier days, and the rest: what else there is, with the figures of the day."""
    bare = msgspec.structs.replace(
        position, quantity=0, cost_minor=0, realised_minor=0, charges_minor=0, day=None, **dict.fromkeys(_OF_THE_DAY, 0)
    )
    if position.product != "CNC" or position.quantity <= 0:
        return bare, position
    if position.day != today:
        return position, bare
    # sales of the day come out of what was there before them
    units = max(0, min(position.quantity, position.quantity - position.buy_quantity + position.sell_quantity))
    cost = position.cost_minor * units // position.quantity
    older = msgspec.structs.replace(bare, quantity=units, cost_minor=cost)
    return older, msgspec.structs.replace(
        position, quantity=position.quantity - units, cost_minor=position.cost_minor - cost
    )


def _profit(market: Market, position: Position, last: Decimal | None) -> tuple[int | None, int | None]:
    """Open profit in paise: since entry, and since the previous close for what was held overnight."""
    if last is None:
        return None, None
    mtm = to_minor(position.worth(last)) - position.cost_minor
    quote = market.quote(position.key)
    if position.day == market.day or quote is None or quote.close is None:
        return mtm, mtm
    return mtm, to_minor(position.worth(last - quote.close))


def _average(price: Decimal) -> str:
    """To four places, or to six digits where a price is that small."""
    places = max(4, 5 - price.adjusted()) if price else 4
    return format(price.quantize(Decimal(1).scaleb(-min(places, 12))), "f")


def _wire(context: Context, market: Market, position: Position, last: Decimal | None) -> PositionWire:
    quote = market.quote(position.key)
    mtm, day = _profit(market, position, last)
    average = position.average
    return PositionWire(
        account=position.account,
        key=position.key,
        product=position.product,
        quantity=position.quantity,
        unit=format(position.unit, "f"),
        average=None if average is None else _average(average),
        instrument=wire_of(context, market, position.key),
        ltp=price(last),
        age=None if quote is None else round(quote.age, 3),
        stale=not market.fresh(position.key),
        mtm=None if mtm is None else money(mtm),
        day_mtm=None if day is None else money(day),
        realised=money(position.realised_minor),
        charges=money(position.charges_minor),
        value=None if last is None else money(to_minor(position.worth(last))),
        marked=position.marked if position.quantity else None,
        buy_quantity=position.buy_quantity,
        buy_value=money(position.buy_value_minor),
        sell_quantity=position.sell_quantity,
        sell_value=money(position.sell_value_minor),
    )


ROUTES = (positions, holdings)
