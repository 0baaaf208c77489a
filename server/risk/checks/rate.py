"""Order rate: 10 a second by the exchange's rule for unregistered order flow (NSE/INVG/67858)."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse, never queue: an order that waited would meet another market."""
    if p.tokens >= 1.0 - 1e-9:
        return None
    limit = p.limits.orders_per_second
    return Denied(
        f"Not sent: more than {limit:g} orders in one second.",
        code="risk.order_rate",
        limit=f"{limit:g}",
        value=f"{limit - p.tokens:.1f}",
        headroom=0,
        remedy="Wait a moment and send again.",
    )
