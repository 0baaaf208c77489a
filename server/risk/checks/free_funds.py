"""Free funds: margin, premium and charges the order takes."""

from server.core.errors import Denied
from server.domain.money import to_text
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse an order that takes more money than is free; one that only reduces a position always passes."""
    need = p.need_minor
    if p.reducing:
        return None
    if need is None:
        return Denied(
            f"Not sent: the margin cannot be worked out, because {p.instrument.name} has no price yet.",
            code="risk.no_price",
            field="key",
            remedy="Wait for the first price of the underlying.",
        )
    if need <= max(0, p.free_minor):
        return None
    short = need - p.free_minor
    return Denied(
        f"Not sent: it takes {p.money(need)}, and {p.money(p.free_minor)} is free.",
        code="risk.funds",
        field="quantity",
        limit=to_text(p.free_minor),
        value=to_text(need),
        headroom=to_text(-short),
        remedy=f"Use a smaller quantity, or free {p.money(short)}.",
    )
