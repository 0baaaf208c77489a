"""Order types the exchange has for the instrument: no SL-M in options, for one."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse an order type that the exchange does not take for this instrument."""
    kind = p.request.type
    if kind in p.order_types:
        return None
    taken = ", ".join(sorted(p.order_types)) or "none"
    remedy = "Use SL with a limit price instead." if kind == "SL-M" and "SL" in p.order_types else f"Use {taken}."
    return Denied(
        f"Not sent: the exchange takes no {kind} orders in {p.instrument.symbol}.",
        code="order.type",
        field="type",
        limit=taken,
        value=kind,
        remedy=remedy,
    )
