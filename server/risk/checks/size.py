"""Size of one order."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse a quantity above the user's limit for one order."""
    limit, quantity = p.instrument.units(p.limits.order_quantity), p.request.quantity
    if quantity <= limit:
        return None
    most = limit - limit % p.instrument.lot
    return Denied(
        f"Not sent: quantity {p.said(quantity)} is above your limit of {p.said(limit)} for one order.",
        code="risk.order_quantity",
        field="quantity",
        limit=p.said(limit),
        value=p.said(quantity),
        headroom=p.said(most),
        remedy=f"Use at most {p.said(most)}, or raise the limit." if most else "Raise the limit: it is below one lot.",
    )
