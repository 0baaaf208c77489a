"""The exchange's price band."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse a price or trigger outside the exchange's band."""
    if p.band is None:
        return None
    low, high = p.band
    for field, price in (("price", p.request.price), ("trigger", p.request.trigger)):
        if price is not None and not low <= price <= high:
            near = low if price < low else high
            return Denied(
                f"Not sent: {field} {price} is outside the exchange's band {low} to {high}.",
                code="order.price_band",
                field=field,
                limit=f"{low} to {high}",
                value=price,
                headroom=abs(price - near),
                remedy=f"Use a {field} between {low} and {high}.",
            )
    return None
