"""The dashboard in one answer: indices, the day's profit with its curve, margin, open risk, breadth, alerts."""

from datetime import datetime
from decimal import Decimal
from math import isnan

import msgspec
import numpy as np
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from server.api.context import Context
from server.api.funds import FundsWire, funds_of
from server.api.wire import money, price
from server.domain.events import Notice
from server.market.catalogue import KINDS
from server.market.market import Market

__all__ = ("ROUTES",)

_SPARK_BARS = 75
_ALERTS = 20


class IndexTile(msgspec.Struct, frozen=True, kw_only=True):
    """An index with its change since the previous close and a short line of the day."""

    key: str
    label: str
    ltp: str | None
    close: str | None
    change: str | None
    """Points since the previous close."""
    change_pct: float | None
    spark: list[float]


class Breadth(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all shares of the market with a price, against their previous close."""

    advances: int
    declines: int
    unchanged: int
    universe: int
    at_high: int
    """At the high of the day."""
    at_low: int


class Profit(msgspec.Struct, frozen=True, kw_only=True):
    """The account's profit of the day: realised, open, costs, and its course by the minute."""

    day: str
    realised: str
    unrealised: str
    charges: str
    curve: list[tuple[int, float]]
    """[market time in ms, rupees]."""


class OpenRisk(msgspec.Struct, frozen=True):
    """What is at stake now."""

    orders: int
    positions: int
    unknown: int


class Alert(msgspec.Struct, frozen=True):
    """A sentence for the user."""

    at: datetime
    level: str
    text: str
    subject: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The dashboard."""

    indices: list[IndexTile]
    pnl: Profit
    funds: FundsWire
    margin_share: float
    """Part of the equity held as margin, 0 to 1."""
    breadth: Breadth
    open_risk: OpenRisk
    alerts: list[Alert]


@get("/api/v1/overview", tags=["Portfolio"], summary="The dashboard in one answer")
async def overview(context: NamedDependency[Context], account: FromQuery[str] = "paper-sim") -> Overview:
    """Live figures move on the stream; read this at start and when an order or fill changed something."""
    held = context.account(account)
    market = context.market(held.market)
    funds = funds_of(context, account)
    equity = float(funds.equity)
    live = context.orders.live_orders(account)
    return Overview(
        indices=[await _tile(market, row) for row in _indices(market)],
        pnl=_profit(context, account, funds),
        funds=funds,
        margin_share=float(funds.margin) / equity if equity > 0 else 0.0,
        breadth=_breadth(market),
        open_risk=OpenRisk(
            len(live),
            sum(p.quantity != 0 for p in context.ledger.positions(account)),
            sum(o.state in ("UNKNOWN", "SUBMITTING") for o in live),
        ),
        alerts=_alerts(context),
    )


def _indices(market: Market) -> list[int]:
    code = KINDS.index("INDEX")
    return [int(row) for row in np.flatnonzero(market.catalogue.kind == code)]


async def _tile(market: Market, row: int) -> IndexTile:
    instrument = market.catalogue.instruments[row]
    last, close = market.hub.last(instrument.key), float(market.hub.slots.quotes["close"][row])
    change = last - close
    known = not isnan(change)
    bars = await market.hub.bars(instrument.key, "5m", None, _SPARK_BARS)
    return IndexTile(
        key=instrument.key,
        label=instrument.title or instrument.symbol,
        ltp=price(last),
        close=price(close),
        change=f"{change:.2f}" if known else None,
        change_pct=round(100 * change / close, 2) if known and close else None,
        spark=bars.close.tolist(),
    )


def _breadth(market: Market) -> Breadth:
    rows = np.flatnonzero(market.catalogue.kind == KINDS.index("EQUITY"))
    quotes = market.hub.slots.quotes[rows]
    ltp, close = quotes["ltp"], quotes["close"]
    priced = ~np.isnan(ltp) & ~np.isnan(close)
    return Breadth(
        advances=int((priced & (ltp > close)).sum()),
        declines=int((priced & (ltp < close)).sum()),
        unchanged=int((priced & (ltp == close)).sum()),
        universe=int(priced.sum()),
        at_high=int((priced & (ltp >= quotes["high"])).sum()),
        at_low=int((priced & (ltp <= quotes["low"])).sum()),
    )


def _profit(context: Context, account: str, funds: FundsWire) -> Profit:
    return Profit(
        day=money(context.day_profit_minor(account)),
        realised=funds.realised_today,
        unrealised=funds.unrealised,
        charges=str(Decimal(funds.charges_today) + Decimal(funds.tax_today)),
        curve=context.curve(account),
    )


def _alerts(context: Context) -> list[Alert]:
    kept = context.bus.since(max(0, context.bus.sequence - 10_000)) or []
    notices = [e for _, e in kept if isinstance(e, Notice)]
    return [Alert(n.at, n.level, n.text, n.subject) for n in reversed(notices[-_ALERTS:])]


ROUTES = (overview,)
