"""Instruments the user has blocked."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse to open or grow a position in a blocked instrument or underlying; closing stays possible."""
    found = {p.instrument.key, p.instrument.symbol, p.instrument.name} & set(p.limits.blocked)
    if not found or p.reducing:
        return None
    name = min(found)
    return Denied(
        f"Not sent: {name} is on your block list.",
        code="risk.blocked",
        field="key",
        limit=name,
        value=p.instrument.key,
        remedy=f"Take {name} off the block list, or trade something else.",
    )
