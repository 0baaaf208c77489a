"""Number of orders working at one time; those in doubt count (law 3)."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse one order more than the limit."""
    limit = p.limits.open_orders
    if not p.working or p.open_orders < limit:
        return None
    return Denied(
        f"Not sent: {p.open_orders} orders are working, your limit is {limit}.",
        code="risk.open_orders",
        limit=limit,
        value=p.open_orders,
        headroom=0,
        remedy="Cancel an order first, or raise the limit.",
    )
