"""Smallest order: exchanges that trade fractions refuse what is worth next to nothing."""

from server.core.errors import Denied
from server.domain.money import to_minor
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse what is worth less than the exchange takes; it would refuse it too, after it had gone out."""
    least, price = p.instrument.least_value, p.price
    if least is None or price is None or price <= 0:
        return None
    value = price * p.instrument.unit * p.request.quantity
    if value >= least:
        return None
    need = p.said(p.instrument.smallest(price))
    return Denied(
        f"Not sent: the order is worth {p.money(to_minor(value))}, and the exchange takes none of "
        f"{p.instrument.symbol} below {p.money(to_minor(least))}.",
        code="order.least_value",
        field="quantity",
        limit=str(least),
        value=format(value, "f"),
        headroom=need,
        remedy=f"Use a quantity of at least {need}.",
    )
