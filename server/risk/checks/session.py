"""The session: open or closed, and what the exchange takes in this phase."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse when the market is closed (unless queued for the next open) or the phase does not take this order."""
    request, phase = p.request, p.phase
    if p.ended:
        return Denied(
            f"Not sent: {p.instrument.symbol} has stopped trading; it expires today.",
            code="order.expired",
            field="key",
            value=p.instrument.expiry or "",
            remedy="Choose a later expiry.",
        )
    if phase is None:
        if request.after_market and request.validity == "DAY":
            return None
        remedy = "Send it as an after-market order with validity DAY; it goes out when the market opens."
        return Denied(
            "Not sent: the market is closed.", code="order.closed", field="after_market", limit="closed", remedy=remedy
        )
    if request.after_market:
        return Denied(
            f"Not sent: after-market orders are taken only while the market is closed; it is in {_words(p)}.",
            code="order.after_market",
            field="after_market",
            limit=phase.name,
            remedy="Send it as a normal order.",
        )
    if request.type not in phase.order_types:
        taken = ", ".join(sorted(phase.order_types))
        return Denied(
            f"Not sent: no {request.type} orders are taken in {_words(p)}.",
            code="order.phase",
            field="type",
            limit=taken or "none",
            value=request.type,
            remedy=f"Use {taken}." if taken else "Wait for the next phase.",
        )
    if request.validity not in phase.validities:
        return Denied(
            f"Not sent: validity {request.validity} is not taken in {_words(p)}.",
            code="order.phase",
            field="validity",
            limit=", ".join(sorted(phase.validities)),
            value=request.validity,
            remedy="Use DAY.",
        )
    if request.disclosed and not phase.disclosed:
        return Denied(
            f"Not sent: a disclosed quantity is not taken in {_words(p)}.",
            code="order.phase",
            field="disclosed",
            limit=0,
            value=request.disclosed,
            remedy="Leave the disclosed quantity at 0.",
        )
    return None


def _words(p: Proposal) -> str:
    names = {
        "preopen": "the pre-open session",
        "continuous": "continuous trading",
        "closing_auction": "the closing auction",
        "post_close": "the post-close session",
    }
    if p.phase is None:
        return "closed hours"
    name = names.get(p.phase.name, p.phase.name)
    return f"{name} ({p.phase.detail})" if p.phase.detail else name
