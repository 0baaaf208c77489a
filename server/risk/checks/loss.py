"""Loss of the day."""

from server.core.errors import Denied
from server.domain.money import to_text
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse everything but reducing orders once the day's loss has reached the limit."""
    limit = p.limits.day_loss * 100
    loss = -(p.day_result_minor or 0)
    if loss < limit or p.reducing:
        return None
    return Denied(
        f"Not sent: today's loss is {p.money(loss)}, your limit is {p.money(limit)}.",
        code="risk.day_loss",
        limit=to_text(limit),
        value=to_text(loss),
        headroom="0.00",
        remedy="Only orders that reduce a position pass until tomorrow, or until you raise the limit.",
    )
