"""Strategies as orders: baskets tagged with the strategy's id, cut at the freeze quantity, under the order laws."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

import msgspec

from server.core.errors import Invalid, Unavailable
from server.domain.instruments import Instrument
from server.domain.orders import OrderRequest, Product
from server.market.market import Market
from server.orders.baskets import Basket
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.strategies.strategy import Strategy

__all__ = ("LegSent", "OrderKind", "requests_of", "send", "unsent")

OrderKind = Literal["MARKET", "LIMIT"]
MOST_ORDERS = 20
_REACH = Decimal("0.03")
"""How far beyond the best price a limit order goes that stands in for a market order the exchange does not take."""


class LegSent(msgspec.Struct, frozen=True, kw_only=True):
    """One leg to be sent: signed units."""

    instrument: Instrument
    product: Product
    signed: int
    price: Decimal | None = None
    """Limit of its own; None = as the whole is sent: at the market, or at the best price of the other side."""


async def send(
    orders: OrderService,
    strategy: Strategy,
    requests: Sequence[OrderRequest],
    name: str,
    *,
    on_failure: Literal["stop", "unwind"] = "stop",
    buy_first: bool = True,
    actor: str,
    correlation: str = "",
) -> Basket:
    """Start a basket for a strategy."""
    return await orders.baskets.create(
        strategy.account,
        name[:80],
        requests,
        on_failure=on_failure,
        buy_first=buy_first,
        actor=actor,
        correlation=correlation,
    )


def requests_of(
    market: Market, rulebook: Rulebook, strategy: Strategy, legs: Sequence[LegSent], kind: OrderKind
) -> list[OrderRequest]:
    """Orders of the legs. Raises Invalid where a contract has expired, has no price, or too many orders are needed."""
    out: list[OrderRequest] = []
    for index, leg in enumerate(legs):
        item = leg.instrument
        if item.expiry is not None and item.expiry < market.day:
            raise Invalid(
                f"Not sent: {item.symbol} has expired on {item.expiry:%d %b %Y}.",
                code="options.expired",
                field=f"legs[{index}].key",
                remedy="Take the leg out.",
            )
        price, own = _price(market, rulebook, leg, kind, index)
        left, most = abs(leg.signed), item.freeze or abs(leg.signed)
        most = max(item.lot, most // item.lot * item.lot)
        while left:
            units = min(left, most)
            left -= units
            out.append(
                OrderRequest(
                    account=strategy.account,
                    key=item.key,
                    side="BUY" if leg.signed > 0 else "SELL",
                    quantity=units,
                    type=own,
                    product=leg.product,
                    price=price,
                    tag=strategy.id,
                )
            )
    if len(out) > MOST_ORDERS:
        raise Invalid(
            f"Not sent: this takes {len(out)} orders, a basket has at most {MOST_ORDERS}.",
            code="options.legs",
            field="legs",
            limit=MOST_ORDERS,
            value=len(out),
            remedy="Use fewer lots: each order stays below the exchange's freeze quantity.",
        )
    return out


def unsent(orders: OrderService, strategy: Strategy) -> bool:
    """Whether nothing of the strategy is on its way: no basket runs for it, no order of it works or is in doubt."""
    running = any(
        leg.request.tag == strategy.id for basket in orders.baskets.running(strategy.account) for leg in basket.legs
    )
    return not running and not any(order.tag == strategy.id for order in orders.live_orders(strategy.account))


def _price(
    market: Market, rulebook: Rulebook, leg: LegSent, kind: OrderKind, index: int
) -> tuple[Decimal | None, OrderKind]:
    """Limit price and type of a leg's orders."""
    item = leg.instrument
    takes = rulebook.order_types(item, market.day)
    if leg.price is not None:
        return leg.price, "LIMIT"
    if kind == "MARKET" and "MARKET" in takes:
        return None, "MARKET"
    quote = market.quote(item.key)
    buying = leg.signed > 0
    best = None if quote is None else (quote.ask if buying else quote.bid) or quote.ltp
    if best is None:
        raise Unavailable(
            f"Not sent: there is no price of {item.symbol} yet.",
            code="options.price",
            field=f"legs[{index}].price",
            remedy="Give a limit price, or wait for a quote.",
        )
    if kind == "MARKET":
        best *= 1 + _REACH if buying else 1 - _REACH
    rounding = ROUND_CEILING if buying else ROUND_FLOOR
    return max(item.tick, (best / item.tick).to_integral_value(rounding) * item.tick), "LIMIT"
