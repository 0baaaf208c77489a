"""Delivery shares can be sold only when they are held."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse a CNC sale of more than is held and not yet on offer."""
    if p.request.product != "CNC" or p.request.side != "SELL":
        return None
    room = max(0, p.position.quantity - p.opening)
    if p.request.quantity <= room:
        return None
    held, use = p.said(p.position.quantity), p.said(room)
    return Denied(
        f"Not sent: you hold {held} {p.instrument.symbol} for delivery, {p.said(p.opening)} already on offer.",
        code="risk.delivery",
        field="quantity",
        limit=held,
        value=p.said(p.request.quantity),
        headroom=use,
        remedy=f"Sell at most {use}, or use MIS to sell short for the day." if room else "Use MIS to sell short.",
    )
