"""Freshness: a market order is priced by the market, so the price must be known and young (law 11)."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse MARKET and SL-M orders on a stale or missing price while the session runs (others bring their price)."""
    if p.quote is None and p.price is None:
        return Denied(
            f"Not sent: there is no price yet for {p.instrument.symbol}.",
            code="risk.no_price",
            field="key",
            remedy="Wait for the first price, or send a limit order.",
        )
    if p.fresh or p.phase is None or p.request.type in ("LIMIT", "SL"):
        return None
    age = p.quote.age if p.quote is not None else float("inf")
    return Denied(
        f"Not sent: the price of {p.instrument.symbol} is {age:.0f} s old.",
        code="risk.stale_price",
        field="type",
        limit="" if p.limits.price_age is None else p.limits.price_age,
        value=f"{age:.1f}",
        remedy="Wait for a new price, or send a limit order at a price you choose.",
    )
