"""Liquidity: whether the market is deep enough for the order."""

from decimal import Decimal

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)

_TICKS = 10


def check(p: Proposal) -> Denied | None:
    """Refuse a market order into a gap, and an order too large for the day's trading; reducing orders pass: getting
    out must be possible in a thin market."""
    quote = p.quote
    if quote is None or p.reducing:
        return None
    widest = p.limits.spread
    if widest is not None and p.request.type in ("MARKET", "SL-M") and quote.bid and quote.ask:
        gap = quote.ask - quote.bid
        share = gap * 200 / (quote.ask + quote.bid)
        limit = Decimal(str(widest))
        if gap > _TICKS * p.instrument.tick and share > limit:
            return Denied(
                f"Not sent: bid {quote.bid} and ask {quote.ask} of {p.instrument.symbol} lie {share:.1f} % apart.",
                code="risk.spread",
                field="type",
                limit=f"{limit} %",
                value=f"{share:.1f} %",
                headroom=0,
                remedy="Use a LIMIT order between the two, or raise the limit.",
            )
    most = p.limits.volume_share
    if most is not None:
        room = int(Decimal(str(most)) * quote.volume / 100)
        room -= room % p.instrument.lot
        if p.request.quantity > room:
            use = p.said(room)
            return Denied(
                f"Not sent: {p.said(p.request.quantity)} is too much for {p.said(quote.volume)} traded today "
                f"in {p.instrument.symbol}.",
                code="risk.volume_share",
                field="quantity",
                limit=f"{most:g} % of the day's volume",
                value=p.said(p.request.quantity),
                headroom=use,
                remedy=f"Use at most {use}, or raise the limit." if room else "Wait for trading, or raise the limit.",
            )
    return None
