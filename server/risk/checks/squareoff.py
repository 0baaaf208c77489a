"""Square-off: no intraday orders once the broker has begun to close intraday positions."""

from server.core.clock import IST
from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse MIS from the broker's square-off on: he would refuse it too, after it had gone out."""
    begun = p.square_off
    if p.request.product != "MIS" or begun is None or p.phase is None or p.now < begun:
        return None
    other = "NRML" if p.instrument.derivative else "CNC"
    clock = f"{begun.astimezone(IST):%H:%M}"
    return Denied(
        f"Not sent: intraday positions are being squared off since {clock}; MIS orders are not taken any more today.",
        code="order.square_off",
        field="product",
        limit=clock,
        value=f"{p.now.astimezone(IST):%H:%M}",
        headroom=0,
        remedy=f"Use {other} to hold it longer; open intraday positions are closed by the broker.",
    )
