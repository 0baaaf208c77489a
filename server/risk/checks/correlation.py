"""Correlation: how much may ride on things that move alike."""

from decimal import Decimal

from server.core.errors import Denied
from server.domain.money import to_text
from server.risk.exposure import ALIKE
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse what takes the exposure held the same way in instruments that move alike above the user's multiple of
    equity; reducing orders pass. Underlyings whose correlation is not known count by themselves."""
    limit = p.limits.correlated
    if limit is None or p.alike_after is None or p.equity_minor <= 0 or p.reducing:
        return None
    before, after = p.alike_before or 0, p.alike_after
    most = int(limit * p.equity_minor)
    if after <= most or after <= before:
        return None
    times = Decimal(after) / p.equity_minor
    return Denied(
        f"Not sent: {p.money(after)} would ride on things that move alike (correlation {ALIKE:g} or more), "
        f"{times:.1f} times the account's worth.",
        code="risk.correlated",
        field="quantity",
        limit=f"{limit:g} times",
        value=f"{times:.1f} times",
        headroom=to_text(max(0, most - before)),
        remedy="Use less, choose something that moves otherwise, or raise the limit.",
    )
