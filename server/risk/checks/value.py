"""Value of one order."""

from server.core.errors import Denied
from server.domain.money import to_text
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse an order worth more than the user's limit; closing is never refused for its value."""
    value, limit = p.value_minor, p.limits.order_value * 100
    if value is None or value <= limit or p.reducing:
        return None
    lot = p.instrument.lot
    most = limit * p.request.quantity // value // lot * lot
    return Denied(
        f"Not sent: the order is worth {p.money(value)}, above your limit of {p.money(limit)} for one order.",
        code="risk.order_value",
        field="quantity",
        limit=to_text(limit),
        value=to_text(value),
        headroom=p.said(most),
        remedy=f"Use a quantity of at most {p.said(most)}, or raise the limit." if most else "Raise the limit.",
    )
