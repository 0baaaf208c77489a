"""Fat finger: a limit price far on the losing side of the market."""

from decimal import Decimal

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse to buy far above, or sell far below, the last price. Options move too far for a percentage; for them
    the exchange's band counts."""
    price, quote = p.request.price, p.quote
    if price is None or quote is None or quote.ltp <= 0 or not p.fresh or p.instrument.kind == "OPTION":
        return None
    away = (price - quote.ltp) * p.sign / quote.ltp * 100
    limit = Decimal(str(p.limits.price_away))
    if away <= limit:
        return None
    edge = quote.ltp * (1 + p.sign * limit / 100)
    return Denied(
        f"Not sent: price {price} is {away:.1f} % {'above' if p.sign > 0 else 'below'} the last price {quote.ltp}.",
        code="risk.price_away",
        field="price",
        limit=f"{limit} %",
        value=f"{away:.1f} %",
        headroom=f"{edge:.2f}",
        remedy=f"Use a price {'up to' if p.sign > 0 else 'of at least'} {edge:.2f}, or raise the limit.",
    )
