"""Size of a position, with everything that is still working counted in."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse what could take the position above the user's limit if all live orders on this side fill."""
    limit = p.instrument.units(p.limits.position_quantity)
    before = p.position.quantity * p.sign + p.opening
    after = before + p.request.quantity
    if after <= limit or p.reducing:
        return None
    room = max(0, limit - before)
    room -= room % p.instrument.lot
    return Denied(
        f"Not sent: the position in {p.instrument.symbol} could become {p.said(after)}, "
        f"above your limit of {p.said(limit)}.",
        code="risk.position_quantity",
        field="quantity",
        limit=p.said(limit),
        value=p.said(after),
        headroom=p.said(room),
        remedy=f"Use at most {p.said(room)}, or cancel working orders." if room else "Close some of it first.",
    )
