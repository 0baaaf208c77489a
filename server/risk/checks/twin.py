"""A second identical order while the first one's fate is unknown (law 3)."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse an order with the same instrument, side, quantity, type and price as one that is UNKNOWN."""
    if p.twin is None:
        return None
    return Denied(
        f"Not sent: the same order went out before and nobody knows yet whether it arrived (order {p.twin.id}).",
        code="order.unknown_twin",
        limit=p.twin.id,
        remedy="Wait until that order is resolved; Sauda is looking it up. Sending again could buy or sell twice.",
    )
