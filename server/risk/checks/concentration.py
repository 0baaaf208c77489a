"""Concentration: how much of the account one share may be."""

from decimal import Decimal

from server.core.errors import Denied
from server.domain.money import to_minor
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse delivery shares whose worth would pass the user's share of equity.

    Futures and options have margin and position limits instead: their notional is no measure of what is at stake."""
    if p.request.product != "CNC" or p.price is None or p.request.side != "BUY" or p.equity_minor <= 0:
        return None
    each = p.price * p.instrument.unit
    after = to_minor(each * (p.position.quantity + p.opening + p.request.quantity))
    share = Decimal(after) / p.equity_minor * 100
    limit = Decimal(str(p.limits.concentration))
    if share <= limit:
        return None
    room = int(limit * p.equity_minor / 100 / (each * 100)) - p.position.quantity - p.opening
    use = p.said(max(0, room))
    return Denied(
        f"Not sent: {p.instrument.symbol} would be {share:.1f} % of the account ({p.money(after)}).",
        code="risk.concentration",
        field="quantity",
        limit=f"{limit} %",
        value=f"{share:.1f} %",
        headroom=use,
        remedy=f"Use at most {use}, or raise the limit." if room > 0 else "Buy something else, or raise the limit.",
    )
