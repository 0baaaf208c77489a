"""Leverage: exposure of the whole account over what it is worth."""

from decimal import Decimal

from server.core.errors import Denied
from server.domain.money import to_text
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse what takes the account's exposure above the user's multiple of its equity; reducing orders pass."""
    limit = p.limits.leverage
    if limit is None or p.exposure_after is None or p.equity_minor <= 0 or p.reducing:
        return None
    before, after = p.exposure_before or 0, p.exposure_after
    most = int(limit * p.equity_minor)
    if after <= most or after <= before:
        return None
    times = Decimal(after) / p.equity_minor
    return Denied(
        f"Not sent: exposure would be {p.money(after)}, {times:.1f} times the account's worth.",
        code="risk.leverage",
        field="quantity",
        limit=f"{limit:g} times",
        value=f"{times:.1f} times",
        headroom=to_text(max(0, most - before)),
        remedy="Use less, close something, or raise the limit.",
    )
