"""Freeze quantity: the exchange's largest order."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse a quantity above the exchange's freeze quantity."""
    freeze, quantity = p.instrument.freeze, p.request.quantity
    if freeze is None or quantity <= freeze:
        return None
    most = freeze - freeze % p.instrument.lot
    return Denied(
        f"Not sent: quantity {p.said(quantity)} is above the exchange's freeze quantity {p.said(freeze)} "
        f"for {p.instrument.name}.",
        code="order.freeze",
        field="quantity",
        limit=p.said(freeze),
        value=p.said(quantity),
        headroom=p.said(most),
        remedy=f"Send several orders of at most {p.said(most)}.",
    )
